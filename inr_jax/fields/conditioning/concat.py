"""One network for all genes, the gene's code beside the place: f_g(x) = net(x, c_g).

The joint recipe of the paper (arXiv 2506.11158): 27 inputs are 3 coordinates, a
tissue class, the gene's spectral position and 11 sin/cos pairs of it.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from inr_jax.fields.conditioning.conditioning import Conditioning, FieldMaker, Narrowed
from inr_jax.fields.field import Field


def make(make_field: FieldMaker, *, genes: int, features: int, code: int):
    """One network with one output, evaluated once for each of the G codes."""
    return _network(make_field(features=features + code, outputs=1), genes)


def _network(field: Field, genes: int) -> Conditioning:
    def narrow(count: int) -> Narrowed:
        return Narrowed(_network(field, count), lambda params, first: params)

    def apply(params, codes, x):
        def one_gene(c):
            return field.apply(params, jnp.concatenate([x, c]))[0]

        return jax.vmap(one_gene)(codes)

    return Conditioning(1, genes, field.init, apply, narrow=narrow)
