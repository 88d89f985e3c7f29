"""Which wells lie in the regions of an atlas, and how far the others are.

Nouns:
    inside: a well is in the region whose voxel is the nearest to it, if it is within
        `TOLERANCE_MM`: coordinates are off by that, and cortex is as thin. A value
        that is the mean over many points is in the region of most of them.

Where left and right are one, a well counts on both sides.

Axis letters: V voxels of all regions, L regions, N wells, P points of their supports.
Frame: mm (MNI152 RAS).
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from inr_jax.samples.support import Support

TOLERANCE_MM = 3.0


class RegionWells(NamedTuple):
    """Wells and regions.

    Attributes:
        inside: `(N, L)` bool.
        distance_mm: `(N, L)` float32, from a well to the nearest voxel of a region, the
            mean over its points; infinite for a region without a voxel.
    """

    inside: np.ndarray
    distance_mm: np.ndarray

    def least_mm(self) -> np.ndarray:
        """`(L,)` distance of the nearest well, mm."""
        return self.distance_mm.min(0, initial=np.inf)


def wells_of_regions(
    x_mm: np.ndarray,
    region: np.ndarray,
    regions: int,
    support: Support,
    *,
    mirror: bool,
) -> RegionWells:
    """Match wells to regions.

    Args:
        x_mm: `(V, 3)` voxels.
        region: `(V,)` integers, the region that each voxel is in, 0 to L - 1.
        regions: L.
        support: Points of N wells.
        mirror: Whether left and right are one.
    """
    points = np.asarray(support.x_mm, np.float64)
    sides = [points, points * [-1, 1, 1]] if mirror else [points]
    inside, least = np.zeros((2, len(points), regions))
    least[:] = np.inf
    for at_mm in sides:
        apart = _distances(x_mm, region, regions, at_mm)
        nearest = apart.argmin(1)
        row = np.flatnonzero(apart[np.arange(len(apart)), nearest] <= TOLERANCE_MM)
        inside[row, nearest[row]] = 1
        np.minimum(least, apart, out=least)
    distance_mm = support.mean(least).astype(np.float32)
    return RegionWells(support.mean(inside) > 0.5, distance_mm)


def _distances(
    x_mm: np.ndarray, region: np.ndarray, regions: int, at_mm: np.ndarray
) -> np.ndarray:
    """`(P, L)` mm, from points to the nearest voxel of each region."""
    from scipy.spatial import cKDTree

    apart = np.full((len(at_mm), regions), np.inf)

    def measure(number: int) -> None:
        apart[:, number] = cKDTree(x_mm[region == number]).query(at_mm)[0]

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # as queries hold no lock
        list(pool.map(measure, np.unique(region).tolist()))
    return apart
