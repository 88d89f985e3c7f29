"""Where the wells of a run lie and what they are called, kept beside its results.

With them a finished run is drawn without its source: distances to the nearest well,
and what regions of an atlas are made of. Expression is not kept, it is NaN.

Axis letters: N wells, G genes.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from inr_jax.errors import InputError, first_line
from inr_jax.files import write_bytes
from inr_jax.maps.calibration import DAMAGED
from inr_jax.samples.samples import Samples
from inr_jax.samples.source import Source

FORMAT = 1  # raised when an old file can no longer be read
ARRAYS = ("x_mm", "tissue", "donor", "well", "structure", "parent", "mirrored")
NAMES = ("genes", "donors", "structures", "parents")


def without_values(source: Source) -> Source:
    """The same source with expression that is NaN everywhere, and no notes."""
    samples = source.samples
    arrays: dict[str, Any] = {
        name: np.asarray(getattr(samples, name)) for name in ARRAYS
    }
    names: dict[str, Any] = {name: getattr(samples, name) for name in NAMES}
    shape = len(samples.well), len(samples.genes)
    unknown = np.broadcast_to(np.float32(np.nan), shape)
    return Source(
        Samples(**arrays, **names, values=unknown), source.files, source.coordinates, {}
    )


def has_values(source: Source) -> bool:
    """Whether expression is known."""
    return not np.isnan(source.samples.values[:1]).any()


def no_source() -> InputError:
    """The error for samples that were given in Python and can be read nowhere."""
    found, fix = "samples that were given in Python", "fit them there"
    where, expected = "config.source.name", "a source to read"
    return InputError(where, expected=expected, found=found, fix=fix)


def write_wells(path: Path, source: Source) -> None:
    """Write the wells of a source, whole or not at all.

    Raises:
        InputError: The file cannot be written.
    """
    samples = source.samples
    meta = {name: getattr(samples, name) for name in NAMES}
    meta |= {"files": source.files, "coordinates": source.coordinates}
    arrays = {name: getattr(samples, name) for name in ARRAYS}
    data = io.BytesIO()
    np.savez(data, meta=np.array(json.dumps(meta | {"format": FORMAT})), **arrays)
    write_bytes(path, data.getvalue())


def read_wells(path: Path) -> Source:
    """The inverse of `write_wells`; expression is NaN.

    Raises:
        InputError: The file is missing, damaged or of another version.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            meta = json.loads(str(stored["meta"]))
            arrays = {name: stored[name] for name in ARRAYS}
        if meta["format"] != FORMAT:
            raise ValueError(f"format {meta['format']}")
        names: dict[str, Any] = {name: tuple(meta[name]) for name in NAMES}
        shape = len(arrays["well"]), len(names["genes"])
        unknown = np.broadcast_to(np.float32(np.nan), shape)
        samples = Samples(**arrays, **names, values=unknown)
        return Source(samples, meta["files"], meta["coordinates"], {})
    except DAMAGED as error:
        raise InputError(
            path,
            expected=f"the wells of a run, format {FORMAT}",
            found=first_line(error),
            fix="delete it and run `inr-jax fit` again",
        ) from error
