"""Kriging whose length follows the wells: short where many lie close together.

Anatomists sampled small structures densely: a well in the brainstem has its tenth
neighbour at 4 mm, one in the cortex at 11 mm. A kernel of one length is too long for
the nuclei or too short for the cortex. Here each place has a length of its own,

    l(x) = L d(x) / median of d over the wells' points,

d(x) the distance to its tenth neighbour, and two places go together by the
nonstationary Matern kernel (Paciorek & Schervish 2006, doi:10.1002/env.785)

    k(x, x') = (l l' / q)^(3/2) matern32(|x - x'|; sqrt(q)),   q = (l^2 + l'^2) / 2,

which is positive definite and of variance 1. Beside this smooth part each structure
has an effect, shared at a place by those that wells around it were named by
(`soft_structures`). L, the nugget and the variance of these effects are chosen as the
constants of `kriging_targets`. What it gives at any place is what fields are fitted to
(`fitting.recipe`): cleaned targets at the wells, and what lies between them.

Axis letters: N wells, P points of their supports, V places, G genes. Frame: mm.
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np

from inr_jax.samples.samples import Samples
from inr_jax.samples.sites import Sites
from inr_jax.samples.standardise import Standardiser, standardiser
from inr_jax.samples.support import Support
from inr_jax.stats.kernels import (
    POINTS,
    add_shared,
    by_blocks,
    evenly,
    mean_over,
)
from inr_jax.stats.kriging_targets import choose, chosen_on, with_targets
from inr_jax.stats.memo import Memo
from inr_jax.stats.neighbours import CHUNK, nearest_wells
from inr_jax.stats.normal_law import solved
from inr_jax.stats.predictor import Prediction
from inr_jax.stats.soft_structures import (
    VARIANCES,
    StructurePoints,
    effects,
    structure_points,
)

NEIGHBOUR = 10  # whose distance is the spacing of wells
LENGTHS_MM = (6.0, 8.0, 12.0, 20.0)  # L, where wells lie at their median spacing
CHOSEN_BY = 256  # genes that L and the nugget are chosen by, at most
BOUNDS_MM = (2.0, 60.0)  # of l: registration errs by 2 mm, a lobe has 60

_remembered = Memo()  # a network and the row beside it choose the same


class LocalKriging(NamedTuple):
    """What was learned from N wells; `at` evaluates it.

    Attributes:
        support: Of the wells, folded where left and right are one, thinned.
        length_mm: `(P,)` l at its points.
        spacing_mm: Median of d over them.
        scale_mm: L.
        weights: `(N, G)` of the wells' covariances.
        units: From what `weights` predict to what was fitted.
        structures: Points of the wells and their structures.
        effects: `(S, G)` of the structures.
    """

    support: Support
    length_mm: np.ndarray
    spacing_mm: float
    scale_mm: float
    weights: np.ndarray
    units: Standardiser
    structures: StructurePoints
    effects: np.ndarray

    def at(self, x_mm: np.ndarray) -> np.ndarray:
        """Values `(V, G)` float32 at places `(V, 3)`, folded as the wells are."""
        values = np.empty((len(x_mm), self.weights.shape[1]), np.float32)
        count = min(NEIGHBOUR, len(self.support.x_mm))
        averaging = self.support.averaging()
        for first in range(0, len(x_mm), CHUNK):
            rows = slice(first, first + CHUNK)
            distance, _ = nearest_wells(self.support.x_mm, x_mm[rows], count=count)
            length_mm = lengths(distance[:, -1], self.spacing_mm, self.scale_mm)
            kernel = local_matern32(
                x_mm[rows], self.support.x_mm, length_mm, self.length_mm
            )
            standard = (averaging @ kernel.T).T @ self.weights
            if self.effects.any():
                standard += self.structures.shares(x_mm[rows]) @ self.effects
            values[rows] = self.units.values(standard)
        return values


def kriging_local(samples: Samples, sites: Sites, *, mirror: bool) -> Prediction:
    """The mean over the supports of the sites; arguments as any baseline's."""
    wells = with_targets(samples, mirror)
    points = sites.points().folded(mirror)
    field = fit_local(samples, wells.values, mirror=mirror)
    return Prediction(points.mean(field.at(points.x_mm)))


def fit_local(samples: Samples, targets: np.ndarray, *, mirror: bool) -> LocalKriging:
    """Learn from targets at wells; constants by nested validation over donors.

    Args:
        samples: N training wells.
        targets: `(N, G)` what they are cleaned to, in any units.
        mirror: Whether left and right are one.
    """
    scale_mm, nugget, variance = _chosen(samples, mirror)
    support = samples.points().folded(mirror).thinned(POINTS)
    length_mm, spacing_mm = point_lengths(support, scale_mm)
    within = mean_local_matern32(support, length_mm)
    add_shared(within, samples.structure, samples.structure, variance)
    within[np.diag_indices(len(within))] += nugget
    units = standardiser(targets)
    weights = solved(within, units.standard(np.asarray(targets, np.float64)))
    return LocalKriging(
        support,
        length_mm,
        spacing_mm,
        scale_mm,
        weights,
        units,
        structure_points(samples.structure, support),
        effects(samples.structure, weights, variance),
    )


def _chosen(samples: Samples, mirror: bool) -> tuple[float, float, float]:
    """L, nugget and variance of structures, by wells and genes that are few enough."""
    thinned = chosen_on(samples)
    # A shard chooses by the genes of all shards, so that all choose alike.
    values = thinned.values if thinned.context is None else thinned.context
    values = values[:, evenly(values.shape[1], CHOSEN_BY)]
    genes = tuple(f"gene {number}" for number in range(values.shape[1]))
    thinned = dataclasses.replace(thinned, values=values, genes=genes, context=None)
    support = thinned.points().folded(mirror).thinned(POINTS)

    def make() -> tuple[np.ndarray, float]:
        kernels = [
            mean_local_matern32(support, point_lengths(support, scale_mm)[0])
            for scale_mm in LENGTHS_MM
        ]
        chosen = choose(thinned, kernels, mirror=mirror, variances=VARIANCES)
        return np.array([LENGTHS_MM[chosen.row], chosen.variance]), chosen.nugget

    names = thinned.donor, thinned.structure, thinned.parent
    (scale_mm, variance), nugget = _remembered(make, thinned.values, *names, *support)
    return float(scale_mm), nugget, float(variance)


def point_lengths(support: Support, scale_mm: float) -> tuple[np.ndarray, float]:
    """l `(P,)` at the points of wells, mm, and the median of their spacing d."""
    distance = spacing_of(support.x_mm)
    spacing_mm = float(np.median(distance))
    return lengths(distance, spacing_mm, scale_mm), spacing_mm


def spacing_of(x_mm: np.ndarray) -> np.ndarray:
    """Distance `(P,)` of points `(P, 3)` to their tenth neighbour, mm."""
    count = min(NEIGHBOUR + 1, len(x_mm))  # the nearest is the point itself
    return nearest_wells(x_mm, x_mm, count=count)[0][:, -1]


def lengths(distance: np.ndarray, spacing_mm: float, scale_mm: float) -> np.ndarray:
    """l of places with a tenth neighbour at these distances `(V,)`, mm."""
    relative = distance / spacing_mm if spacing_mm else np.ones_like(distance)
    return np.clip(scale_mm * relative, *BOUNDS_MM)


def local_matern32(
    x_mm: np.ndarray,
    other_mm: np.ndarray,
    length_mm: np.ndarray,
    other_length_mm: np.ndarray,
) -> np.ndarray:
    """The kernel `(V, P)` of places `(V, 3)` and `(P, 3)` with lengths of their own."""
    from scipy.spatial.distance import cdist  # half a second to import

    def block(rows: slice, columns: slice) -> np.ndarray:
        length, other = length_mm[rows, None], other_length_mm[columns]
        squared = (length**2 + other**2) / 2
        scaled = cdist(x_mm[rows], other_mm[columns])
        scaled *= np.sqrt(3 / squared)
        falling = np.exp(-scaled)
        scaled += 1
        falling *= scaled
        falling *= (length * other / squared) ** 1.5
        return falling

    same = other_mm is x_mm and other_length_mm is length_mm
    return by_blocks(block, len(x_mm), len(other_mm), symmetric=same)


def mean_local_matern32(support: Support, length_mm: np.ndarray) -> np.ndarray:
    """The kernel's means `(N, N)` over N supports with lengths `(P,)` at points."""
    kernel = local_matern32(support.x_mm, support.x_mm, length_mm, length_mm)
    return mean_over(support, support, kernel)
