"""A workdir as a kill would leave it: copies from before each write of a command.

A disk after a kill holds what it held at that moment, so one run gives the states of
all kills: whatever makes or unmakes a name in the folder first copies the folder.
"""

from __future__ import annotations

import contextlib
import csv
import functools
import hashlib
import json
import os
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np

from inr_jax.run import build, config, fitted
from inr_jax.run.wells import read_wells
from inr_jax.run.workdir import SUFFIXES, Workdir

# What gives a file its final name or takes one away; all of ours and of orbax's.
OPERATIONS = ("replace", "rename", "link", "unlink", "remove", "rmdir")
TIMES = re.compile(r"seconds|started|memory|per_second|^fit(_structure)?$|^render$")
WORKING = ".lock"
UNFINISHED = re.compile(r"orbax-checkpoint-tmp|\.tmp$")  # no final name ends so
TEMPORARY = re.compile(r"\.(.+)\.\d+\.tmp")


@contextlib.contextmanager
def recorded(folder: Path, into: Path) -> Iterator[list[Path]]:
    """Copies of a folder from before each operation, as `into/N/NAME`, in order.

    Of copies that differ in times alone there is the first.
    """
    states: list[Path] = []
    known: list[dict[str, Any]] = [{}]
    lock = threading.RLock()
    real = {name: getattr(os, name) for name in OPERATIONS}

    def before(name: str, path: Any, *more: Any, **how: Any) -> Any:
        with lock:
            target = more[0] if name in ("replace", "rename", "link") else path
            within = how.get("dir_fd")
            parent = Path() if within is None else Path(f"/proc/self/fd/{within}")
            if _inside(parent.resolve() / os.fspath(target), folder):
                state = into / str(len(states)) / folder.name
                _copy(folder, state)
                if (contents := _contents(state)) == known[-1]:
                    shutil.rmtree(state.parent)
                else:
                    known.append(contents)
                    states.append(state)
            return real[name](path, *more, **how)

    try:
        for name in OPERATIONS:
            setattr(os, name, functools.partial(before, name))
        yield states
    finally:
        for name, operation in real.items():
            setattr(os, name, operation)


def spread(states: list[Path], most: int) -> list[Path]:
    """At most so many of the states, evenly among all; the others are removed."""
    few = np.linspace(0, len(states) - 1, min(most, len(states)) + 2)[1:-1]
    kept = {round(number) for number in few} if most < len(states) else None
    for number, state in enumerate(states):
        if kept is not None and number not in kept:
            shutil.rmtree(state.parent)
    return [state for state in states if state.exists()]


def _inside(path: Path, folder: Path) -> bool:
    """Whether an operation on a path gives or takes a final name in the folder."""
    whole = Path(os.path.abspath(path))
    if folder not in whole.parents:
        return False
    return not UNFINISHED.search(str(whole.relative_to(folder)))


def _copy(folder: Path, target: Path) -> None:
    """A copy; a file that another thread renames meanwhile is as if just renamed.

    Temporary files are those of another process, as after a kill.
    """
    target.mkdir(parents=True)
    for path in folder.iterdir():
        if path.is_dir():
            _copy(path, target / path.name)
        else:
            name = TEMPORARY.sub(r".\1.7.tmp", path.name)
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(path, target / name)


def _contents(folder: Path) -> dict[str, Any]:
    """Name of each file to what is in it, without times."""
    made = {}
    for path in sorted(folder.rglob("*")):
        if path.name != WORKING:
            content = "a folder" if path.is_dir() else _content(path)
            made[str(path.relative_to(folder))] = content
    return made


def _content(path: Path) -> Any:
    if path.suffix == ".json":
        with contextlib.suppress(ValueError):
            return _timeless(json.loads(path.read_text()))
    if path.name == "report.html":
        return re.sub(r"\d{4}-\d\d-\d\dT[\d:]+(\+00:00)?", "", path.read_text())
    if path.name == "sweep.csv":
        return _timeless(list(csv.DictReader(path.read_text().splitlines())))
    if path.suffix == ".npz" and path.parent.name == "sweep":
        arrays = np.load(path)
        kept = [name for name in arrays if name not in ("seconds", "sha256")]
        return [(name, arrays[name].tobytes()) for name in kept]
    return hashlib.sha256(path.read_bytes()).hexdigest()


def products(folder: Path) -> dict[str, Any]:
    """What a user takes from a workdir: bytes by name, and the arrays of its fits."""
    whole = _contents(folder)
    made = {name: of for name, of in whole.items() if "checkpoints" not in name}
    for root in (folder, folder / "adapted"):
        for model in SUFFIXES:
            if (checkpoints := Workdir(root).checkpoints_of(model)).is_dir():
                name = str(checkpoints.relative_to(folder))
                made[name] = _arrays(root, model)
                made[f"{name} left"] = [
                    path.name
                    for path in checkpoints.iterdir()
                    if not path.name.isdigit()
                ]
    return made


def _timeless(tree: Any) -> Any:
    """Plain data without the times and the memory that a run took."""
    if isinstance(tree, dict):
        kept = {key: _timeless(v) for key, v in tree.items() if not TIMES.search(key)}
        return {key: value for key, value in kept.items() if value != {}}
    return [_timeless(value) for value in tree] if isinstance(tree, list) else tree


def _arrays(folder: Path, model: str) -> str:
    workdir = Workdir(folder)
    settings = config.read(workdir.config)
    samples = read_wells(workdir.wells).samples
    plan = build.make_model_recipe(settings, samples, model)
    bundle = fitted.restore(workdir.checkpoints_of(model), plan, samples)
    digest = hashlib.sha256()
    for leaf in jax.tree.leaves((bundle.state, bundle.preprocessing)):
        digest.update(np.asarray(leaf).tobytes())
    return digest.hexdigest()


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Names that are in one alone, or not the same in both."""
    names = sorted(one.keys() | other.keys())
    return [name for name in names if one.get(name) != other.get(name)]
