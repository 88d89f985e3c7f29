"""Gene sets against the same null maps as genes (Fulcher et al. 2021).

The score of a set is the mean Fisher z of its genes. Null maps are correlated with the
genes as they are, so that genes of a set that are alike stay alike, unlike in tests
that draw random genes (doi:10.1038/s41467-021-22862-1).

Axis letters: S sets, G genes, B null maps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MOST_R = 1 - 1e-7  # so that Fisher's z stays finite


def set_scores(sets: np.ndarray | csr_matrix, r: np.ndarray) -> np.ndarray:
    """Mean Fisher z `(S, B)` of sets `(S, G)`, rows that sum to 1, of r `(G, B)`."""
    return np.asarray(sets @ np.arctanh(np.clip(r, -MOST_R, MOST_R)))


def set_counts(observed: np.ndarray, nulls: np.ndarray) -> np.ndarray:
    """Two-sided p `(S,)` by counting: (1 + reached) / (1 + B).

    Args:
        observed: `(S,)` scores of the map.
        nulls: `(S, B)` scores of null maps.
    """
    reached = (abs(nulls) >= abs(observed)[:, None] - 1e-12).sum(1)
    return (1 + reached) / (1 + nulls.shape[1])


def set_tails(observed: np.ndarray, nulls: np.ndarray) -> np.ndarray:
    """Two-sided p `(S,)` of a t distribution with the null scores' spread and kurtosis.

    Null scores of a map whose covariance is not sure have heavier tails than a normal
    law: their excess kurtosis k makes 4 + 6 / k degrees of freedom.

    Args:
        observed: `(S,)` scores of the map.
        nulls: `(S, B)` scores of null maps, of mean 0.
    """
    from scipy.special import stdtr

    square = np.square(nulls)
    variance = square.mean(1)
    flat = variance == 0
    variance = np.where(flat, 1, variance)
    excess = np.square(square).mean(1) / variance**2 - 3
    freedom = 4 + 6 / np.maximum(np.median(excess), 1e-3)
    scale = np.sqrt(variance * (freedom - 2) / freedom)
    return np.where(flat, 1.0, 2 * stdtr(freedom, -abs(observed) / scale))
