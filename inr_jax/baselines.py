"""The methods to beat: nearest well, inverse distance, kriging.

All have one interface, `Predictor`, which a fitted field shares: training samples
and sites in, expression at the sites out, in the units of the samples. Whatever is
learned (means, scales, weights) is learned from the training samples given.

With `mirror`, left and right are one: x becomes abs(x) for wells and sites alike.
Axis letters: N training wells, V sites, G genes, K neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from inr_jax.inputs import fold
from inr_jax.samples import Samples, Sites
from inr_jax.standardise import standardiser

Predictor = Callable[[Samples, Sites], np.ndarray]

NEIGHBOURS = 10  # abagen.get_interpolated_map
LENGTH_MM = 20.0  # range of the Matern kernel
NUGGET = 1.0  # variance of noise over variance of the signal


def baselines(mirror: bool) -> dict[str, Predictor]:
    """The predictors by name, in the order of the table of scores."""
    return {
        "nearest": partial(nearest, mirror=mirror),
        "idw10": partial(idw10, mirror=mirror),
        "kriging": partial(kriging, mirror=mirror),
    }


def nearest(samples: Samples, sites: Sites, *, mirror: bool) -> np.ndarray:
    """The value of the nearest well, `(V, G)`."""
    _, row = _neighbours(samples.x_mm, sites.x_mm, count=1, mirror=mirror)
    return np.asarray(samples.values, np.float64)[row[:, 0]]


def idw10(samples: Samples, sites: Sites, *, mirror: bool) -> np.ndarray:
    """Mean of the 10 nearest wells, weighted by distance to the power -2.

    abagen's own interpolation weights by 1 / d. A site on a well gets that well's
    value (the mean of them, if several lie there); fewer than 10 are all used.

    Returns:
        `(V, G)`: sum_k d_k^-2 y_k / sum_k d_k^-2.
    """
    values = np.asarray(samples.values, np.float64)
    count = min(NEIGHBOURS, len(values))
    distance, row = _neighbours(samples.x_mm, sites.x_mm, count=count, mirror=mirror)
    exact = distance == 0
    hit = exact.any(1, keepdims=True)
    weight = np.where(hit, exact, np.where(exact, 1.0, distance) ** -2)
    weight = weight / weight.sum(1, keepdims=True)
    # Neighbour after neighbour: (V, K, G) at once would not fit for a whole brain.
    predicted = np.zeros((len(row), values.shape[1]))
    for k in range(count):
        predicted += weight[:, k, None] * values[row[:, k]]
    return predicted


def kriging(
    samples: Samples,
    sites: Sites,
    *,
    mirror: bool,
    length_mm: float = LENGTH_MM,
    nugget: float = NUGGET,
) -> np.ndarray:
    """Gaussian process regression, Matern 3/2, with nothing tuned.

    Values are z-scored over the training wells; far from all wells the prediction
    is their mean.

    Args:
        samples: N training wells.
        sites: V sites.
        mirror: Whether left and right are one.
        length_mm: Length scale l of k(d) = (1 + sqrt3 d / l) exp(-sqrt3 d / l), mm.
        nugget: Variance of noise, where the signal's is 1.

    Returns:
        `(V, G)`: mean + sd K_* (K + nugget I)^-1 z.
    """
    # sklearn takes two seconds to import.
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import Matern

    scaler = standardiser(samples.values)
    process = GaussianProcessRegressor(
        Matern(length_mm, nu=1.5), alpha=nugget, optimizer=None
    )
    train_mm = _points(samples.x_mm, mirror)
    process.fit(train_mm, scaler.standard(np.asarray(samples.values, np.float64)))
    z = process.predict(_points(sites.x_mm, mirror))
    return scaler.values(z.reshape(len(sites.x_mm), -1))


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
    return fold(x_mm) if mirror else x_mm


def _neighbours(
    train_mm: np.ndarray, x_mm: np.ndarray, *, count: int, mirror: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Distances (mm) and rows of the nearest wells, both `(V, K)`, nearest first."""
    from scipy.spatial import cKDTree  # half a second to import

    tree = cKDTree(_points(train_mm, mirror))
    return tree.query(_points(x_mm, mirror), k=range(1, count + 1), workers=-1)
