"""A network of its own for every gene, trained side by side: f_g(x) = net_g(x).

The per-gene recipe of the paper (arXiv 2506.11158).
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from inr_jax.brain.space import Array
from inr_jax.fields.conditioning.conditioning import Conditioning, FieldMaker
from inr_jax.fields.field import Params


def make(make_field: FieldMaker, *, genes: int, features: int) -> Conditioning:
    """G networks with one output each."""
    field = make_field(features=features, outputs=1)

    def init(key: jax.Array) -> Params:
        rows = jax.tree.map(lambda leaf: leaf[None], field.init(key))
        return {"shared": {}, "genes": rows}

    def apply(params: Params, codes: Array, x: Array) -> jax.Array:
        del codes
        network = jax.tree.map(lambda leaf: jnp.squeeze(leaf, 0), params["genes"])
        return field.apply(network, x)

    return Conditioning(genes, 1, init, apply)
