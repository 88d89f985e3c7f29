"""Where the wells of a run lie and what they are called, kept beside its results.

With them a finished run is drawn without its source: distances to the nearest point
of a well's support, and what regions of an atlas are made of. Expression is not kept,
it is NaN.

Axis letters: N wells, P points of their supports, G genes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from inr_jax.errors import InputError
from inr_jax.files.stored_arrays import Array, read_arrays, write_arrays
from inr_jax.samples.samples import Samples
from inr_jax.samples.sites import UNNAMED
from inr_jax.samples.source import Source
from inr_jax.samples.support import Support

FORMAT = 2  # raised when an old file can no longer be read
ARRAYS = {
    "x_mm": Array(("N", 3), "f"),
    "tissue": Array(("N", 2), "f", 0, 1),
    "donor": Array(("N",), "iu", 0),
    "well": Array(("N",), "iu"),
    "structure": Array(("N",), "iu", UNNAMED),
    "parent": Array(("N",), "iu", UNNAMED),
    "mirrored": Array(("N",), "b"),
}
SUPPORT = "support_"  # before the names of its arrays, where wells have one
SUPPORTS = {
    f"{SUPPORT}x_mm?": Array(("P", 3), "f"),
    f"{SUPPORT}tissue?": Array(("P", 2), "f", 0, 1),
    f"{SUPPORT}size?": Array(("N",), "iu", 1),
}
NAMES = ("genes", "donors", "structures", "parents")
TABLES = {"donor": "donors", "structure": "structures", "parent": "parents"}
META = {name: [str] for name in NAMES} | {"files": {str: str}, "coordinates": str}


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
    write_arrays(path, arrays, meta, FORMAT)


def read_wells(path: Path) -> Source:
    """The inverse of `write_wells`; expression is NaN.

    Raises:
        InputError: The file is missing, damaged or of another version.
    """
    expected = f"the wells of a run, format {FORMAT}"
    fix = "delete it and run `inr-jax fit` again"
    arrays, meta = read_arrays(
        path,
        ARRAYS | SUPPORTS,
        META,
        version=FORMAT,
        lengths={},
        expected=expected,
        fix=fix,
    )
    try:
        support = _support_in(arrays)
        for name, table in TABLES.items():
            if arrays[name].max(initial=-1) >= len(meta[table]):
                raise ValueError(f"a {name} that is not among {table}")
    except ValueError as error:
        raise InputError(path, expected=expected, found=str(error), fix=fix) from error
    names: dict[str, Any] = {name: tuple(meta[name]) for name in NAMES}
    shape = len(arrays["well"]), len(names["genes"])
    unknown = np.broadcast_to(np.float32(np.nan), shape)
    columns: dict[str, Any] = {name: arrays[name] for name in ARRAYS}
    samples = Samples(**columns, **names, values=unknown, support=support)
    return Source(samples, meta["files"], meta["coordinates"], {})


def _support_in(arrays: dict[str, np.ndarray]) -> Support | None:
    """Take the support of N wells out of `arrays`; None where each is one point.

    Raises:
        ValueError: One of its arrays is missing, or they do not fit each other.
    """
    names = [SUPPORT + name for name in Support._fields]
    kept = [arrays.pop(name) for name in names if name in arrays]
    if not kept:
        return None
    if len(kept) < len(names):
        raise ValueError("supports of which an array is missing")
    support = Support(*kept)
    points = len(support.x_mm)
    if support.size.sum() != points:
        wells = len(support.size)
        raise ValueError(f"supports of {points} points that do not fit {wells} wells")
    return support
