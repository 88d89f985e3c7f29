"""Random genes: expression at wells with the variogram and the noise of real genes.

A value is sqrt(s) f(x) + sqrt(1 - s) e: a Gaussian field f of a stable correlation, and
noise e of each value. Genes are sorted into few kinds by length, shape and share s, as
fitted to their own variograms with donors' means removed; r does not depend on their
scale.

Axis letters: N wells, P points of their supports, G genes, C kinds, B random genes.
Frame: x_mm (MNI152 RAS, mm), folded where left and right are one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from inr_jax.samples.support import Support
from inr_jax.stats.association_design import indicators
from inr_jax.stats.nulls import (
    Covariance,
    field_pair,
    make_lattice,
    stable,
    stable_root,
    white_pair,
)
from inr_jax.stats.nulls_variogram import (
    GRID,
    TABLE_MM,
    fit_covariance,
    plan_variogram,
    variogram,
)

LENGTHS_MM, SHAPES = np.array([7.0, 15.0, 30.0, 60.0]), np.array([1.0, 2.0])
SHARES = np.array([0.2, 0.5, 0.8])
POINTS = 600  # wells whose variograms are looked at
STEP_MM = 4.0  # of the lattice that fields are drawn on


class GeneKind(NamedTuple):
    """What random genes are drawn with.

    Attributes:
        length_mm: Of the stable correlation.
        shape: Of the stable correlation.
        share: Of the field in the variance of a value.
    """

    length_mm: float
    shape: float
    share: float


def kinds_of(
    x_mm: np.ndarray, donor: np.ndarray, values: np.ndarray
) -> tuple[list[GeneKind], np.ndarray]:
    """Kinds that genes are of, and the row `(G,)` of each gene's.

    Args:
        x_mm: `(N, 3)`.
        donor: `(N,)` integers.
        values: `(N, G)`.
    """
    x_mm = np.asarray(x_mm, np.float64)
    longest = np.linalg.norm(np.ptp(x_mm, axis=0)) + TABLE_MM
    knots = np.arange(0, longest + TABLE_MM, TABLE_MM)
    tables = np.array([stable(knots, *key) for key in GRID], np.float32)
    plan = plan_variogram(x_mm, indicators(donor), tables, most=POINTS)
    fits = (
        fit_covariance(plan, variogram(plan, column)).covariance
        for column in np.asarray(values, np.float64).T
    )
    kinds, row = np.unique([_kind(fit) for fit in fits], axis=0, return_inverse=True)
    return [GeneKind(*map(float, kind)) for kind in kinds], row.reshape(-1)


def _kind(fit: Covariance) -> GeneKind:
    share = fit.sill / max(fit.sill + fit.nugget, 1e-30)
    return GeneKind(
        LENGTHS_MM[abs(np.log(LENGTHS_MM / fit.length_mm)).argmin()],
        SHAPES[abs(SHAPES - fit.shape).argmin()],
        SHARES[abs(SHARES - share).argmin()],
    )


def random_genes(kind: GeneKind, support: Support, total: int, seed: int) -> np.ndarray:
    """Values `(N, total)` float32 of random genes at wells, means over supports.

    Args:
        kind: What to draw.
        support: Points of N wells.
        total: B.
        seed: The same gives the same, bit for bit.
    """
    x_mm = np.asarray(support.x_mm, np.float64)
    index = np.rint((x_mm - x_mm.min(0)) / STEP_MM).astype(int)
    lattice = make_lattice(index.max(0) + 1, STEP_MM * np.eye(3))
    node = np.ravel_multi_index(tuple(index.T), lattice.shape)
    root = stable_root(lattice, kind.length_mm, kind.shape)
    pairs = []
    for pair in range(-(-total // 2)):
        field = field_pair(root, white_pair(lattice, seed, pair)).ravel()[node]
        pairs.append(support.mean(field.view(np.float32).reshape(-1, 2)))
    fields = np.concatenate(pairs, axis=1)[:, :total]
    fields /= np.sqrt(np.mean(np.square(fields, dtype=np.float64)))
    generator = np.random.default_rng([seed, 3])
    noise = generator.standard_normal(fields.shape, dtype=np.float32)
    share = np.float32(kind.share)
    return np.sqrt(share) * fields + np.sqrt(1 - share) * noise
