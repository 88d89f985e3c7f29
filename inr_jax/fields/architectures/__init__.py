"""Fields by name: one architecture a file, one line here."""

from __future__ import annotations

from collections.abc import Callable

from inr_jax.fields.architectures import gauss, mfn, oinr, relu, siren, wire
from inr_jax.fields.field import Field
from inr_jax.fields.numerics.precision import EXACT
from inr_jax.fields.registry import check_settings, maker_of, settings_in

FIELDS: dict[str, Callable[..., Field]] = {
    "siren": siren.make,
    "wire": wire.make,
    "wire2d": wire.make_2d,
    "gauss": gauss.make,
    "mfn": mfn.make,
    "relu": relu.make,
    "oinr": oinr.make,
}


GROUP = "inr_jax.fields"  # of entry points, by which packages bring more
COMMON = ("features", "outputs", "precision")  # what every field takes


def settings_of(name: str) -> tuple[str, ...]:
    """Names of the settings that the field of that name takes.

    Raises:
        InputError: `name` is unknown; lists the known ones.
    """
    return settings_in(FIELDS, name, "field", COMMON, GROUP)


def make_field(
    name: str, *, features: int, outputs: int, precision: str = EXACT, **settings
) -> Field:
    """The field of that name.

    Args:
        name: A key of `FIELDS`, or the name of an entry point.
        features: F, the numbers that a place gives; its 3 coordinates come first.
        outputs: K, the values wanted there.
        precision: Of products behind the first layer, one of `precision.PRECISIONS`.
        **settings: What the field's `make` takes besides: `settings_of(name)`.

    Raises:
        InputError: `name` or a setting is unknown; lists the known ones.
    """
    check_settings(settings, settings_of(name), f"field {name}")
    return maker_of(FIELDS, name, "field.name", GROUP)(
        features=features, outputs=outputs, precision=precision, **settings
    )


__all__ = ["FIELDS", "Field", "make_field", "settings_of"]
