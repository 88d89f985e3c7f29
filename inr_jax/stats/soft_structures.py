"""Effects of structures at places whose structure nobody named.

An anatomist named the structure of each well on the tissue; of a place in the common
space it is known as well as registration is exact, to some millimetres. So expression
at a place is taken as

    f(x) = u(x) + sum_s p_s(x) e_s,
    p_s(x) = sum over q of s of k_q(x) / sum over all q of k_q(x),

u smooth in space, e_s the effect of structure s (normal, independent, of a variance v
that is chosen, where u has 1), and p_s the share of structure s among the wells'
points q around x (Nadaraya 1964, Watson 1964), k_q(x) = exp(-|x - x_q|^2 / (2 w^2)).
The value of a well is the mean of u over its support and the whole effect of the
structure that it was named by. So wells n and m of structures s and t, and a place x,
go together by

    cov(n, m) = mean of cov(u_p, u_q) + v [s = t],
    cov(n, x) = mean of cov(u_p, u_x) + v p_s(x).

A smooth function alone lets a mean over a support be met by what varies among its
points; with these effects its points are alike, unless their neighbours say otherwise.
Structures that none named have no effect.

Frame: mm (MNI152 RAS), folded where left is right. Axis letters: N wells, M sites, P
points of wells, V places, S structures, G genes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from inr_jax.samples.samples import Samples
from inr_jax.samples.sites import Sites
from inr_jax.samples.support import Support
from inr_jax.stats.kernels import gaussian_mean, same_group

WIDTH_MM = 3.0  # w: so far apart are two registrations of a well
VARIANCES = (0.05, 0.2)  # v to choose from, beside none
LEAST = 1e-9  # kernel that counts as none: 19 mm from all wells there are no effects


class StructurePoints(NamedTuple):
    """Points of wells and the structures that these were named by.

    Attributes:
        x_mm: `(P, 3)` mm.
        of: `(P,)` structure of a point, 0 to S - 1; S where none is named.
        names: `(S,)` the samples' numbers of the structures.
    """

    x_mm: np.ndarray
    of: np.ndarray
    names: np.ndarray

    def shares(self, x_mm: np.ndarray) -> np.ndarray:
        """p_s `(V, S)` at places `(V, 3)`."""
        if not len(self.names):
            return np.zeros((len(x_mm), 0))
        whole = np.equal.outer(self.of, np.arange(len(self.names))).astype(float)
        return gaussian_mean(
            self.x_mm, whole, x_mm, width_mm=WIDTH_MM, prior=0.0, pseudo_count=LEAST
        )


def structure_points(structure: np.ndarray, support: Support) -> StructurePoints:
    """The points of N wells of these structures `(N,)`, below 0 where none is named."""
    names = np.unique(structure[structure >= 0])
    of = np.where(structure < 0, len(names), np.searchsorted(names, structure))
    return StructurePoints(support.x_mm, np.repeat(of, support.size), names)


def effects(structure: np.ndarray, weights: np.ndarray, variance: float) -> np.ndarray:
    """Posterior means of e_s `(S, G)` from kriging's weights `(N, G)` of wells."""
    names = np.unique(structure[structure >= 0])
    summed = np.zeros((len(names), weights.shape[1]))
    named = structure >= 0
    np.add.at(summed, np.searchsorted(names, structure[named]), weights[named])
    return variance * summed


def structure_covariances(
    training: Samples, sites: Sites, *, mirror: bool
) -> tuple[np.ndarray, np.ndarray]:
    """What structures of variance 1 add to covariances of N wells, and of M sites.

    Args:
        training: N wells.
        sites: M sites; the names of their structures are not looked at.
        mirror: Whether left and right are one.

    Returns:
        `(N, N)`, and `(M, N)` of the sites with the wells.
    """
    points = structure_points(training.structure, training.points().folded(mirror))
    at = sites.points().folded(mirror)
    # A column more, of those without a name: nothing.
    shares = np.pad(at.mean(points.shares(at.x_mm)), ((0, 0), (0, 1)))
    first = training.points().first
    within = same_group(training.structure, training.structure).astype(float)
    return within, shares[:, points.of[first]]
