"""Workdirs of small runs, for the tests that look into them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time

import numpy as np

from inr_jax.files.stored_arrays import write_arrays

SMALL = [
    "--config.phantom.n_wells=60",
    "--config.field.hidden=8",
    "--config.field.depth=1",
    "--config.fit.members=2",
    "--config.render.resolution_mm=3",
    "--config.report.page=false",
]
TINY = [*SMALL, "--config.fit.steps=100"]
THREE_GENES = [*SMALL, "--config.phantom.n_genes=3"]
NAME = (
    r"source-(?:inrjax|phantom)_desc-([A-Za-z0-9]+)_space-([A-Za-z0-9]+)"
    r"_res-(\w+?)(?:_mask-[A-Za-z0-9]+)?_([a-z]+)"
)
AS_USER = [sys.executable, "-m", "inr_jax.cli"]


def started(*arguments, env=None):
    """A real process; its stderr is to be read by the caller."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*AS_USER, *arguments], env=env, **pipes)


def wait_for(true, process, seconds=120):
    """Wait for a condition while a process is at work."""
    end = time.monotonic() + seconds
    while not true():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < end, "nothing came of it"
        time.sleep(0.01)


def maps(workdir, suffix="feature"):
    """desc -> path of the volumes of a kind."""
    paths = sorted((workdir / "maps").glob(f"*_{suffix}.nii.gz"))
    return {re.match(NAME, path.name)[1]: path for path in paths}


def load(path):
    return json.loads(path.read_text())


def rewrite_arrays(path, version=None, **changes):
    """Change arrays of a file of ours under a digest that is right; None drops one."""
    arrays = dict(np.load(path))
    head = json.loads(str(arrays.pop("meta")))
    del arrays["sha256"]
    for name, change in changes.items():
        arrays[name] = change(arrays[name])
    kept = {name: array for name, array in arrays.items() if array is not None}
    write_arrays(path, kept, head["of"], version or head["format"])
