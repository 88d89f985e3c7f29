"""Correlation of a map with many genes at once, and its distribution under null maps.

The randomness is on the map: genes are held fixed, so how smooth they are costs power,
not error rate. With genes as features times weights, M = F A', and residuals
H = I - Q Q' of what is removed (means of strata, trends, means of donors),

    r_g = (F' H y) . a_g / (|H y| sqrt(a_g' K a_g)),    K = F' H F,

so a null map costs F' H z, R numbers, and one product with the weights. The variance of
r over null maps is 1 / (n - 1) of independent observations; n_eff = 1 + 1 / Var(r) is
the effective sample size (Dutilleul 1993, doi:10.2307/2532625), and its t distribution
the tail that no thousand null maps reach.

Axis letters: n places of a level (voxels, regions or wells), R features, G genes,
B null maps, p columns removed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

ROWS = 16384  # places whose products are summed in float32 before float64 takes over
LEAST_DF = 1.0  # of a tail; a map of two independent places says nothing


class Level(NamedTuple):
    """Genes at the places of a level, ready to be correlated with maps there.

    Attributes:
        features: `(n, R)` float32, residuals.
        weights: `(G, R)` float32, such that residuals of genes have length 1; rows of
            0 for genes that are constant here. `(G,)` where features are the genes.
        basis: `(n, p)` orthonormal, what is removed.
        gram: `(R, R)` float64 of the features; None where features are the genes.
    """

    features: np.ndarray
    weights: np.ndarray
    basis: np.ndarray
    gram: np.ndarray | None = None


def make_level(
    features: np.ndarray, weights: np.ndarray | None, basis: np.ndarray
) -> Level:
    """Remove the basis from features, in place, and scale the genes.

    Args:
        features: `(n, R)` float32; written over.
        weights: `(G, R)`; None where the features are the genes themselves.
        basis: `(n, p)` orthonormal.
    """
    along = dot(features, basis)  # (R, p)
    before = np.sqrt(squares(features))
    for first in range(0, len(features), ROWS):
        rows = slice(first, first + ROWS)
        features[rows] -= (basis[rows] @ along.T).astype(np.float32)
    if weights is None:
        length = np.sqrt(squares(features))
        flat = length <= 1e-5 * np.maximum(before, 1e-30)
        scale = np.where(flat, 0, 1 / np.where(flat, 1, length))
        return Level(features, scale.astype(np.float32), basis)
    gram = dot(features, features)
    wide = weights.astype(np.float64)
    length = np.sqrt(np.maximum(np.einsum("gr,gr->g", wide @ gram, wide), 0))
    flat = length <= 1e-6 * np.maximum(abs(wide) @ before, 1e-30)
    scale = np.where(flat, 0, 1 / np.where(flat, 1, length))
    return Level(features, (wide * scale[:, None]).astype(np.float32), basis, gram)


def dot(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """one' other in float64, of arrays with n rows, some rows at a time."""
    total = np.zeros((one.shape[1], other.shape[1]))
    for first in range(0, len(one), ROWS):
        rows = slice(first, first + ROWS)
        total += one[rows].T @ other[rows]
    return total


def squares(values: np.ndarray) -> np.ndarray:
    """Sum of squares of the columns of `(n, c)`, float64."""
    parts = range(0, len(values), ROWS)
    total = [np.square(values[k : k + ROWS], dtype=np.float64).sum(0) for k in parts]
    return np.sum(total, axis=0)


def correlations(level: Level, maps: np.ndarray) -> np.ndarray:
    """r `(G, B)` float64 of every gene with maps `(n, B)`; 0 for a constant one.

    The basis holds the constant, so maps may be centred first: float32 has no digits
    left for a small variation about a large mean.
    """
    maps = (maps - maps.mean(0, dtype=np.float64)).astype(np.float32)
    inner = dot(level.features, maps)
    left = squares(maps) - np.square(dot(level.basis, maps)).sum(0)
    flat = left <= 1e-10 * np.maximum(squares(maps), 1e-300)
    length = np.sqrt(np.where(flat, 1, left))
    inner = np.where(flat, 0, inner / length)
    if level.weights.ndim == 1:
        return np.clip(level.weights[:, None] * inner, -1, 1)
    return np.clip(level.weights @ inner, -1, 1)


class Tally(NamedTuple):
    """What null maps have given so far.

    Attributes:
        done: B null maps.
        reached: `(G,)` in how many |r| was at least the observed one.
        variance: `(G,)` sums of squares of r.
        largest: `(B,)` the largest |r| over genes, of each.
    """

    done: int
    reached: np.ndarray
    variance: np.ndarray
    largest: np.ndarray


def no_nulls(genes: int) -> Tally:
    """The tally before the first null map."""
    zero = np.zeros(genes, np.int64)
    return Tally(0, zero, np.zeros(genes), np.empty(0))


def add_nulls(tally: Tally, observed: np.ndarray, nulls: np.ndarray) -> Tally:
    """The tally with more null maps.

    Args:
        tally: So far.
        observed: `(G,)` r.
        nulls: `(G, b)` r of null maps.
    """
    size = abs(nulls)
    reached = (size >= abs(observed)[:, None] - 1e-12).sum(1)
    return Tally(
        tally.done + nulls.shape[1],
        tally.reached + reached,
        tally.variance + np.square(nulls).sum(1),
        np.append(tally.largest, size.max(0)),
    )


class Chances(NamedTuple):
    """p-values of every gene, `(G,)` each.

    Attributes:
        n_eff: Effective sample size.
        p_null: Of the null maps, (1 + reached) / (1 + B).
        p_tail: Of the t distribution with n_eff - 2 degrees of freedom.
        p_max: Of the largest |r| over genes, which holds for all genes together.
        q: Benjamini-Hochberg's, of p_tail.
    """

    n_eff: np.ndarray
    p_null: np.ndarray
    p_tail: np.ndarray
    p_max: np.ndarray
    q: np.ndarray


def chances(tally: Tally, observed: np.ndarray) -> Chances:
    """p-values of observed r `(G,)`; NaN and 1 for a constant gene."""
    variance = tally.variance / max(tally.done, 1)
    flat = variance == 0
    n_eff = np.where(flat, np.nan, 1 + 1 / np.where(flat, 1, variance))
    size = abs(observed)
    larger = np.sort(tally.largest)
    above = tally.done - np.searchsorted(larger, size - 1e-12)
    tail = np.where(flat, 1.0, tail_p(observed, np.where(flat, 3, n_eff)))
    return Chances(
        n_eff,
        np.where(flat, 1.0, (1 + tally.reached) / (1 + tally.done)),
        tail,
        np.where(flat, 1.0, (1 + above) / (1 + tally.done)),
        false_discovery(tail),
    )


def tail_p(r: np.ndarray, n_eff: np.ndarray) -> np.ndarray:
    """Two-sided p of r by Student's t, n_eff - 2 degrees of freedom, one at least."""
    from scipy.special import betainc

    freedom = np.maximum(n_eff - 2, LEAST_DF)
    # P(|t| > t_r) = I_{1 - r^2}(df / 2, 1 / 2), which keeps digits where p is tiny.
    return betainc(freedom / 2, 0.5, np.maximum(1 - np.square(r), 0))


def false_discovery(p: np.ndarray) -> np.ndarray:
    """q-values of p `(m,)` (Benjamini & Hochberg 1995); of no p, none."""
    m = len(p)
    order = np.argsort(p)
    ratio = p[order] * m / np.arange(1, m + 1)
    q = np.empty(m)
    q[order] = np.minimum(np.minimum.accumulate(ratio[::-1])[::-1], 1)
    return q


def normal_scores(y: np.ndarray) -> np.ndarray:
    """Values `(M,)` replaced by normal quantiles of their ranks, ties averaged."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    return ndtri((rankdata(y) - 0.5) / len(y))
