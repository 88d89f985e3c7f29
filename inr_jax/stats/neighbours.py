"""The methods to beat: nearest well, inverse distance, kriging.

All have one interface, `Predictor`, which a fitted field shares: training samples
and sites in, expression at the sites out, in the units of the samples. Whatever is
learned (means, scales, weights) is learned from the training samples given.

With `mirror`, left and right are one: x becomes abs(x) for wells and sites alike.
Axis letters: N training wells, V sites, G genes, K neighbours.
"""

from __future__ import annotations

import numpy as np

from inr_jax.brain.space import folded


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
    distance, _ = _neighbours(samples_x_mm, x_mm, count=1, mirror=mirror)
    return distance[:, 0].astype(np.float32)


def _points(x_mm: np.ndarray, mirror: bool) -> np.ndarray:
    x_mm = np.asarray(x_mm, np.float64)
    return folded(x_mm, mirror)


def _neighbours(
    train_mm: np.ndarray, x_mm: np.ndarray, *, count: int, mirror: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Distances (mm) and rows of the nearest wells, both `(V, K)`, nearest first."""
    from scipy.spatial import cKDTree  # half a second to import

    tree = cKDTree(_points(train_mm, mirror))
    return tree.query(_points(x_mm, mirror), k=range(1, count + 1), workers=-1)
