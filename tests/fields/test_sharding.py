"""Eight simulated devices give what one does, each its even share."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import sharded

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("quick_compiling")]

ROWS = {"independent 5": 1, "independent 9": 2, "heads 6": 1}


@pytest.fixture(scope="module")
def eight():
    """What `sharded.py` finds in a process with eight devices."""
    flags = "--xla_force_host_platform_device_count=8"
    flags += " " + os.environ.get("XLA_FLAGS", "")
    env = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    env["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    script = [sys.executable, str(Path(sharded.__file__))]
    run = subprocess.run(script, env=env, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr[-2000:]
    return json.loads(run.stdout)


@pytest.mark.parametrize("name", sharded.CASES)
def test_eight_devices_find_what_one_does(eight, name):
    one = sharded.case(name)
    assert eight["devices"] == 8 and len(eight[name]["mean"]) == len(one["mean"])
    for key in ("leaves", "losses", "mean", "sd"):
        np.testing.assert_allclose(eight[name][key], one[key], atol=2e-5, err_msg=key)


@pytest.mark.parametrize("name", sharded.CASES)
def test_the_work_is_split_evenly(eight, name):
    assert eight[name]["networks_each"] == [ROWS[name]] * 8
    assert eight[name]["voxels_each"] == [64] * 8


def test_two_hosts_find_what_one_does():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    env = {**os.environ, "JAX_PLATFORMS": "cpu"}
    env["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    script = [sys.executable, str(Path(sharded.__file__)), port]
    hosts = [
        subprocess.Popen([*script, number], env=env, stdout=subprocess.PIPE, text=True)
        for number in "01"
    ]
    with ThreadPoolExecutor() as pool:  # they end together, so both have to be read
        told = list(pool.map(lambda host: host.communicate(timeout=120)[0], hosts))
    first, second = (json.loads(text[text.index("{") :]) for text in told)
    name = next(iter(sharded.CASES))
    one = sharded.case(name)
    assert first["devices"] == second["devices"] == 2
    for key in ("leaves", "losses", "mean", "sd"):
        np.testing.assert_array_equal(first[name][key], second[name][key])
        np.testing.assert_allclose(first[name][key], one[key], atol=2e-5, err_msg=key)
