"""The protocol of all conditionings: how G genes share M networks.

A conditioning turns a maker of fields into M networks of K genes each, M K = G, all
of one shape, so that they are trained and rendered side by side. Gene g is output
g % K of network g // K.

Axis letters: G genes, M networks, K genes a network, F features, C code width.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import jax

from inr_jax.fields.field import Field, Params


class FieldMaker(Protocol):
    """Makes a field of F features and K outputs, all else being settled."""

    def __call__(self, *, features: int, outputs: int) -> Field: ...


class Narrowed(NamedTuple):
    """Some genes in a row, of a conditioning that gives more.

    Attributes:
        conditioning: Of so many genes; its codes are the rows of theirs.
        take: (params with a leading axis of E M networks, first gene) to the params
            that give these genes, with the leading axis of the narrower networks.
            Under jit the first gene may be traced; it must leave room for all.
    """

    conditioning: Conditioning
    take: Callable[[Params, int], Params]


class Conditioning(NamedTuple):
    """M networks that together give G genes at a point.

    Attributes:
        networks: M.
        outputs: K.
        init: PRNG key to the params of one network.
        apply: (params of one network, codes `(G, C)`, features `(F,)`) to `(K,)`.
            For one point; callers vmap.
        penalty: Params of one network to what the fit adds, divided by the number of
            wells, to its mean squared error; None adds nothing.
        narrow: A number of genes to the networks that give so many in a row, with
            the values of the whole; None where genes cannot be taken apart.
    """

    networks: int
    outputs: int
    init: Callable[[jax.Array], Params]
    apply: Callable[[Params, jax.Array, jax.Array], jax.Array]
    penalty: Callable[[Params], jax.Array] | None = None
    narrow: Callable[[int], Narrowed] | None = None
