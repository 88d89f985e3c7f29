"""The calibration of a run as a file: arrays, and beside them what they are of.

Axis letters: N wells, G genes.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from inr_jax.errors import InputError, first_line
from inr_jax.files import write_bytes
from inr_jax.stats.conformal import Calibration

DAMAGED = (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile)
FORMAT = 1  # raised when an old file can no longer be read


class Calibrated(NamedTuple):
    """A calibration and what it was made from.

    Attributes:
        calibration: Of G genes, from all donors' held-out residuals.
        genes: G symbols.
        coverage: What intervals held, of donors not used for calibrating:
            "overall" or a part of the brain to {"coverage", "wells"}.
        range_mm: How far from data the model has been validated.
        config: Settings, as JSON.
        inputs: Name of each input file to its SHA-256.
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
    """The inverse of `write_calibration`.

    Raises:
        InputError: The file is missing, damaged or of another version.
    """
    try:
        with np.load(path, allow_pickle=False) as found:
            meta = json.loads(str(found["meta"]))
            version = meta.pop("format")
            arrays = {name: found[name] for name in Calibration._fields}
        if version != FORMAT:
            raise ValueError(f"format {version}")
        arrays |= {name: arrays[name].item() for name in ("width_mm", "mirror")}
        genes = tuple(meta.pop("genes"))
        return Calibrated(Calibration(**arrays), genes, **meta)
    except DAMAGED as error:
        raise InputError(
            path,
            expected=f"a calibration of format {FORMAT}",
            found=first_line(error),
            fix="delete it and run evaluate again",
        ) from error
