"""Null maps of many thousands of random maps: drawn once, combined for each of them.

A null map is sqrt(sill) f + sqrt(nugget) e in each stratum, f one of the correlations
of `GRID`, e white. So the products of f and e with genes, made once for each
correlation, give r under the null maps of any fitted covariances. What is tested is
what `inr-jax associate` does, at a hundredth of its cost.

Axis letters: K correlations (the last is white noise), S strata, G genes, B null maps,
n places of a level, b bins.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from inr_jax.maps.association import Seen
from inr_jax.maps.association_places import Ground
from inr_jax.stats.association import Level, correlations
from inr_jax.stats.nulls import Covariance, field_pair, stable_root, white_pair
from inr_jax.stats.nulls_variogram import GRID, VariogramPlan

WHITE = len(GRID)


class Tables(NamedTuple):
    """Products of the parts of null maps.

    Attributes:
        inner: `(K + 1, S, G, B)` with genes at voxels.
        along: `(K + 1, S, p, B)` with what is removed there.
        square: `(K + 1, S, B)` sums of squares there.
        cross: `(K, S, B)` sums of products with white noise.
        averaged: level -> `(K + 1, S, n, B)`, values at regions and at wells.
    """

    inner: np.ndarray
    along: np.ndarray
    square: np.ndarray
    cross: np.ndarray
    averaged: dict[str, np.ndarray]


def draw(ground: Ground, row: int, total: int, seed: int) -> np.ndarray:
    """Fields `(M, total)` of one correlation of the grid, or white noise."""
    nodes, shape = ground.nodes, (len(ground.nodes.flat), total)
    if row == WHITE:
        return np.random.default_rng([seed, 7]).standard_normal(shape, np.float32)
    root, fields = stable_root(nodes.lattice, *GRID[row]), np.empty(shape, np.float32)
    for first in range(0, total, 2):
        values = field_pair(root, white_pair(nodes.lattice, seed, first // 2)).ravel()
        two = values[nodes.flat].view(np.float32).reshape(-1, 2)
        fields[:, first : first + 2] = two[:, : total - first]
    return fields


def make_tables(
    ground: Ground, levels: dict[str, Seen], nulls: int, seed: int = 1
) -> Tables:
    """Draw fields of all correlations, and keep their products."""
    strata, voxel = range(len(ground.strata)), levels["voxel"].level
    rows = [np.flatnonzero(ground.nodes.stratum == s) for s in strata]
    white = draw(ground, WHITE, nulls, seed)
    inner, along, square, cross = ([] for _ in range(4))
    averaged: dict[str, list] = {name: [] for name in levels if name != "voxel"}
    for k in range(WHITE + 1):
        field = draw(ground, k, nulls, seed)
        parts = [field[r] for r in rows]
        inner.append(
            [
                _genes(voxel, voxel.features[r].T @ f)
                for r, f in zip(rows, parts, strict=True)
            ]
        )
        along.append([voxel.basis[r].T @ f for r, f in zip(rows, parts, strict=True)])
        square.append([(f**2).sum(0) for f in parts])
        cross.append([(f * white[r]).sum(0) for r, f in zip(rows, parts, strict=True)])
        for name in averaged:
            weight = levels[name].weight
            averaged[name].append(
                [weight[:, r] @ f for r, f in zip(rows, parts, strict=True)]
            )
    kept = {name: np.array(a, np.float32) for name, a in averaged.items()}
    arrays = [np.array(a, np.float32) for a in (inner, along, square, cross)]
    return Tables(*arrays, kept)


def _genes(level: Level, product: np.ndarray) -> np.ndarray:
    if level.weights.ndim == 1:
        return level.weights[:, None] * product
    return level.weights @ product


def _ends(plan: VariogramPlan, values: np.ndarray) -> np.ndarray:
    """Differences `(pairs, M)` of residuals at the ends of pairs."""
    y = values[plan.rows].astype(np.float64)
    y = (y - plan.basis @ (plan.basis.T @ y)).astype(np.float32)
    return y[plan.pairs.first] - y[plan.pairs.second]


def _binned(plan: VariogramPlan, products: np.ndarray) -> np.ndarray:
    """`(b, M)` half the means over the pairs of each bin."""
    return np.stack([plan.pairs.mean(column) for column in products.T], 1) / 2


def null_r(
    tables: Tables, levels: dict[str, Seen], parts: list[Covariance], of: slice
) -> dict[str, np.ndarray]:
    """r `(G, b)` at every level under null maps `of` these covariances."""
    inner, along, square = 0.0, 0.0, 0.0
    places = dict.fromkeys(tables.averaged, 0.0)
    for s, part in enumerate(parts):
        k = GRID.index((part.length_mm, part.shape))
        a, b = np.sqrt(part.sill), np.sqrt(part.nugget)
        inner = (
            inner + a * tables.inner[k, s, :, of] + b * tables.inner[WHITE, s, :, of]
        )
        along = (
            along + a * tables.along[k, s, :, of] + b * tables.along[WHITE, s, :, of]
        )
        square = square + part.sill * tables.square[k, s, of]
        square = square + part.nugget * tables.square[WHITE, s, of]
        square = square + 2 * a * b * tables.cross[k, s, of]
        for name, values in tables.averaged.items():
            places[name] = places[name] + a * values[k, s, :, of]
            places[name] = places[name] + b * values[WHITE, s, :, of]
    left = np.maximum(square - (along**2).sum(0), 1e-12)
    r = {"voxel": inner / np.sqrt(left)}
    return r | {name: correlations(levels[name].level, z) for name, z in places.items()}


def observed_variograms(plan: VariogramPlan, maps: np.ndarray) -> np.ndarray:
    """`(b, n)` of maps `(M, n)` of a stratum."""
    blocks = np.array_split(maps, max(1, maps.shape[1] // 20), axis=1)
    return np.concatenate([_binned(plan, _ends(plan, m) ** 2) for m in blocks], axis=1)
