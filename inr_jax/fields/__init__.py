"""Fields by name: one architecture a file, one line here."""

from __future__ import annotations

from inr_jax.errors import unknown_name
from inr_jax.fields import siren
from inr_jax.fields.field import Field

FIELDS = {"siren": siren.make}


def make_field(name: str, *, features: int, outputs: int, **settings) -> Field:
    """The field of that name.

    Args:
        name: A key of `FIELDS`.
        features: F, the numbers that a place gives.
        outputs: K, the values wanted there.
        **settings: What the field's `make` takes besides.

    Raises:
        InputError: `name` is unknown; lists the known ones.
    """
    if name not in FIELDS:
        raise unknown_name("field.name", name, FIELDS)
    return FIELDS[name](features=features, outputs=outputs, **settings)


__all__ = ["FIELDS", "Field", "make_field"]
