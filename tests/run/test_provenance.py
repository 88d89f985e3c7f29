"""What a run says of itself."""

from __future__ import annotations

import subprocess
import sys

import numpy as np

CODE = "from inr_jax.run.provenance import peak_memory_mb; print(peak_memory_mb())"


def test_the_peak_memory_is_not_that_of_the_process_which_started_this_one():
    held = np.ones(10**8)  # 763 MB here
    command = [sys.executable, "-c", CODE]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert 20 < float(told) < 700 < held.nbytes / 2**20
