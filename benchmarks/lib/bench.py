"""What benchmarks share: time, the machine, the printed line, the JSON."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import jax


def timed(run: Callable, repeats: int) -> tuple[float, object]:
    """Median seconds of `repeats` runs after one that compiles; and the last result."""
    run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        found = run()
        times.append(time.perf_counter() - start)
    return median(times), found


def machine() -> dict[str, str]:
    """Device, cores, versions and commit, to stand beside every number."""
    device = jax.devices()[0]
    cpu = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next((s.split(":")[1].strip() for s in lines if "model name" in s), cpu)
    commit = subprocess.run(
        ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"],
        capture_output=True,
        text=True,
    ).stdout.strip()
    return {
        "device": device.device_kind if device.platform != "cpu" else cpu,
        "cores": str(len(os.sched_getaffinity(0))),
        "jax": jax.__version__,
        "commit": commit or "unknown",
    }


def write(path: str, numbers: dict | list) -> None:
    """As JSON, where a path is given."""
    if path:
        Path(path).write_text(json.dumps(numbers, indent=2))
