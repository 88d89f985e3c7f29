"""Codes shift the outputs of hidden layers: h <- h + M c_g, before what bends them.

The modulation of functa (Dupont et al. 2022, arXiv 2201.12204): there, shifts alone are
as good as scales and shifts. M starts at 0.
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
    """One network with a map from codes to shifts for each hidden layer."""
    field = make_field(features=features, outputs=1)

    def first(key: jax.Array) -> Params:
        del key
        return [jnp.zeros((code, width)) for _, width in field.layers]

    def modulation(maps: Params, c: Array) -> Modulate:
        return lambda layer, x, h: h + c @ maps[layer]

    return modulated(field, genes=genes, code=code, first=first, modulation=modulation)
