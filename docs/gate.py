"""A conditioning of one's own: a gene's code switches hidden units on and off."""

import jax
import jax.numpy as jnp

from inr_jax.fields.conditioning.modulation import modulated


def make(make_field, *, genes, features, code):
    """h <- 2 sigmoid(M c_g) h, M = 0 at the start."""
    field = make_field(features=features, outputs=1)

    def first(key):
        del key
        return [jnp.zeros((code, width)) for _, width in field.layers]

    def modulation(maps, c):
        return lambda layer, x, h: 2 * jax.nn.sigmoid(c @ maps[layer]) * h

    return modulated(field, genes=genes, code=code, first=first, modulation=modulation)
