"""Conditionings by name: how a gene enters a field, one file each, one line here."""

from __future__ import annotations

from collections.abc import Callable

from inr_jax.fields.conditioning import (
    concat,
    film,
    heads,
    hyper,
    independent,
    low_rank,
    shift,
)
from inr_jax.fields.conditioning.conditioning import Conditioning, FieldMaker
from inr_jax.fields.conditioning.donors import DonorEmbedding, of_donors, with_donors
from inr_jax.fields.conditioning.latents import with_latents
from inr_jax.fields.conditioning.structures import StructureEmbedding, with_structures
from inr_jax.fields.registry import check_settings, settings_in

CONDITIONINGS: dict[str, Callable[..., Conditioning]] = {
    "heads": heads.make,
    "independent": independent.make,
    "concat": concat.make,
    "low_rank": low_rank.make,
    "shift": shift.make,
    "film": film.make,
    "hyper": hyper.make,
}

COMMON = ("make_field", "genes", "features")  # what every conditioning takes


def settings_of(name: str) -> tuple[str, ...]:
    """Names of the settings that the conditioning of that name takes.

    Raises:
        InputError: `name` is unknown; lists the known ones.
    """
    return settings_in(CONDITIONINGS, name, "conditioning", COMMON)


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
    check_settings(settings, settings_of(name), f"conditioning {name}")
    return CONDITIONINGS[name](make_field, genes=genes, features=features, **settings)


__all__ = [
    "CONDITIONINGS",
    "Conditioning",
    "DonorEmbedding",
    "FieldMaker",
    "StructureEmbedding",
    "make_conditioning",
    "of_donors",
    "settings_of",
    "with_donors",
    "with_latents",
    "with_structures",
]
