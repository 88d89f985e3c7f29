"""The nearest wells of a place. Frame: mm (MNI152 RAS).

Axis letters: N wells, V places, K neighbours.
"""

from __future__ import annotations

import numpy as np

from inr_jax.brain.space import folded
from inr_jax.samples.support import Support

CHUNK = 2048  # places at a time; 60 MiB of distances to 3,702 points


def nearest_wells(
    samples_x_mm: np.ndarray, x_mm: np.ndarray, *, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Distances and rows of the nearest wells, the nearest first.

    Args:
        samples_x_mm: `(N, 3)` wells, mm.
        x_mm: `(V, 3)` places, mm.
        count: K, at most N.

    Returns:
        Distances, mm, and rows of the wells, `(V, K)` each.
    """
    from scipy.spatial import cKDTree  # half a second to import

    tree = cKDTree(np.asarray(samples_x_mm, np.float64))
    return tree.query(np.asarray(x_mm, np.float64), k=range(1, count + 1), workers=-1)


def nearest_supports(
    support: Support, x_mm: np.ndarray, *, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest observations of a place, each as far as the nearest of its points.

    Args:
        support: Of N observations, mm.
        x_mm: `(V, 3)` places, mm.
        count: K, at most N.

    Returns:
        Distances, mm, the least first, and rows of the observations, `(V, K)` each.
    """
    if support.single:
        return nearest_wells(support.x_mm, x_mm, count=count)
    from scipy.spatial.distance import cdist  # half a second to import

    distance, row = np.empty((len(x_mm), count)), np.empty((len(x_mm), count), np.int64)
    for first in range(0, len(x_mm), CHUNK):
        rows = slice(first, first + CHUNK)
        apart = cdist(x_mm[rows], support.x_mm)
        apart = np.minimum.reduceat(apart, support.first, axis=1)
        row[rows] = np.argsort(apart, axis=1, kind="stable")[:, :count]
        distance[rows] = np.take_along_axis(apart, row[rows], axis=1)
    return distance, row


def nearest_distance_mm(
    samples_x_mm: np.ndarray, x_mm: np.ndarray, *, mirror: bool = False
) -> np.ndarray:
    """How far the nearest well is: the map beside which to read all others.

    Args:
        samples_x_mm: `(N, 3)` wells, MNI mm.
        x_mm: `(V, 3)` voxel centres, MNI mm.
        mirror: Whether a well also counts on the other side.

    Returns:
        `(V,)` float32, mm.
    """
    wells_mm, at_mm = (
        folded(np.asarray(x, np.float64), mirror) for x in (samples_x_mm, x_mm)
    )
    distance, _ = nearest_wells(wells_mm, at_mm, count=1)
    return distance[:, 0].astype(np.float32)
