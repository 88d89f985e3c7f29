"""The nearest wells of a place. Frame: mm (MNI152 RAS).

Axis letters: N wells, V places, K neighbours.
"""

from __future__ import annotations

import numpy as np

from inr_jax.brain.space import folded


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
