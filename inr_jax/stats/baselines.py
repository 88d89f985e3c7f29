"""The methods to beat: nearest well, inverse distance, kriging.

All have one interface, `Predictor`, which a fitted field shares: training samples
and sites in, expression at the sites out, in the units of the samples. Whatever is
learned (means, scales, weights) is learned from the training samples given.

With `mirror`, left and right are one: x becomes abs(x) for wells and sites alike.
Axis letters: N training wells, V sites, G genes, K neighbours.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from inr_jax.samples.samples import Samples, Sites
from inr_jax.stats.kriging import kriging, kriging_anatomy
from inr_jax.stats.neighbours import _neighbours
from inr_jax.stats.predictor import Prediction, Predictor

NEIGHBOURS = 10  # abagen.get_interpolated_map


def baselines(mirror: bool) -> dict[str, Predictor]:
    """The predictors by name, in the order of the table of scores."""
    return {
        "nearest": partial(nearest, mirror=mirror),
        "idw10": partial(idw10, mirror=mirror),
        "kriging": partial(kriging, mirror=mirror),
    }


def nearest(samples: Samples, sites: Sites, *, mirror: bool) -> Prediction:
    """The value of the nearest well, `(V, G)`."""
    _, row = _neighbours(samples.x_mm, sites.x_mm, count=1, mirror=mirror)
    return Prediction(np.asarray(samples.values, np.float64)[row[:, 0]])


def idw10(samples: Samples, sites: Sites, *, mirror: bool) -> Prediction:
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
    return Prediction(predicted)


def anatomy_baselines(mirror: bool) -> dict[str, Predictor]:
    """The predictors by name, in the order of the table of scores."""
    return {
        "structure_mean": structure_mean,
        "kriging_anatomy": partial(kriging_anatomy, mirror=mirror),
    }


def structure_mean(samples: Samples, sites: Sites) -> Prediction:
    """Mean of the wells of the same structure, `(V, G)`.

    A structure that no training well has takes the mean of its parent, a parent
    that none has the mean of all wells.
    """
    values = np.asarray(samples.values, np.float64)
    predicted = np.tile(values.mean(0), (len(sites.x_mm), 1))
    for train, test in (
        (samples.parent, sites.parent),
        (samples.structure, sites.structure),
    ):
        for name in np.intersect1d(train[train >= 0], test):
            predicted[test == name] = values[train == name].mean(0)
    return Prediction(predicted)


NEIGHBOURS = 10  # abagen's n_neighbors

KINDS = {"abagen": False, "abagen_mirrored": True}


def predictors() -> dict[str, Predictor]:
    """Both kinds, by the name that they have in scores.csv."""
    return {name: partial(_predict, mirrored=kind) for name, kind in KINDS.items()}


def _predict(samples: Samples, sites: Sites, *, mirrored: bool) -> Prediction:
    return Prediction(interpolate(samples, sites.x_mm, mirrored=mirrored))


def interpolate(samples: Samples, x_mm: np.ndarray, *, mirrored: bool) -> np.ndarray:
    """The value at sites `(V, 3)`, mm: `(V, G)` float64, units of the source."""
    own = samples.originals()
    own_mm = np.asarray(own.x_mm, np.float64)
    values = np.asarray(own.values, np.float64)
    aside = own_mm[:, 0] != 0  # a sample on the midline has no other side
    across = own_mm[aside] * np.array([-1 if mirrored else 1, 1, 1])
    return inverse_distance(
        np.concatenate([own_mm, across]),
        np.concatenate([values, values[aside]]),
        np.asarray(x_mm, np.float64),
    )


def inverse_distance(
    train_mm: np.ndarray, values: np.ndarray, x_mm: np.ndarray
) -> np.ndarray:
    """Mean of the nearest, weighted by 1 / d; samples that are hit, alone."""
    from scipy.spatial import cKDTree  # half a second to import

    count = min(NEIGHBOURS, len(values))
    tree = cKDTree(train_mm)
    distance, row = tree.query(x_mm, k=range(1, count + 1), workers=-1)
    exact = distance == 0
    hit = exact.any(1, keepdims=True)
    weight = np.where(hit, exact, 1 / np.where(exact, 1.0, distance))
    weight /= weight.sum(1, keepdims=True)
    # Neighbour after neighbour: (V, K, G) at once would not fit for a whole brain.
    predicted = np.zeros((len(row), values.shape[1]))
    for k in range(count):
        predicted += weight[:, k, None] * values[row[:, k]]
    return predicted
