"""A field that sees structures: an embedding of their names beside the place.

    e = membership_parent . parent + membership_structure . structure
    f(x, names) = net([scale x, e])

Both tables are learned, by each network its own. Parents start apart, N(0, spread^2);
what a structure adds to its parent starts at 0 and is held there by

    penalty |structure|^2 / wells      (added to the mean squared error),

minus the logarithm of a normal prior, up to a factor. So a rare structure borrows
from its parent, and one never seen is its parent.

Axis letters: F features of a place, A memberships (P parents, then S structures),
W width of the embedding.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from inr_jax.brain.space import Array
from inr_jax.fields.conditioning.conditioning import Conditioning
from inr_jax.fields.field import Params


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
    each = inner.own

    def init(key: jax.Array) -> Params:
        inner_key, parent_key = jax.random.split(key)
        params = inner.init(inner_key)
        # At least one row, which stays unused where there is no parent or no
        # structure: an array without numbers has no side that follows from another,
        # and cannot be stored in a checkpoint.
        shape = (max(embedding.parents, 1), embedding.width)
        rows = max(embedding.structures, 1)
        tables = {
            "parent": embedding.spread * jax.random.normal(parent_key, shape),
            "structure": jnp.zeros((rows, embedding.width)),
        }
        if each == "genes":
            tables = {name: table[None] for name, table in tables.items()}
        return {**params, each: {"inner": params[each], **tables}}

    def opened(params: Params) -> tuple[Params, jax.Array, jax.Array]:
        """The params of `inner`, and the tables of one network."""
        parent, structure = params[each]["parent"], params[each]["structure"]
        if each == "genes":
            parent, structure = jnp.squeeze(parent, 0), jnp.squeeze(structure, 0)
        return {**params, each: params[each]["inner"]}, parent, structure

    def apply(params: Params, codes: Array, x: Array) -> jax.Array:
        place, membership = x[:features], x[features:]
        params, parent, structure = opened(params)
        tables = parent[: embedding.parents], structure[: embedding.structures]
        e = membership @ jnp.concatenate(tables)
        x = jnp.concatenate([embedding.scale * place, e])
        return inner.apply(params, codes, x)

    def penalty(params: Params) -> jax.Array:
        params, _, structure = opened(params)
        value = embedding.penalty * jnp.sum(structure**2)
        return value + inner.penalty(params) if inner.penalty else value

    return inner._replace(init=init, apply=apply, penalty=penalty)
