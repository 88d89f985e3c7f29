"""abagen.get_interpolated_map on samples that are already here.

Inverse distance over the k nearest samples, of any side, tissue or distance:
y(x) = sum_k y_k / d_k / sum_k 1 / d_k. abagen runs its whole pipeline for each call;
this is its last step, and a test holds it to abagen's own output.

Two kinds, named apart:
    shipped: what abagen 0.1.3 does. It counts each sample twice at its own place,
        for it forgets to move the mirrored copies: 10 neighbours are 5 places, and
        nothing reaches the other side.
    mirrored: what it says it does, each sample at its place and across.
Axis letters: N samples, V sites, G genes, K neighbours.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from inr_jax.baselines import Predictor
from inr_jax.samples import Samples, Sites

NEIGHBOURS = 10  # abagen's n_neighbors
KINDS = {"abagen": False, "abagen_mirrored": True}


def predictors() -> dict[str, Predictor]:
    """Both kinds, by the name that they have in scores.csv."""
    return {name: partial(_predict, mirrored=kind) for name, kind in KINDS.items()}


def _predict(samples: Samples, sites: Sites, *, mirrored: bool) -> np.ndarray:
    return interpolate(samples, sites.x_mm, mirrored=mirrored)


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
