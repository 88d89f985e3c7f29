"""Covariances of places, supports and groups, and a Gaussian mean.

Each formula is written here once; kriging, the spatial effect, conformal intervals
and memberships of places use it. Frame: mm (MNI152 RAS). Axis letters: N wells, V
places, G genes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from inr_jax.samples.support import Support
from inr_jax.stats.lattice import kernel_sums, lattice_of

ROWS = 128  # of a matrix at a time, which a core's cache holds: half the time of all
POINTS = 64  # of a support whose kernel is averaged; of 161 at 20 mm, .02 off at most


def evenly(count: int, most: int) -> slice:
    """Every row of `count`, or every second, third ..., so that at most `most` stay."""
    return slice(None, None, -(-count // most))


def matern32(x_mm: np.ndarray, other_mm: np.ndarray, length_mm: float) -> np.ndarray:
    """Matern covariance of smoothness 3/2 and variance 1.

    k(d) = (1 + s) exp(-s), s = sqrt(3) d / l (Rasmussen & Williams 2006, eq. 4.17).

    Args:
        x_mm: `(N, 3)` mm.
        other_mm: `(V, 3)` mm.
        length_mm: l, mm.

    Returns:
        `(N, V)`.
    """
    from scipy.spatial.distance import cdist  # half a second to import

    def block(rows: slice, columns: slice) -> np.ndarray:
        scaled = cdist(x_mm[rows], other_mm[columns])
        scaled *= np.sqrt(3) / length_mm
        falling = np.exp(-scaled)
        scaled += 1
        return np.multiply(scaled, falling, out=falling)

    return by_blocks(block, len(x_mm), len(other_mm), symmetric=other_mm is x_mm)


def by_blocks(
    block: Callable[[slice, slice], np.ndarray],
    count: int,
    columns: int,
    *,
    symmetric: bool = False,
) -> np.ndarray:
    """A matrix `(count, columns)` from what `block` gives for its rows and columns.

    Of a symmetric matrix the blocks above the diagonal are worked out alone.
    """
    matrix = np.empty((count, columns))
    for first in range(0, count, ROWS):
        rows = slice(first, first + ROWS)
        rest = slice(first if symmetric else 0, None)
        matrix[rows, rest] = part = block(rows, rest)
        if symmetric:
            matrix[rest, rows] = part.T
    return matrix


def mean_matern32(support: Support, other: Support, length_mm: float) -> np.ndarray:
    """Covariance of means over supports of a Matern 3/2 field of variance 1.

    cov(n, m) = mean over p in S_n and q in S_m of k(|x_p - x_q|) (block kriging,
    Cressie 1993, section 3.2.4). Supports of many points are thinned.

    Args:
        support: N supports, mm.
        other: M supports, mm.
        length_mm: l, mm.

    Returns:
        `(N, M)`.
    """
    thin = support.thinned(POINTS)
    other = thin if other is support else other.thinned(POINTS)
    return mean_over(thin, other, matern32(thin.x_mm, other.x_mm, length_mm))


def mean_over(support: Support, other: Support, kernel: np.ndarray) -> np.ndarray:
    """Means `(N, M)` over two supports of a kernel `(P, Q)` at their points."""
    if not other.single:
        kernel = (other.averaging() @ kernel.T).T
    return kernel if support.single else support.averaging() @ kernel


def mean_matern32_variance(support: Support, length_mm: float) -> np.ndarray:
    """`(N,)` diagonal of `mean_matern32` of N supports with themselves."""
    variance = np.ones(len(support.size))
    thin = support.thinned(POINTS)
    for n in np.flatnonzero(thin.size > 1):
        x_mm = thin.x_mm[thin.first[n] :][: thin.size[n]]
        variance[n] = matern32(x_mm, x_mm, length_mm).mean()
    return variance


def same_group(group: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The covariance of a random effect of groups, variance 1: 1 within a group.

    Args:
        group: `(N,)` integers; below 0 shares with none, not even with itself.
        other: `(V,)` integers.

    Returns:
        `(N, V)` bool.
    """
    return np.equal.outer(group, other) & (other >= 0)


def add_shared(
    covariance: np.ndarray, group: np.ndarray, other: np.ndarray, variance: float
) -> None:
    """Add a variance where `same_group` is true, in place, group by group.

    Groups are many and small, so most of the matrix is not touched.

    Args:
        covariance: `(N, V)`.
        group: `(N,)` integers, below 0 in none.
        other: `(V,)` integers.
        variance: Of the effect.
    """
    for name in np.intersect1d(group[group >= 0], other):
        rows, columns = np.flatnonzero(group == name), np.flatnonzero(other == name)
        covariance[np.ix_(rows, columns)] += variance


def gaussian_mean(
    x_mm: np.ndarray,
    values: np.ndarray,
    at_mm: np.ndarray,
    *,
    width_mm: float,
    prior: np.ndarray | float,
    pseudo_count: float,
    weight: np.ndarray | float = 1.0,
) -> np.ndarray:
    """Kernel-weighted mean (Nadaraya 1964, Watson 1964) with a prior far from data.

    m(x) = (sum_n w_n k_n y_n + c y_0) / (sum_n w_n k_n + c),
    k_n = exp(-|x - x_n|^2 / (2 width^2)).

    Args:
        x_mm: `(N, 3)` mm.
        values: y, `(N, ...)`.
        at_mm: `(V, 3)` mm.
        width_mm: sd of the kernel, mm.
        prior: y_0, of the shape of a row of `values`.
        pseudo_count: c, how many wells at the place the prior counts for.
        weight: w, `(N,)`, or one for all.

    Returns:
        `(V, ...)` float64.
    """
    lattice = lattice_of(at_mm) if values.ndim == 1 else None
    if lattice is not None:
        w = np.broadcast_to(weight, values.shape)
        sums = kernel_sums(lattice, x_mm, np.stack([w * values, w]), width_mm)
        return (sums[0] + pseudo_count * prior) / (sums[1] + pseudo_count)
    from scipy.spatial.distance import cdist  # half a second to import

    flat = values.reshape(len(values), -1)
    each = np.broadcast_to(np.reshape(weight, (-1, 1)), (len(x_mm), 1))
    weighed = np.concatenate([each * flat, each], 1)
    sums = np.empty((len(at_mm), weighed.shape[1]))
    for first in range(0, len(at_mm), ROWS):
        rows = slice(first, first + ROWS)
        kernel = cdist(at_mm[rows], x_mm, "sqeuclidean")
        kernel *= -1 / (2 * width_mm**2)
        sums[rows] = np.exp(kernel, out=kernel) @ weighed
    means = sums[:, :-1].reshape(-1, *values.shape[1:])
    total = sums[:, -1].reshape(-1, *(1,) * (values.ndim - 1))
    return (means + pseudo_count * prior) / (total + pseudo_count)
