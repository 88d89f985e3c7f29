"""The protocol of all fields: a pair of pure functions for one point.

Noun:
    modulation: what acts on a field from outside, layer by layer: a function of
        (number of a hidden layer, its input, its output W x + b before what bends it)
        to the output that it has instead. It never sees the last layer.

Axis letters: F features of a place, K values that a field gives there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

Params = Any
Modulate = Callable[[int, jax.Array, jax.Array], jax.Array]
Layers = tuple[tuple[int, int], ...]  # numbers into and out of each hidden layer
COORDINATES = 3  # the first features of a place, in the unit cube [-1, 1]^3


def unmodulated(layer: int, x: jax.Array, h: jax.Array) -> jax.Array:
    """The modulation that leaves every layer as it is."""
    del layer, x
    return h


class Field(NamedTuple):
    """A function of space with parameters.

    Attributes:
        init: PRNG key to params; the same key gives the same bits.
        apply: (params, features `(F,)`) to values `(K,)`, float32, finite with a
            finite gradient over the unit cube. For one point; callers vmap. A third
            argument is a modulation, where there are layers for it.
        layers: Of the hidden layers that a modulation reaches; none where layers are
            not functions of one point.
    """

    init: Callable[[jax.Array], Params]
    apply: Callable[..., jax.Array]
    layers: Layers = ()


def from_module(module: nn.Module, features: int, layers: Layers = ()) -> Field:
    """The pure pair of a linen module that maps `(F,)` to `(K,)`."""
    # Bound methods of equal modules are equal, so that they share a program.
    apply: Any = module.apply
    return Field(lambda key: module.init(key, jnp.zeros(features)), apply, layers)


def chain(inputs: int, hidden: int, depth: int) -> Layers:
    """Layers of one width, one behind the other."""
    return ((inputs, hidden), *[(hidden, hidden)] * (depth - 1))[:depth]
