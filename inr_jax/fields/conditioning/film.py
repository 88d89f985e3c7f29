"""FiLM: codes scale and shift hidden layers, h <- (1 + S c_g) h + M c_g.

Perez et al. 2018, FiLM: Visual Reasoning with a General Conditioning Layer (arXiv
1709.07871), equation 2, with scales about 1. S and M start at 0.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from inr_jax.brain.space import Array
from inr_jax.fields.conditioning.conditioning import Conditioning, FieldMaker
from inr_jax.fields.conditioning.modulation import modulated
from inr_jax.fields.field import Modulate, Params


def make(
    make_field: FieldMaker, *, genes: int, features: int, code: int
) -> Conditioning:
    """One network with maps from codes to scales and shifts of each hidden layer."""
    field = make_field(features=features, outputs=1)

    def first(key: jax.Array) -> Params:
        del key
        zeros = [jnp.zeros((code, width)) for _, width in field.layers]
        return {"scale": zeros, "shift": zeros}

    def modulation(maps: Params, c: Array) -> Modulate:
        scale, shift = maps["scale"], maps["shift"]
        return lambda layer, x, h: (1 + c @ scale[layer]) * h + c @ shift[layer]

    return modulated(field, genes=genes, code=code, first=first, modulation=modulation)
