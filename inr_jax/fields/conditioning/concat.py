"""One network for all genes, the gene's code beside the place: f_g(x) = net(x, c_g).

The joint recipe of the paper (arXiv 2506.11158): 27 inputs are 3 coordinates, a
tissue class, the gene's spectral position and 11 sin/cos pairs of it.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from inr_jax.brain.space import Array
from inr_jax.fields.conditioning.conditioning import Conditioning, FieldMaker
from inr_jax.fields.field import Params


def make(
    make_field: FieldMaker, *, genes: int, features: int, code: int
) -> Conditioning:
    """One network with one output, evaluated at each of the G codes `(code,)`."""
    field = make_field(features=features + code, outputs=1)

    def init(key: jax.Array) -> Params:
        return {"shared": field.init(key), "genes": {}}

    def apply(params: Params, codes: Array, x: Array) -> jax.Array:
        def value(c: Array) -> jax.Array:
            return field.apply(params["shared"], jnp.concatenate([x, c]))[0]

        return jax.vmap(value)(codes)

    return Conditioning(1, genes, init, apply, code=code)
