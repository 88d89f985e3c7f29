"""From a place in the brain to the numbers a field sees.

Written for one place; callers vmap. Tissue class: the paper's figure says grey +1 and
white -1, its code white +1 and grey -1; we keep the code's sign, with 0 for neither.

Axis letters: V places; F features, 3 coordinates in the unit cube, then tissue and the
side of the brain; D memberships in donors and A in structures, after them where a field
sees any.
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from inr_jax.brain.space import Array, Box, folded
from inr_jax.errors import unknown_name

TISSUE_FEATURES = {"none": 0, "soft": 2, "class": 1}


class Places(NamedTuple):
    """Places in the brain, or a single one without the leading axis; a pytree.

    Attributes:
        x_mm: `(V, 3)` MNI152 RAS, mm.
        tissue: `(V, 2)` probabilities of grey and white matter.
        membership: `(V, A)` memberships in structures (`samples.structures`); A is 0
            where none are given.
        donor: `(V, D)` memberships in donors; D is 0 where none are given, of places
            in no donor's brain.
    """

    x_mm: Array
    tissue: Array
    membership: Array
    donor: Array

    def take(self, rows: int | slice | Array) -> Places:
        """The places of `rows`."""
        return Places(*(array[rows] for array in self))


def make_places(
    x_mm: np.ndarray,
    tissue: np.ndarray,
    membership: np.ndarray | None = None,
    donor: np.ndarray | None = None,
) -> Places:
    """Places, or one, as float32 arrays; without memberships A is 0, and so is D."""
    blank = np.zeros((*np.shape(x_mm)[:-1], 0))
    membership = blank if membership is None else membership
    parts = x_mm, tissue, membership, blank if donor is None else donor
    return Places(*(np.asarray(part, np.float32) for part in parts))


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Inputs:
    """How a place becomes features; part of the model and saved with it.

    A pytree whose box is traced and whose kinds are static.

    Attributes:
        box: The unit cube.
        mirror: Whether left and right are one, by abs(x).
        tissue: "none", "soft" (both probabilities) or "class" (white +1, grey -1).
        hemisphere: Whether a field sees the side: left -1, right +1, the plane
            between them 0.
        donors: `(D,)` parts in a place of no donor, equal for donors that the fit saw,
            which sum to 1; None where a field sees no donors.
    """

    box: Box
    mirror: bool = dataclasses.field(default=True, metadata={"static": True})
    tissue: str = dataclasses.field(default="none", metadata={"static": True})
    hemisphere: bool = dataclasses.field(default=False, metadata={"static": True})
    donors: Array | None = None

    def features(self, place: Places, side: Array | None = None) -> jax.Array:
        """One place to its features: unit cube, tissue, side, donors, structures.

        Args:
            place: A single one.
            side: `(1,)` of the brain, for a place that was folded; None takes its own.
        """
        parts = [self.box.unit(folded(place.x_mm, self.mirror))]
        if self.tissue == "soft":
            parts.append(place.tissue)
        elif self.tissue == "class":
            parts.append(tissue_class(place.tissue))
        if self.hemisphere:
            parts.append(side_of(place) if side is None else side)
        if self.donors is not None:
            parts.append(place.donor if place.donor.shape[-1] else self.donors)
        return jnp.concatenate([*parts, place.membership])


def side_of(place: Places) -> jax.Array:
    """`(1,)` -1 of a place on the left, +1 on the right, 0 between them."""
    return jnp.sign(jnp.asarray(place.x_mm)[:1])


def tissue_class(tissue: Array) -> jax.Array:
    """Probabilities of grey and white `(2,)` to `(1,)`: white +1, grey -1, else 0."""
    grey, white = tissue[0], tissue[1]
    certain = jnp.maximum(grey, white) >= 0.5
    return jnp.where(certain, jnp.sign(white - grey), 0.0)[None]


def feature_count(tissue: str, *, hemisphere: bool = False) -> int:
    """F for a kind of tissue input, with the side of the brain or without.

    Raises:
        InputError: `tissue` is not a known kind.
    """
    if tissue not in TISSUE_FEATURES:
        raise unknown_name("inputs.tissue", tissue, TISSUE_FEATURES)
    return 3 + TISSUE_FEATURES[tissue] + hemisphere
