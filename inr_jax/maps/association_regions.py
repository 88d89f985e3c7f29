"""Values of regions against genes: null models where there is no voxel to look at.

A regional value is the mean of a field over a region. So the covariance of regions is
the mean of the field's covariance over pairs of their nodes, to which each region's own
noise is added; null maps are drawn from it.

Axis letters: L regions, M nodes, K correlations of the grid, P nodes that are taken.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from inr_jax.maps.association_places import Averages
from inr_jax.stats.nulls_pairs import orthonormal, pairs_of
from inr_jax.stats.nulls_variogram import (
    GRID,
    TABLE_MM,
    FittedCovariance,
    VariogramPlan,
    fit_covariance,
    variogram,
)

NODES = 12  # of a region that stand for it


def region_covariances(
    regions: Averages, x_mm: np.ndarray, tables: np.ndarray
) -> np.ndarray:
    """`(K, L, L)` covariances of regions' means under the correlations of the grid.

    Args:
        regions: L regions of M nodes.
        x_mm: `(M, 3)`.
        tables: `(K, T)` of `correlation_tables`.
    """
    from scipy.spatial.distance import cdist

    chosen, of = [], []
    count = len(regions.rows)
    for region in range(count):
        nodes = regions.weight.indices[
            slice(*regions.weight.indptr[region : region + 2])
        ]
        steps = np.linspace(0, len(nodes) - 1, min(NODES, len(nodes))).astype(int)
        chosen.append(nodes[steps])
        of.append(np.full(len(steps), region))
    at, row = x_mm[np.concatenate(chosen)], np.concatenate(of)
    mean = np.equal(row, np.arange(count)[:, None]).astype(np.float32)
    mean /= mean.sum(1, keepdims=True)
    step = np.rint(cdist(at, at) / TABLE_MM).astype(np.int32)
    return np.array([mean @ table[step] @ mean.T for table in tables])


def plan_regions(
    x_mm: np.ndarray, design: np.ndarray, covariances: np.ndarray
) -> VariogramPlan:
    """How the variogram of regions `(L, 3)` is estimated, and what is expected."""
    basis, pairs = orthonormal(design), pairs_of(x_mm)
    used = pairs.size > 0
    h = np.eye(len(basis)) - basis @ basis.T

    def expected(covariance: np.ndarray) -> np.ndarray:
        c = h @ covariance @ h
        variance = np.diag(c)
        mean = (variance[pairs.first] + variance[pairs.second]) / 2
        half = mean - c[pairs.first, pairs.second]
        return pairs.mean(half)[used]

    kept = pairs._replace(bin=(np.cumsum(used) - 1)[pairs.bin], size=pairs.size[used])
    return VariogramPlan(
        np.arange(len(x_mm)),
        basis,
        kept,
        pairs.mean(pairs.distance_mm)[used],
        np.maximum([expected(c) for c in covariances], 1e-9),
        expected(np.eye(len(x_mm))),
    )


def fit_regions(
    plan: VariogramPlan, covariances: np.ndarray, y: np.ndarray
) -> tuple[FittedCovariance, np.ndarray]:
    """A fitted covariance, and the matrix `(L, L)` of regions that it means."""
    fit = fit_covariance(plan, variogram(plan, y))
    part = fit.covariance
    matrix = covariances[GRID.index((part.length_mm, part.shape))]
    return fit, part.sill * matrix + part.nugget * np.eye(len(y))


def region_nulls(matrix: np.ndarray, seed: int) -> Callable[[int], np.ndarray]:
    """From the number of a pair to two null maps `(L, 2)` of a covariance `(L, L)`."""
    values, vectors = np.linalg.eigh(matrix)
    root = vectors * np.sqrt(np.maximum(values, 0))

    def draw(pair: int) -> np.ndarray:
        generator = np.random.default_rng([seed, pair])
        return (root @ generator.standard_normal((len(root), 2))).astype(np.float32)

    return draw
