"""The protocol of all fields: a pair of pure functions for one point.

Axis letters: F features of a place, K values that a field gives there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from inr_jax.brain.space import Array

Params = Any
COORDINATES = 3  # the first features of a place, in the unit cube [-1, 1]^3


class Field(NamedTuple):
    """A function of space with parameters.

    Attributes:
        init: PRNG key to params; the same key gives the same bits.
        apply: (params, features `(F,)`) to values `(K,)`, float32, finite with a
            finite gradient over the unit cube. For one point; callers vmap.
    """

    init: Callable[[jax.Array], Params]
    apply: Callable[[Params, Array], jax.Array]


def from_module(module: nn.Module, features: int) -> Field:
    """The pure pair of a linen module that maps `(F,)` to `(K,)`."""
    # Bound methods of equal modules are equal, so that they share a program.
    apply: Any = module.apply
    return Field(lambda key: module.init(key, jnp.zeros(features)), apply)
