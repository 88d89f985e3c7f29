"""A network of its own for every gene, trained side by side: f_g(x) = net_g(x).

The per-gene recipe of the paper (arXiv 2506.11158).
"""

from __future__ import annotations

from functools import partial

import jax

from inr_jax.fields.conditioning.conditioning import Conditioning, FieldMaker, Narrowed
from inr_jax.fields.field import Field, Params


def make(make_field: FieldMaker, *, genes: int, features: int, code: int):
    """G networks with one output each; `code` is not used."""
    del code
    return _networks(make_field(features=features, outputs=1), genes)


def _networks(field: Field, genes: int) -> Conditioning:
    def narrow(count: int) -> Narrowed:
        return Narrowed(_networks(field, count), partial(take, count=count))

    def take(params: Params, first: int, *, count: int) -> Params:
        def cut(leaf: jax.Array) -> jax.Array:
            members = leaf.reshape(-1, genes, *leaf.shape[1:])
            some = jax.lax.dynamic_slice_in_dim(members, first, count, axis=1)
            return some.reshape(-1, *leaf.shape[1:])

        return jax.tree.map(cut, params)

    return Conditioning(
        genes, 1, field.init, lambda p, codes, x: field.apply(p, x), narrow=narrow
    )
