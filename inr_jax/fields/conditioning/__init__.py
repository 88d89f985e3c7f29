"""Conditionings by name: how a gene enters a field, one file each, one line here."""

from __future__ import annotations

import inspect
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

COMMON = ("make_field", "genes", "features")  # what every conditioning takes


def settings_of(name: str) -> tuple[str, ...]:
    """Names of the settings that the conditioning of that name takes.

    Raises:
        InputError: `name` is unknown; lists the known ones.
    """
    if name not in CONDITIONINGS:
        raise unknown_name("conditioning.name", name, CONDITIONINGS)
    names = inspect.signature(CONDITIONINGS[name]).parameters
    return tuple(key for key in names if key not in COMMON)


def make_conditioning(
    name: str, make_field: FieldMaker, *, genes: int, features: int, **settings: int
) -> Conditioning:
    """The conditioning of that name.

    Args:
        name: A key of `CONDITIONINGS`.
        make_field: Makes a field of given features and outputs.
        genes: G.
        features: F of a place.
        **settings: What its `make` takes besides: `settings_of(name)`.

    Raises:
        InputError: `name` or a setting is unknown; lists the known ones.
    """
    known = settings_of(name)
    for key in settings:
        if key not in known:
            raise unknown_name(f"settings of conditioning {name}", key, known)
    return CONDITIONINGS[name](make_field, genes=genes, features=features, **settings)


__all__ = [
    "CONDITIONINGS",
    "Conditioning",
    "FieldMaker",
    "StructureEmbedding",
    "make_conditioning",
    "settings_of",
    "with_structures",
]
