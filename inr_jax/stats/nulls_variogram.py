"""The covariance of a map from its variogram, with what a removed trend takes from it.

The variogram gamma(d) = E (y(x) - y(x'))^2 / 2 is estimated after means and trends are
removed, which takes some of the long waves away. So the model is not compared as it
is, but as it is expected after the same removal: with residuals H y, H = I - Q Q',

    E gamma_b = mean over pairs (i, j) of bin b of (R_ii + R_jj - 2 R_ij) / 2,
    R = H C H,

which is linear in sill and nugget. What the removal takes is computed with some of the
points; for each correlation of a grid the two are fitted by weighted non-negative
least squares (weights N_b / gamma_b^2, Cressie 1985, doi:10.1007/BF01032109), and the
best one is taken.

Axis letters: P points of one stratum, B bins of distance, K correlations of the grid.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from inr_jax.stats.nulls import Covariance, Lattice, realised
from inr_jax.stats.nulls_pairs import (
    Pairs,
    orthonormal,
    pairs_of,
    pick_points,
    removal,
)

LENGTHS_MM = tuple(np.geomspace(2.5, 160, 14).round(2).tolist())
SHAPES = (0.5, 0.75, 1.0, 1.5, 2.0)
GRID: tuple[tuple[float, float], ...] = tuple(
    (length, shape) for length in LENGTHS_MM for shape in SHAPES
)
POINTS = 1200  # of a stratum; a fit looks at 720,000 pairs
SOME_POINTS = 500  # with which it is computed what the removal takes
LEAST_POINTS = 30  # of which a variogram says something
TABLE_MM = 0.25  # between two entries of a table of correlations


class VariogramPlan(NamedTuple):
    """What fitting needs of the places alone, the same for all maps of a mask.

    Attributes:
        rows: `(P,)` nodes that are looked at.
        basis: `(P, p)` orthonormal, what is removed.
        pairs: Of these points.
        centre_mm: `(B,)` mean distance of a bin's pairs.
        expected: `(K, B)` variogram of residuals, of a sill of 1.
        rough: `(B,)` the same of a nugget of 1.
    """

    rows: np.ndarray
    basis: np.ndarray
    pairs: Pairs
    centre_mm: np.ndarray
    expected: np.ndarray
    rough: np.ndarray


class FittedCovariance(NamedTuple):
    """A fitted covariance.

    Attributes:
        covariance: What null maps are drawn with.
        observed: `(B,)` variogram of the map's residuals.
        expected: `(B,)` that of the covariance.
        misfit: Root of the mean squared relative difference of the two.
    """

    covariance: Covariance
    observed: np.ndarray
    expected: np.ndarray
    misfit: float


def correlation_tables(lattice: Lattice) -> np.ndarray:
    """`(K, T)` float32 correlations of `GRID` that fields on a lattice have.

    An entry every `TABLE_MM` of distance, as far as a lattice goes.
    """
    sides = np.linalg.norm(lattice.step_mm, axis=0) * lattice.shape
    knots = np.arange(0, np.linalg.norm(sides), TABLE_MM)
    return np.array([realised(lattice, *key)(knots) for key in GRID], np.float32)


def plan_variogram(
    x_mm: np.ndarray,
    design: np.ndarray,
    tables: np.ndarray,
    *,
    seed: int = 0,
    most: int = POINTS,
) -> VariogramPlan:
    """Choose points of one stratum and compute what is expected of each correlation.

    Args:
        x_mm: `(M, 3)` nodes of the stratum.
        design: `(M, q)` what is removed: 1, and trends.
        tables: `(K, T)` of `correlation_tables`.
        seed: Of the choice of points.
        most: Points at most.
    """
    rows = pick_points(x_mm, seed, most)
    at = x_mm[rows].astype(np.float64)
    thinned = pick_points(at, seed, min(most, SOME_POINTS))
    pairs, few = pairs_of(at), pairs_of(at[thinned])
    basis = orthonormal(design[rows[thinned]])
    step, apart = _steps(pairs.distance_mm), _steps(_distances(at[thinned]))
    raw = [pairs.mean(1 - table[step]) for table in tables]
    taken_of = removal(few, basis)
    taken = [taken_of(table[apart]) for table in tables]
    rough = 1 - taken_of(np.eye(len(thinned)))
    expected = np.array(raw) - np.nan_to_num(taken)
    used = pairs.size > 0
    centre = pairs.mean(pairs.distance_mm)
    kept = pairs._replace(bin=(np.cumsum(used) - 1)[pairs.bin], size=pairs.size[used])
    return VariogramPlan(
        rows,
        orthonormal(design[rows]),
        kept,
        centre[used],
        np.maximum(expected[:, used], 1e-9),
        np.nan_to_num(rough, nan=1.0)[used],
    )


def _steps(distance_mm: np.ndarray) -> np.ndarray:
    """Entries of a table of correlations."""
    return np.rint(distance_mm / TABLE_MM).astype(np.int32)


def _distances(x_mm: np.ndarray) -> np.ndarray:
    from scipy.spatial.distance import cdist

    return cdist(x_mm, x_mm)


def variogram(plan: VariogramPlan, values: np.ndarray) -> np.ndarray:
    """`(B,)` of the residuals of values `(M,)`."""
    y = values[plan.rows].astype(np.float64)
    y = y - plan.basis @ (plan.basis.T @ y)
    return plan.pairs.mean((y[plan.pairs.first] - y[plan.pairs.second]) ** 2 / 2)


def fit_covariance(plan: VariogramPlan, observed: np.ndarray) -> FittedCovariance:
    """The covariance whose expected variogram is nearest to an observed one `(B,)`.

    Raises:
        ValueError: The variogram is 0 throughout: the values are constant.
    """
    if not observed.max(initial=0) > 0:
        raise ValueError("a variogram of 0 throughout")
    level = np.maximum(observed, 1e-3 * observed.max())
    for _ in range(2):  # weights by the fit before
        weight = np.sqrt(plan.pairs.size) / level
        sill, nugget, error = _two_parts(plan, observed, weight)
        best = int(error.argmin())
        expected = sill[best] * plan.expected[best] + nugget[best] * plan.rough
        level = np.maximum(expected, 1e-3 * observed.max())
    length, shape = GRID[best]
    covariance = Covariance(float(sill[best]), float(nugget[best]), length, shape)
    share = plan.pairs.size / plan.pairs.size.sum()
    misfit = float(np.sqrt((share * (observed / level - 1) ** 2).sum()))
    return FittedCovariance(covariance, observed, expected, misfit)


def _two_parts(
    plan: VariogramPlan, observed: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sill, nugget and squared error `(K,)` of the best of both not below 0."""
    a, b, y = plan.expected * weight, plan.rough * weight, observed * weight
    aa, ab, bb = (a * a).sum(1), a @ b, b @ b
    ay, by = a @ y, b @ y
    determinant = np.maximum(aa * bb - ab**2, 1e-12 * aa * bb)
    sill, nugget = (bb * ay - ab * by) / determinant, (aa * by - ab * ay) / determinant
    alone, zero = np.maximum(ay / aa, 0), np.zeros_like(aa)
    choices = [(sill, nugget), (alone, zero), (zero, np.full_like(aa, max(by / bb, 0)))]
    errors = []
    for s, n in choices:
        error = ((y - s[:, None] * a - n[:, None] * b) ** 2).sum(1)
        errors.append(np.where((s >= 0) & (n >= 0), error, np.inf))
    pick = np.argmin(errors, axis=0)
    sills, nuggets = (np.choose(pick, part) for part in zip(*choices, strict=True))
    return sills, nuggets, np.min(errors, axis=0)
