"""A field that sees anatomy: an embedding of its names beside the place.

    e = membership_parent . parent + membership_structure . own
    f(x, names) = net([scale x, e])

Both tables are learned, by each network its own. Parents start apart, N(0, spread^2);
what a structure adds to its parent starts at 0 and is held there by

    penalty |own|^2 / wells      (added to the mean squared error),

minus the logarithm of a normal prior, up to a factor. So a rare structure borrows
from its parent, and one never seen is its parent.

Axis letters: F features of a place, A memberships (P parents, then S structures),
W width of the embedding.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from inr_jax.fields.conditioning.conditioning import Conditioning, Narrowed


class StructureEmbedding(NamedTuple):
    """Sizes and settings of the embedding.

    Attributes:
        parents: P.
        structures: S.
        width: W.
        spread: Standard deviation of the parents' numbers before the first step.
        scale: Of the place's features beside the embedding.
        penalty: On the sum of squares of what structures add.
    """

    parents: int
    structures: int
    width: int
    spread: float
    scale: float
    penalty: float


def with_structures(
    inner: Conditioning, embedding: StructureEmbedding, features: int
) -> Conditioning:
    """Let networks of F + W inputs see F features and A memberships.

    Args:
        inner: Networks of F + W inputs.
        embedding: Its sizes and settings.
        features: F.

    Returns:
        Networks of F + A inputs, memberships last; they keep `inner`'s penalty.
    """

    def init(key: jax.Array) -> dict:
        field_key, parent_key = jax.random.split(key)
        shape = (embedding.parents, embedding.width)
        return {
            "field": inner.init(field_key),
            "parent": embedding.spread * jax.random.normal(parent_key, shape),
            "own": jnp.zeros((embedding.structures, embedding.width)),
        }

    def apply(params: dict, codes: jax.Array, x: jax.Array) -> jax.Array:
        place, member = x[:features], x[features:]
        table = jnp.concatenate([params["parent"], params["own"]])
        seen = jnp.concatenate([embedding.scale * place, member @ table])
        return inner.apply(params["field"], codes, seen)

    def penalty(params: dict) -> jax.Array:
        own = embedding.penalty * jnp.sum(params["own"] ** 2)
        return own + inner.penalty(params["field"]) if inner.penalty else own

    def narrow(count: int) -> Narrowed:
        some = inner.narrow(count)
        return Narrowed(
            with_structures(some.conditioning, embedding, features), partial(take, some)
        )

    def take(some: Narrowed, params: dict, first: int) -> dict:
        if inner.networks == 1:  # the tables are those of all genes
            return {**params, "field": some.take(params["field"], first)}
        return some.take(params, first)

    return Conditioning(
        inner.networks,
        inner.outputs,
        init,
        apply,
        penalty,
        narrow if inner.narrow else None,
    )
