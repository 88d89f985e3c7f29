"""From a place in the brain to the numbers a field sees.

Written for one place; callers vmap. Tissue class: the paper's figure says grey +1 and
white -1, its code white +1 and grey -1; we keep the code's sign, with 0 for neither.

Axis letters: V places; F features, 3 coordinates in the unit cube, then tissue; A
memberships in structures, after them where a field sees any.
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
    """

    x_mm: Array
    tissue: Array
    membership: Array

    def take(self, rows: int | slice | Array) -> Places:
        """The places of `rows`."""
        return Places(*(array[rows] for array in self))


def make_places(
    x_mm: np.ndarray, tissue: np.ndarray, membership: np.ndarray | None = None
) -> Places:
    """Places, or one, as float32 arrays; without memberships A is 0."""
    if membership is None:
        membership = np.zeros((*np.shape(x_mm)[:-1], 0))
    return Places(*(np.asarray(a, np.float32) for a in (x_mm, tissue, membership)))


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Inputs:
    """How a place becomes features; part of the model and saved with it.

    A pytree whose box is traced and whose kinds are static.

    Attributes:
        box: The unit cube.
        mirror: Whether left and right are one, by abs(x).
        tissue: "none", "soft" (both probabilities) or "class" (white +1, grey -1).
    """

    box: Box
    mirror: bool = dataclasses.field(default=True, metadata={"static": True})
    tissue: str = dataclasses.field(default="none", metadata={"static": True})

    def features(self, place: Places) -> jax.Array:
        """One place to its features `(F + A,)`: unit cube, tissue, memberships."""
        parts = [self.box.unit(folded(place.x_mm, self.mirror))]
        if self.tissue == "soft":
            parts.append(place.tissue)
        elif self.tissue == "class":
            parts.append(tissue_class(place.tissue))
        return jnp.concatenate([*parts, place.membership])


def tissue_class(tissue: Array) -> jax.Array:
    """Probabilities of grey and white `(2,)` to `(1,)`: white +1, grey -1, else 0."""
    grey, white = tissue[0], tissue[1]
    certain = jnp.maximum(grey, white) >= 0.5
    return jnp.where(certain, jnp.sign(white - grey), 0.0)[None]


def feature_count(tissue: str) -> int:
    """F for a kind of tissue input.

    Raises:
        InputError: `tissue` is not a known kind.
    """
    if tissue not in TISSUE_FEATURES:
        raise unknown_name("inputs.tissue", tissue, TISSUE_FEATURES)
    return 3 + TISSUE_FEATURES[tissue]
