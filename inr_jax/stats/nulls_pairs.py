"""Points of a map in pairs by their distance, and what a removal does to them.

Axis letters: P points, B bins of distance, p columns removed. Frame: mm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

EDGES_MM = (0.5, 3, 5, 7, 9, 12, 15, 19, 24, 30, 37, 45, 55, 66, 80, 100)
NEAR = 4  # nodes around a point among which its neighbours are drawn


class Pairs(NamedTuple):
    """Pairs of points, by their distance.

    Attributes:
        first: Rows of the first of each pair.
        second: Likewise of the second.
        bin: Bin of each pair.
        size: `(B,)` pairs.
        distance_mm: Of each pair.
    """

    first: np.ndarray
    second: np.ndarray
    bin: np.ndarray
    size: np.ndarray
    distance_mm: np.ndarray

    def mean(self, values: np.ndarray) -> np.ndarray:
        """`(B,)` means over the pairs of each bin, NaN for a bin of none."""
        total = np.bincount(self.bin, values, len(self.size))
        with np.errstate(invalid="ignore"):
            return total / self.size


def orthonormal(design: np.ndarray) -> np.ndarray:
    """A basis `(n, p)` of the columns of a design `(n, q)`, p its rank."""
    scaled = design / np.maximum(np.linalg.norm(design, axis=0), 1e-300)
    u, s, _ = np.linalg.svd(scaled, full_matrices=False)
    return u[:, s > 1e-8 * s.max(initial=0)]


def pick_points(x_mm: np.ndarray, seed: int, most: int) -> np.ndarray:
    """Rows of points to look at: half anywhere, and a near neighbour of each.

    Args:
        x_mm: `(M, 3)`.
        seed: Of the choice.
        most: P at most.

    Returns:
        Ascending rows, all where there are no more than `most`.
    """
    from scipy.spatial import cKDTree

    if len(x_mm) <= most:
        return np.arange(len(x_mm))
    generator = np.random.default_rng([seed, 2])
    half = generator.choice(len(x_mm), most // 2, replace=False)
    _, near = cKDTree(x_mm).query(x_mm[half], k=range(2, 8 * NEAR + 2))
    column = generator.integers(near.shape[1], size=len(half))
    return np.unique(np.append(half, near[np.arange(len(half)), column]))


def pairs_of(x_mm: np.ndarray) -> Pairs:
    """All pairs of points `(P, 3)` that are as far apart as a bin says."""
    from scipy.spatial.distance import pdist

    first, second = (a.astype(np.int32) for a in np.triu_indices(len(x_mm), 1))
    distance = pdist(x_mm)
    number = np.searchsorted(EDGES_MM, distance) - 1
    bins = len(EDGES_MM) - 1
    kept = (number >= 0) & (number < bins)
    number = number[kept].astype(np.int8)
    count = np.bincount(number, minlength=bins)
    return Pairs(first[kept], second[kept], number, count, distance[kept])


def removal(pairs: Pairs, basis: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """From a covariance `(P, P)` to what removing a basis takes of its variogram.

    With T = C - H C H = c q' + q c' - q m q', c = C q, m = q' C q, it is the mean over
    pairs of (T_ii + T_jj) / 2 - T_ij: sums with the pairs' adjacency of each bin.

    Args:
        pairs: Of P points.
        basis: `(P, p)` orthonormal.

    Returns:
        A function to `(B,)`, NaN for bins without a pair.
    """
    from scipy.sparse import coo_array

    points, bins = len(basis), len(pairs.size)
    rows = np.concatenate([pairs.first, pairs.second])
    columns = np.concatenate([pairs.second, pairs.first])
    number = np.concatenate([pairs.bin, pairs.bin])
    beside = np.zeros((bins, *basis.shape))  # adjacency times basis
    degree = np.zeros((bins, points))
    for row in range(bins):
        of = number == row
        ones = np.ones(int(of.sum()))
        adjacency = coo_array((ones, (rows[of], columns[of])), (points, points))
        beside[row] = adjacency @ basis
        degree[row] = np.bincount(rows[of], minlength=points)

    def taken(covariance: np.ndarray) -> np.ndarray:
        c = covariance @ basis.astype(covariance.dtype)
        c = c.astype(np.float64) - basis @ (basis.T @ c) / 2  # T = c q' + q c'
        diagonal = 2 * (c * basis).sum(1)
        across = 2 * np.einsum("bpk,pk->b", beside, c)
        with np.errstate(invalid="ignore"):
            return (degree @ diagonal - across) / (2 * pairs.size)

    return taken
