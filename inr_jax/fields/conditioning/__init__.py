"""Conditionings by name: how a gene enters a field, one file each, one line here."""

from __future__ import annotations

from collections.abc import Callable

from inr_jax.errors import unknown_name
from inr_jax.fields.conditioning import concat, heads, independent, low_rank
from inr_jax.fields.conditioning.conditioning import Conditioning, FieldMaker
from inr_jax.fields.conditioning.structures import StructureEmbedding, with_structures

CONDITIONINGS: dict[str, Callable[..., Conditioning]] = {
    "heads": heads.make,
    "independent": independent.make,
    "concat": concat.make,
    "low_rank": low_rank.make,
}


def make_conditioning(
    name: str,
    make_field: FieldMaker,
    *,
    genes: int,
    features: int,
    code: int,
    rank: int = 8,
) -> Conditioning:
    """The conditioning of that name.

    Args:
        name: A key of `CONDITIONINGS`.
        make_field: Makes a field of given features and outputs.
        genes: G.
        features: F of a place.
        code: C, width of a gene's code.
        rank: Patterns of `low_rank`; the others need none.

    Raises:
        InputError: `name` is unknown; lists the known ones.
    """
    if name not in CONDITIONINGS:
        raise unknown_name("conditioning.name", name, CONDITIONINGS)
    sizes = {"genes": genes, "features": features, "code": code}
    if name == "low_rank":
        sizes["rank"] = rank
    return CONDITIONINGS[name](make_field, **sizes)


__all__ = [
    "CONDITIONINGS",
    "Conditioning",
    "FieldMaker",
    "StructureEmbedding",
    "make_conditioning",
    "with_structures",
]
