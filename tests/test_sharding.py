"""Eight simulated devices give what one does, each its even share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sharded

ROWS = {"independent 5": 1, "independent 9": 2, "heads 6": 1}


@pytest.fixture(scope="module")
def eight():
    """What `sharded.py` finds in a process with eight devices."""
    flags = "--xla_force_host_platform_device_count=8"
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
