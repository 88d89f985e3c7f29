"""What a place is a member of, by an atlas; softly so where the atlas has no region.

With s the blurred shares of a place x in the regions r (row 0: in none), and t its
shares in what regions lie in, q, blurred by more, its memberships are

    m(x) = sum_r s_r C_r + s_0 (sum_q t_q P_q + t_0 O(x)),
    O(x) = (sum_i k_i o_i m_i + PSEUDO_COUNT u) / (sum_i k_i o_i + PSEUDO_COUNT),

C the crosswalk; P_q the parents of wells in the regions of q; i the training wells, of
memberships m_i and shares o_i outside all regions, k_i = exp(-|x - x_i|^2 / 2 REACH^2);
u what nothing is known of. So a place that leaves a region becomes a part of its parent
within a few mm, then what wells near by are, then the mean of all wells. All of these
are continuous in x (at a blur above 0), and memberships of parents sum to 1 in each.

Axis letters: V points, N wells, L regions, Q what they lie in, A memberships (parents,
then structures). Frame: x_mm (MNI152 RAS, mm), folded where left and right are one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from inr_jax.brain.label_images import LabelImage, shares_at
from inr_jax.brain.space import Grid
from inr_jax.maps.crosswalk import PSEUDO_COUNT, by_name
from inr_jax.samples.samples import Samples
from inr_jax.samples.sites import UNNAMED
from inr_jax.samples.structures import KnownStructures, memberships
from inr_jax.stats.kernels import gaussian_mean

FADE_MM = 4.0  # sd of the blur of what regions lie in
REACH_MM = 10.0  # sd of the Gaussian by which wells near by count


class Above(NamedTuple):
    """What the regions of an atlas lie in.

    Attributes:
        labels: Its Q names as regions, on every second voxel.
        row: `(L,)` rows of its names for the regions.
        member: `(Q, A)` memberships of places in none of its regions, but near.
    """

    labels: LabelImage
    row: np.ndarray
    member: np.ndarray


class Beyond(NamedTuple):
    """What wells tell of places outside all regions.

    Attributes:
        x_mm: `(N, 3)`.
        weight: `(N,)` shares of the wells outside.
        member: `(N, A)`.
        unknown: `(A,)` memberships where nothing is known.
    """

    x_mm: np.ndarray
    weight: np.ndarray
    member: np.ndarray
    unknown: np.ndarray


def unknown_of(known: KnownStructures) -> np.ndarray:
    """Memberships `(A,)` of a place of which nothing is known."""
    nothing = np.array([UNNAMED])
    return memberships(known, nothing, nothing)[0]


def above_of(
    labels: LabelImage, samples: Samples, known: KnownStructures, shares: np.ndarray
) -> Above:
    """What regions lie in, and what wells in those, with shares `(N, L)`, are."""
    names = ("", *sorted(set(labels.parents[1:])))  # "" twice if some lie in no name
    row = np.array([0, *(_last(names, parent) for parent in labels.parents[1:])])
    coarse = labels.region[::2, ::2, ::2]
    affine = np.array(labels.grid.affine)
    affine[:3, :3] *= 2
    unknown = unknown_of(known)
    parent_shares = np.stack([shares[:, row == q].sum(1) for q in range(len(names))], 1)
    parent_shares[:, 0] = 0
    members = memberships(known, samples.structure, samples.parent)
    total = parent_shares.sum(0)[:, None] + PSEUDO_COUNT
    member = (parent_shares.T @ members + PSEUDO_COUNT * unknown) / total
    for q, parent in by_name(names, samples.parents).items():
        if known.parent_share[parent] > 0:
            member[q, : len(samples.parents)] = np.eye(len(samples.parents))[parent]
    member[:, len(samples.parents) :] = 0
    inner = LabelImage(
        row[coarse].astype(np.int16), Grid(coarse.shape, affine), names, names
    )
    return Above(inner, row, member.astype(np.float32))


def _last(names: tuple[str, ...], name: str) -> int:
    """The row of a name; "" stands in row 0 for no region, too."""
    return len(names) - 1 - names[::-1].index(name)


def beyond_of(
    samples: Samples, known: KnownStructures, x_mm: np.ndarray, shares: np.ndarray
) -> Beyond:
    """What training wells at `(N, 3)`, with shares `(N, L)`, tell of the outside."""
    return Beyond(
        np.asarray(x_mm, np.float64),
        shares[:, 0],
        memberships(known, samples.structure, samples.parent),
        unknown_of(known),
    )


def near_by(beyond: Beyond, x_mm: np.ndarray) -> np.ndarray:
    """O(x) at points `(V, 3)`: `(V, A)` float32."""
    rows = beyond.weight > 0
    mean = gaussian_mean(
        beyond.x_mm[rows],
        beyond.member[rows],
        x_mm,
        width_mm=REACH_MM,
        prior=beyond.unknown,
        pseudo_count=PSEUDO_COUNT,
        weight=beyond.weight[rows],
    )
    return mean.astype(np.float32)


class RegionMemberships(NamedTuple):
    """All that tells the memberships of a place.

    Attributes:
        labels: The regions.
        blur_mm: sd of their blur.
        table: `(L, A)` crosswalk.
        above: What they lie in.
        beyond: What wells tell of the outside; None where the table's row 0 does.
    """

    labels: LabelImage
    blur_mm: float
    table: np.ndarray
    above: Above
    beyond: Beyond | None

    def at(self, x_mm: np.ndarray) -> np.ndarray:
        """Memberships `(V, A)` float32 of points `(V, 3)`."""
        x_mm = np.asarray(x_mm, np.float64)
        shares = shares_at(self.labels, x_mm, self.blur_mm)
        member = shares[:, 1:] @ self.table[1:]
        out = np.flatnonzero(shares[:, 0] > 0)
        if not len(out):
            return member
        near = shares_at(self.above.labels, x_mm[out], FADE_MM)
        far = self.table[:1]
        if self.beyond is not None:
            far = near_by(self.beyond, x_mm[out])
        soft = near[:, 1:] @ self.above.member[1:] + near[:, :1] * far
        member[out] += shares[out, :1] * soft
        return member.astype(np.float32)
