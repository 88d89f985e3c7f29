"""A few patterns for all genes, each gene a mix: f_g(x) = a_g . (B trunk(x)) + b_g.

With R patterns the G outputs have rank R: noise that no other gene shares has less
room than with an output layer of its own for every gene (reduced-rank regression,
Izenman 1975). B is the trunk's output layer, of R outputs; a_g and b_g come after.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from inr_jax.fields.conditioning.conditioning import Conditioning, FieldMaker, Narrowed
from inr_jax.fields.field import Field


def make(make_field: FieldMaker, *, genes: int, features: int, code: int, rank: int):
    """One network with R patterns mixed into G outputs; `code` is not used."""
    del code
    return _mixed(make_field(features=features, outputs=rank), genes, rank)


def _mixed(field: Field, genes: int, rank: int) -> Conditioning:
    def init(key: jax.Array) -> dict:
        field_key, mix_key = jax.random.split(key)
        # sd 1 / sqrt(R): a gene starts as large as a pattern.
        mix = jax.random.normal(mix_key, (rank, genes)) / jnp.sqrt(rank)
        return {"field": field.init(field_key), "mix": mix, "bias": jnp.zeros(genes)}

    def apply(params: dict, codes: jax.Array, x: jax.Array) -> jax.Array:
        return field.apply(params["field"], x) @ params["mix"] + params["bias"]

    def narrow(count: int) -> Narrowed:
        def take(params: dict, first: int) -> dict:
            mix, bias = (
                jax.lax.dynamic_slice_in_dim(params[name], first, count, axis=-1)
                for name in ("mix", "bias")
            )
            return {**params, "mix": mix, "bias": bias}

        return Narrowed(_mixed(field, count, rank), take)

    return Conditioning(1, genes, init, apply, narrow=narrow)
