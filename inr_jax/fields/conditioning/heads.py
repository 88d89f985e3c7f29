"""One trunk for all genes, one linear output a gene: f_g(x) = a_g . trunk(x) + b_g.

Genes share what they have in common, so noise averages out; all of them cost about
as much as one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import jax
import jax.numpy as jnp
from flax.traverse_util import flatten_dict, unflatten_dict

from inr_jax.brain.space import Array
from inr_jax.fields.conditioning.conditioning import Conditioning, FieldMaker
from inr_jax.fields.field import Field, Params


def make(make_field: FieldMaker, *, genes: int, features: int) -> Conditioning:
    """One network with G outputs."""

    def of(outputs: int) -> Field:
        return make_field(features=features, outputs=outputs)

    @cache
    def axes() -> dict[tuple, int]:
        return _output_axes(of, genes)

    def init(key: jax.Array) -> Params:
        leaves, of_genes = flatten_dict(of(genes).init(key)), axes()
        rows = {path: jnp.moveaxis(leaves[path], a, 0) for path, a in of_genes.items()}
        shared = {path: leaves[path] for path in leaves if path not in of_genes}
        return {"shared": unflatten_dict(shared), "genes": unflatten_dict(rows)}

    def apply(params: Params, codes: Array, x: Array) -> jax.Array:
        del codes
        rows, leaves = flatten_dict(params["genes"]), flatten_dict(params["shared"])
        leaves |= {path: jnp.moveaxis(rows[path], 0, a) for path, a in axes().items()}
        outputs = len(next(iter(rows.values())))
        return of(outputs).apply(unflatten_dict(leaves), x)

    return Conditioning(1, genes, init, apply, linear=True)


def _output_axes(of: Callable[[int], Field], genes: int) -> dict[tuple, int]:
    """Arrays of a network that grow with its outputs, by path, and along which axis.

    Read off the shapes, so that no field has to say which of its layers is the last.
    """
    key = jax.random.key(0)
    shapes, more = (
        flatten_dict(jax.eval_shape(of(count).init, key))
        for count in (genes, genes + 1)
    )
    axes = {}
    for path, leaf in shapes.items():
        pairs = zip(leaf.shape, more[path].shape, strict=True)
        grown = [axis for axis, (n, m) in enumerate(pairs) if n != m]
        if grown:
            (axes[path],) = grown
    return axes
