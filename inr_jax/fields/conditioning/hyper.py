"""A low-rank hypernetwork: codes change weights, W <- W + U diag(A c_g) V.

    h <- h + U ((A c_g) * (V x)) + M c_g

with R, `rank`, directions a layer. Between a shift, which is its bias alone, and a
hypernetwork that gives whole weights (Ha et al. 2017, arXiv 1609.09106), which is
unstable. A and M start at 0; U and V as random weights of variance 1 / inputs.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from inr_jax.brain.space import Array
from inr_jax.fields.conditioning.conditioning import Conditioning, FieldMaker
from inr_jax.fields.conditioning.modulation import modulated
from inr_jax.fields.field import Modulate, Params


def make(
    make_field: FieldMaker, *, genes: int, features: int, code: int, rank: int
) -> Conditioning:
    """One network with R directions of each hidden layer's weights."""
    field = make_field(features=features, outputs=1)

    def first(key: jax.Array) -> Params:
        maps = []
        for number, (inputs, width) in enumerate(field.layers):
            down, up = jax.random.split(jax.random.fold_in(key, number))
            maps.append(
                {
                    "mix": jnp.zeros((code, rank)),
                    "down": jax.random.normal(down, (rank, inputs)) * inputs**-0.5,
                    "up": jax.random.normal(up, (width, rank)) * rank**-0.5,
                    "shift": jnp.zeros((code, width)),
                }
            )
        return maps

    def modulation(maps: Params, c: Array) -> Modulate:
        def modulate(layer: int, x: jax.Array, h: jax.Array) -> jax.Array:
            m = maps[layer]
            return h + m["up"] @ ((c @ m["mix"]) * (m["down"] @ x)) + c @ m["shift"]

        return modulate

    return modulated(field, genes=genes, code=code, first=first, modulation=modulation)
