"""One trunk for all genes, one linear output a gene: f_g(x) = a_g . trunk(x) + b_g.

Genes share what they have in common, so noise averages out; all of them cost about
as much as one.
"""

from __future__ import annotations

from inr_jax.conditioning.conditioning import Conditioning, FieldMaker


def make(make_field: FieldMaker, *, genes: int, features: int, code: int):
    """One network with G outputs; `code` is not used."""
    del code
    field = make_field(features=features, outputs=genes)
    return Conditioning(1, genes, field.init, lambda p, codes, x: field.apply(p, x))
