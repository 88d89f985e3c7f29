"""A few patterns for all genes, each gene a mix: f_g(x) = a_g . (B trunk(x)) + b_g.

With R patterns the G outputs have rank R: noise that no other gene shares has less
room than with an output layer of its own for every gene (reduced-rank regression,
Izenman 1975). B is the trunk's output layer, of R outputs; a_g and b_g come after.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from inr_jax.brain.space import Array
from inr_jax.fields.conditioning.conditioning import Conditioning, FieldMaker
from inr_jax.fields.field import Params


def make(
    make_field: FieldMaker, *, genes: int, features: int, rank: int
) -> Conditioning:
    """One network with R patterns, `rank`, mixed into G outputs."""
    field = make_field(features=features, outputs=rank)

    def init(key: jax.Array) -> Params:
        field_key, mix_key = jax.random.split(key)
        # sd 1 / sqrt(R): a gene starts as large as a pattern.
        mix = jax.random.normal(mix_key, (rank, genes)).T / jnp.sqrt(rank)
        rows = {"mix": mix, "bias": jnp.zeros(genes)}
        return {"shared": field.init(field_key), "genes": rows}

    def apply(params: Params, codes: Array, x: Array) -> jax.Array:
        del codes
        patterns, rows = field.apply(params["shared"], x), params["genes"]
        return rows["mix"] @ patterns + rows["bias"]

    return Conditioning(1, genes, init, apply, linear=True)
