"""A network of its own for every gene, trained side by side: f_g(x) = net_g(x).

The per-gene recipe of the paper (arXiv 2506.11158).
"""

from __future__ import annotations

from inr_jax.conditioning.conditioning import Conditioning, FieldMaker


def make(make_field: FieldMaker, *, genes: int, features: int, code: int):
    """G networks with one output each; `code` is not used."""
    del code
    field = make_field(features=features, outputs=1)
    return Conditioning(genes, 1, field.init, lambda p, codes, x: field.apply(p, x))
