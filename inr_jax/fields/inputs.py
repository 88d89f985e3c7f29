"""From a place in the brain to the numbers a field sees.

Written for one point; callers vmap. F features: 3 coordinates in the unit cube,
then tissue; after them A memberships in structures, where a field sees any. Tissue
class: the paper's figure says grey +1 and white -1, its code white +1 and grey -1; we
keep the code's sign, with 0 for neither.
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp

from inr_jax.brain.space import Box, folded
from inr_jax.errors import unknown_name

TISSUE_FEATURES = {"none": 0, "soft": 2, "class": 1}


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

    def features(
        self,
        x_mm: jnp.ndarray,
        tissue: jnp.ndarray,
        anatomy: jnp.ndarray | None = None,
    ) -> jnp.ndarray:
        """MNI mm `(3,)`, tissue `(2,)`, memberships `(A,)` to features `(F + A,)`."""
        seen = [self.box.unit(folded(x_mm, self.mirror))]
        if self.tissue != "none":
            seen.append(tissue if self.tissue == "soft" else tissue_class(tissue))
        if anatomy is not None and len(anatomy):
            seen.append(anatomy)
        return jnp.concatenate(seen) if len(seen) > 1 else seen[0]


def tissue_class(tissue: jnp.ndarray) -> jnp.ndarray:
    """Probabilities of grey and white `(2,)` to `(1,)`: white +1, grey -1, else 0."""
    grey, white = tissue[0], tissue[1]
    some = jnp.maximum(grey, white) >= 0.5
    return jnp.where(some, jnp.sign(white - grey), 0.0)[None]


def feature_count(tissue: str) -> int:
    """F for a kind of tissue input.

    Raises:
        InputError: `tissue` is not a known kind.
    """
    if tissue not in TISSUE_FEATURES:
        raise unknown_name("inputs.tissue", tissue, TISSUE_FEATURES)
    return 3 + TISSUE_FEATURES[tissue]
