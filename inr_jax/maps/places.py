"""What a model sees at points of a map: tissue, and memberships through an atlas.

Axis letter: V points. Frame: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from inr_jax.brain import template
from inr_jax.brain.space import folded, outside_head
from inr_jax.errors import InputError
from inr_jax.fields.inputs import Places, make_places
from inr_jax.maps.gene_batches import Slabs
from inr_jax.maps.memberships import RegionMemberships
from inr_jax.samples.cells import as_numbers

SLAB = 65536  # points whose memberships are held at a time


def points(x_mm: Any) -> np.ndarray:
    """`(V, 3)` float32 of an array, a list or a frame.

    Raises:
        InputError: It is none, or a point lies outside the head.
    """
    array = as_numbers("x_mm", x_mm, "x_mm")
    found = ""
    if array.ndim != 2 or array.shape[1] != 3:
        found = f"shape {array.shape}"
    elif not np.isfinite(array).all():
        found = f"a missing number in row {np.isfinite(array).all(1).argmin()}"
    elif outside_head(array).any():
        found = "points outside the head"
    if found:
        fix = "give one row of x, y, z a place"
        raise InputError("x_mm", expected="(V, 3) MNI mm", found=found, fix=fix)
    return array.astype(np.float32)


def _tissue(tissue: Any, count: int) -> np.ndarray:
    """`(V, 2)` float32 probabilities of grey and white matter."""
    array = as_numbers("tissue", tissue, "tissue")
    if array.shape != (count, 2) or not ((array >= 0) & (array <= 1)).all():
        expected = f"({count}, 2) probabilities of grey and white matter"
        found = f"shape {array.shape}"
        found = found if array.shape != (count, 2) else "numbers that are none"
        fix = "give one row a place, or leave it out"
        raise InputError("tissue", expected=expected, found=found, fix=fix)
    return array.astype(np.float32)


def places_at(
    x_mm: np.ndarray,
    tissue: np.ndarray | None = None,
    *,
    regions: RegionMemberships | None = None,
    mirror: bool = True,
) -> Places:
    """Places at points.

    Args:
        x_mm: `(V, 3)`.
        tissue: `(V, 2)` probability of grey and white matter; from the ICBM152 maps
            when absent.
        regions: What points are members of; None for a model that sees coordinates.
        mirror: Whether left and right are one.
    """
    tissue = template.tissue_at(x_mm) if tissue is None else _tissue(tissue, len(x_mm))
    if regions is None:
        return make_places(x_mm, tissue)
    return make_places(x_mm, tissue, regions.at(folded(x_mm, mirror)))


def slabs_at(
    x_mm: np.ndarray,
    *,
    regions: RegionMemberships | None,
    mirror: bool,
    sees_tissue: bool = True,
) -> Slabs:
    """The same, some points at a time where each has many memberships.

    A model that does not see tissue is given none, as that takes a while to read.
    """

    def places(rows: slice) -> Places:
        part = x_mm[rows]
        tissue = None if sees_tissue else np.zeros((len(part), 2), np.float32)
        return places_at(part, tissue, regions=regions, mirror=mirror)

    if regions is None:
        whole = places(slice(None))  # two numbers a point are no burden
        return lambda: [whole]

    def slabs() -> Iterator[Places]:
        for first in range(0, len(x_mm), SLAB):
            yield places(slice(first, first + SLAB))

    return slabs
