"""The calibration of a run as a file: arrays, and JSON of what they were made from.

Axis letters: N wells, P points of their supports, G genes.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NamedTuple

from inr_jax.brain.matter import MATTERS
from inr_jax.errors import InputError
from inr_jax.files.stored_arrays import Array, read_arrays, write_arrays
from inr_jax.stats.conformal import Calibration

FORMAT = 5  # raised when an old file can no longer be read
TINY = math.ulp(0.0)

# Field of Calibration -> what it must be.
SCHEMA = {
    "residual_sd": Array(("G",), "f", TINY),
    "quantile": Array(("G",), "f", 0.0),
    "x_mm": Array(("P", 3), "f"),
    "size": Array(("N",), "iu", 1),
    "squared_residual": Array(("N",), "f"),
    "width_mm": Array((), "fiu", TINY),
    "matter_factor": Array((len(MATTERS),), "f", 0.0),
    "mirror": Array((), "b"),
}
EVIDENCE = {
    "wells": int,
    "donors": int,
    "coverage": (float, type(None)),
    "validated": bool,
}
META = {
    "genes": [str],
    "coverage": {str: {"coverage": float, "wells": int}},
    "matters": dict.fromkeys(MATTERS, EVIDENCE),
    "range_mm": float,
    "config": str,
    "inputs": {str: str},
}


class Calibrated(NamedTuple):
    """A calibration and what it was made from.

    Attributes:
        calibration: Of G genes, from all donors' held-out residuals.
        genes: G symbols.
        coverage: "overall" or a part of the brain -> {"coverage", "wells"}: the share
            of measurements in their intervals, which were calibrated on other donors.
        matters: `evidence_by_matter`: of grey matter, white matter and spaces, and
            which of them held-out donors have validated.
        range_mm: Validated range, mm: the distance to the nearest sample up to which
            held-out donors have checked the model.
        config: Settings, as JSON.
        inputs: Name of each input file -> its SHA-256.
    """

    calibration: Calibration
    genes: tuple[str, ...]
    coverage: dict
    matters: dict[str, dict]
    range_mm: float
    config: str
    inputs: dict[str, str]


def write_calibration(path: str | Path, calibrated: Calibrated) -> None:
    """Write a calibration, whole or not at all.

    Raises:
        InputError: The file cannot be written.
    """
    meta = calibrated._asdict()
    arrays = meta.pop("calibration")._asdict()
    write_arrays(path, arrays, meta, FORMAT)


def read_calibration(path: str | Path) -> Calibrated:
    """Read what `write_calibration` wrote.

    Raises:
        InputError: The file is missing, damaged or of another format, or an array has
            another shape, a value that is not finite or a standard deviation of 0.
    """
    expected = f"a calibration of format {FORMAT}"
    fix = "delete it and run evaluate again"
    arrays, meta = read_arrays(
        path,
        SCHEMA,
        META,
        version=FORMAT,
        lengths={"G": "genes"},
        expected=expected,
        fix=fix,
    )
    points = len(arrays["x_mm"])
    if int(arrays["size"].sum()) != points:
        found = f"{points} points instead of {int(arrays['size'].sum())}"
        raise InputError(path, expected=expected, found=found, fix=fix)
    fields: dict[str, Any] = {
        name: array if array.ndim else array.item() for name, array in arrays.items()
    }
    told = {key: meta[key] for key in META} | {"genes": tuple(meta["genes"])}
    return Calibrated(Calibration(**fields), **told)
