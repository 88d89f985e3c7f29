"""The protocol of all conditionings: how G genes share M networks.

Either one network gives all genes (M = 1, K = G) or each gene has one of its own
(M = G, K = 1). Networks have one shape, so that they are trained and rendered side by
side; gene g is output g % K of network g // K.

The parameters of a network are `{"shared": tree, "genes": tree}`: what all its genes
have in common, and arrays `(K, ...)` with a row a gene. A model of E members has
shared arrays `(E, ...)` and gene arrays `(E, G, ...)`, so that fewer genes are fewer
rows. A network of a single gene shares nothing.

Axis letters: G genes, M networks, K genes a network, E members, F features, C code
width.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import jax
import jax.numpy as jnp

from inr_jax.brain.space import Array
from inr_jax.errors import InputError
from inr_jax.fields.field import Field, Params


class FieldMaker(Protocol):
    """Makes a field of F features and K outputs, all else being settled."""

    def __call__(self, *, features: int, outputs: int) -> Field:
        """The field of these sizes."""
        ...


class Conditioning(NamedTuple):
    """M networks that together give G genes at a place.

    Attributes:
        networks: M.
        outputs: K.
        init: PRNG key to the params of one network.
        apply: (params of one network, its codes `(K, C)`, features `(F,)`) to values
            `(K,)`. K is that of the params and the codes, so that a part of the
            genes needs no other function. For one place; callers vmap.
        penalty: Params of one network to what the fit adds, divided by the number of
            wells, to its mean squared error; None adds nothing.
        code: C; 0 where genes need no codes.
        linear: Whether values are linear in the gene arrays (no constant beside them),
            so that maps of all genes are a product (`fields.factors`).
    """

    networks: int
    outputs: int
    init: Callable[[jax.Array], Params]
    apply: Callable[[Params, Array, Array], jax.Array]
    penalty: Callable[[Params], jax.Array] | None = None
    code: int = 0
    linear: bool = False

    @property
    def own(self) -> str:
        """Where a network's own parameters lie: "genes", where each gene has one."""
        return "shared" if self.networks == 1 else "genes"

    def networks_of(self, genes: int) -> int:
        """How many networks give so many of the genes."""
        return 1 if self.networks == 1 else genes


def rows_of_genes(params: Params, count: int) -> Params:
    """Split the gene arrays `(rows, genes, ...)` into rows of `count` genes each.

    From a model `(E, G, ...)` to networks `(E M, K, ...)` with K, and back with G.
    """
    genes = jax.tree.map(
        lambda leaf: leaf.reshape(-1, count, *leaf.shape[2:]), params["genes"]
    )
    return {**params, "genes": genes}


def value_of_gene(
    conditioning: Conditioning, params: Params, codes: Array, gene: Array, x: Array
) -> jax.Array:
    """The value `(1,)` of one of a network's K genes at a place, whatever K.

    Args:
        conditioning: The networks.
        params: Of one network.
        codes: `(K, C)` of its genes.
        gene: `()` which of them.
        x: `(F,)` features of the place.
    """
    row = jax.tree.map(lambda leaf: jnp.asarray(leaf)[gene][None], params["genes"])
    return conditioning.apply(
        {**params, "genes": row}, jnp.asarray(codes)[gene][None], x
    )


def check_shared(conditioning: Conditioning, where: str, why: str) -> None:
    """Refuse genes that have a network each, where one of all genes is needed.

    Args:
        conditioning: The networks.
        where: What needs it.
        why: Ends the sentence about such networks.

    Raises:
        InputError: They have.
    """
    if conditioning.networks != 1:
        raise InputError(
            where,
            expected="genes that share a network",
            found=f"a network of its own for every gene{why}",
            fix="fit with another conditioning.name",
        )
