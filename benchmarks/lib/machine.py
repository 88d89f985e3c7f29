"""Clocks, flags and JSON of benchmarks, with the machine they were measured on."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import jax
import jax.numpy as jnp

PATH = {"path": (str, "", "an Allen export; else the phantom")}


def about() -> dict:
    """Machine, device, versions and commit."""
    names = ["jax", "jaxlib", "numpy"] + ["torch"] * has_torch()
    here = Path(__file__).parent
    git = ["git", "-C", str(here), "rev-parse", "--short", "HEAD"]
    run = subprocess.run(git, capture_output=True, text=True, check=False)
    device = jax.devices()[0]
    return {
        "machine": f"{_cpu()}, {os.cpu_count()} cores",
        "device": f"{jax.device_count()} x {device.platform}: {device.device_kind}",
        "versions": {name: version(name) for name in names},
        "commit": run.stdout.strip() or "unknown",
    }


def _cpu() -> str:
    """The processor's name; its architecture where the system gives none."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.split(":")[1].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.machine()


def has_torch() -> bool:
    """Whether PyTorch is here to compare with."""
    return importlib.util.find_spec("torch") is not None


def seconds(call: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median wall time of a call, s, and that of a first one, which compiles."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        jax.block_until_ready(call())
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:]), times[0]


def process_seconds(command: Sequence[str]) -> tuple[float, str]:
    """Wall time of a process from its start to its end, s, and what it printed.

    It may keep Python's bytecode, as pip does for whoever installs a package: a
    process that must compile every module again takes seconds more.

    Raises:
        SystemExit: It failed; with the last line of its errors.
    """
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    run = subprocess.run(command, capture_output=True, text=True, env=kept)
    took = time.perf_counter() - start
    if run.returncode:
        raise SystemExit((run.stderr.strip() or "a process failed").splitlines()[-1])
    return took, run.stdout


def product_rate(sizes: tuple[int, int, int], kind: str, repeats: int) -> float:
    """FLOP/s of a product (n, k) by (k, m), summed in float32."""
    n, k, m = sizes
    one, other = jnp.ones((n, k), kind), jnp.ones((k, m), kind)
    product = jax.jit(lambda a, b: jnp.dot(a, b, preferred_element_type="float32"))
    return 2 * n * k * m / seconds(lambda: product(one, other), repeats)[0]


def flags_of(
    docstring: str, **more: tuple[type, object, str]
) -> argparse.ArgumentParser:
    """The flags of a benchmark.

    Args:
        docstring: Of the benchmark; --help shows its first line, the question.
        **more: Flags beside --json and --tiny: name -> (type, default, help).
    """
    parser = argparse.ArgumentParser(description=docstring.split("\n")[0])
    parser.add_argument("--json", default="", help="a file for the numbers, too")
    parser.add_argument("--tiny", action="store_true", help="seconds, for the tests")
    for name, (kind, default, text) in more.items():
        parser.add_argument(f"--{name}", type=kind, default=default, help=text)
    return parser


def write(path: str, numbers: dict) -> None:
    """Write the numbers and `about` the machine as JSON, unless the path is ""."""
    if path:
        Path(path).write_text(json.dumps(numbers | {"about": about()}, indent=2))
