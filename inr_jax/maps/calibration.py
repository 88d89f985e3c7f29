"""The calibration of a run as a file: arrays, and JSON of what they were made from.

Axis letters: N wells, P points of their supports, G genes.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from inr_jax.errors import InputError, first_line
from inr_jax.files import write_bytes
from inr_jax.stats.conformal import Calibration

DAMAGED = (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile)
FORMAT = 3  # raised when an old file can no longer be read

# Field of Calibration -> its shape in letters, and its least value.
SCHEMA: dict[str, tuple[tuple[str | int, ...], float]] = {
    "residual_sd": (("G",), math.ulp(0.0)),
    "quantile": (("G",), 0.0),
    "x_mm": (("P", 3), -math.inf),
    "size": (("N",), 1),
    "squared_residual": (("N",), -math.inf),
    "width_mm": ((), math.ulp(0.0)),
    "mirror": ((), 0.0),
}


class Calibrated(NamedTuple):
    """A calibration and what it was made from.

    Attributes:
        calibration: Of G genes, from all donors' held-out residuals.
        genes: G symbols.
        coverage: "overall" or a part of the brain -> {"coverage", "wells"}: the share
            of measurements in their intervals, which were calibrated on other donors.
        range_mm: Validated range, mm: the distance to the nearest sample up to which
            held-out donors have checked the model.
        config: Settings, as JSON.
        inputs: Name of each input file -> its SHA-256.
    """

    calibration: Calibration
    genes: tuple[str, ...]
    coverage: dict
    range_mm: float
    config: str
    inputs: dict[str, str]


def write_calibration(path: str | Path, calibrated: Calibrated) -> None:
    """Write a calibration, whole or not at all.

    Raises:
        InputError: The file cannot be written.
    """
    meta = calibrated._asdict() | {"format": FORMAT}
    arrays = meta.pop("calibration")._asdict()
    data = io.BytesIO()
    np.savez(data, meta=np.array(json.dumps(meta)), **arrays)
    write_bytes(path, data.getvalue())


def read_calibration(path: str | Path) -> Calibrated:
    """Read what `write_calibration` wrote.

    Raises:
        InputError: The file is missing, damaged or of another format, or an array has
            another shape, a value that is not finite or a standard deviation of 0.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            meta = json.loads(str(file["meta"]))
            if meta.pop("format") != FORMAT:
                raise ValueError("another format")
            arrays = {name: file[name] for name in Calibration._fields}
        genes = tuple(meta.pop("genes"))
        _check(arrays, len(genes))
        fields: dict[str, Any] = {
            name: array if array.ndim else array.item()
            for name, array in arrays.items()
        }
        return Calibrated(Calibration(**fields), genes, **meta)
    except DAMAGED as error:
        raise InputError(
            path,
            expected=f"a calibration of format {FORMAT}",
            found=first_line(error),
            fix="delete it and run evaluate again",
        ) from error


def _check(arrays: dict[str, np.ndarray], genes: int) -> None:
    """Raise ValueError at the first array that is not as `SCHEMA` says."""
    sizes: dict[str | int, int] = {"G": genes, "N": len(arrays["size"]), 3: 3}
    sizes["P"] = int(arrays["size"].sum())
    for name, (letters, least) in SCHEMA.items():
        array, shape = arrays[name], tuple(sizes[letter] for letter in letters)
        if array.shape != shape:
            raise ValueError(f"{name} of shape {array.shape} instead of {shape}")
        if not np.isfinite(array).all():
            raise ValueError(f"{name} with values that are not finite")
        if (array < least).any():
            raise ValueError(f"{name} with a value of {array.min():g}")
