"""One trunk for all genes, one linear output a gene: f_g(x) = a_g . trunk(x) + b_g.

Genes share what they have in common, so noise averages out; all of them cost about
as much as one.
"""

from __future__ import annotations

from collections.abc import Callable

import jax

from inr_jax.fields.conditioning.conditioning import Conditioning, FieldMaker, Narrowed
from inr_jax.fields.field import Field, Params


def make(make_field: FieldMaker, *, genes: int, features: int, code: int):
    """One network with G outputs; `code` is not used."""
    del code

    def of(outputs: int) -> Field:
        return make_field(features=features, outputs=outputs)

    return _trunk(of, genes)


def _trunk(of: Callable[[int], Field], genes: int) -> Conditioning:
    field = of(genes)

    def narrow(count: int) -> Narrowed:
        return Narrowed(_trunk(of, count), lambda p, first: take(p, first, count))

    def take(params: Params, first: int, count: int) -> Params:
        def cut(leaf: jax.Array, axis: int) -> jax.Array:
            if axis < 0:
                return leaf
            return jax.lax.dynamic_slice_in_dim(leaf, first, count, axis + 1)

        return jax.tree.map(cut, params, _output_axes(of, genes))

    return Conditioning(
        1, genes, field.init, lambda p, codes, x: field.apply(p, x), narrow=narrow
    )


def _output_axes(of: Callable[[int], Field], genes: int) -> Params:
    """Of each array of a network, the axis that grows with its outputs; -1 for none.

    Read off the shapes, so that no field has to say which of its layers is the last.
    """

    def axis(one: jax.ShapeDtypeStruct, more: jax.ShapeDtypeStruct) -> int:
        pairs = zip(one.shape, more.shape, strict=True)
        (grown,) = [a for a, (n, m) in enumerate(pairs) if n != m] or [-1]
        return grown

    key = jax.random.key(0)
    shapes = (jax.eval_shape(of(count).init, key) for count in (genes, genes + 1))
    return jax.tree.map(axis, *shapes)
