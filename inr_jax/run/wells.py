"""Where the wells of a run lie and what they are called, kept beside its results.

With them a finished run is drawn without its source: distances to the nearest point
of a well's support, and what regions of an atlas are made of. Expression is not kept,
it is NaN.

Axis letters: N wells, P points of their supports, G genes.
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
from inr_jax.samples.support import Support

FORMAT = 1  # raised when an old file can no longer be read
ARRAYS = ("x_mm", "tissue", "donor", "well", "structure", "parent", "mirrored")
SUPPORT = "support_"  # before the names of its arrays, where wells have one
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
    kept = Samples(**arrays, **names, values=unknown, support=samples.support)
    return Source(kept, source.files, source.coordinates, {})


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
    if samples.support is not None:
        support = samples.support._asdict()
        arrays |= {SUPPORT + name: array for name, array in support.items()}
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
            support = _support_in(stored, len(arrays["well"]))
        if meta["format"] != FORMAT:
            raise ValueError(f"format {meta['format']}")
        names: dict[str, Any] = {name: tuple(meta[name]) for name in NAMES}
        shape = len(arrays["well"]), len(names["genes"])
        unknown = np.broadcast_to(np.float32(np.nan), shape)
        samples = Samples(**arrays, **names, values=unknown, support=support)
        return Source(samples, meta["files"], meta["coordinates"], {})
    except DAMAGED as error:
        raise InputError(
            path,
            expected=f"the wells of a run, format {FORMAT}",
            found=first_line(error),
            fix="delete it and run `inr-jax fit` again",
        ) from error


def _support_in(stored: Any, wells: int) -> Support | None:
    """The support of N wells in a file, None where each is one point.

    Raises:
        KeyError: One of its arrays is missing.
        ValueError: The arrays do not fit each other, or a well has no points.
    """
    names = [SUPPORT + name for name in Support._fields]
    if not any(name in stored for name in names):
        return None
    support = Support(*(stored[name] for name in names))
    points, size = len(support.x_mm), support.size
    fits = size.shape == (wells,) and size.min(initial=1) >= 1 and size.sum() == points
    shapes = support.x_mm.shape, support.tissue.shape
    if not fits or shapes != ((points, 3), (points, 2)):
        raise ValueError(f"supports of {points} points that do not fit {wells} wells")
    return support
