"""What a setting may be: a range, one of some names, or text of a form.

A check is called with where a value stands and the value, and raises an InputError;
its `str` stands in the help.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from inr_jax.errors import InputError, unknown_name

BLOCKS_MM = (1.0, 100.0)  # least and largest side of a cube to hold out


class Range(NamedTuple):
    """Finite numbers from `low` to `high`, both included."""

    low: float
    high: float = math.inf

    def __call__(self, where: str, value: float) -> None:
        """Refuse a number out of the range, NaN and infinity."""
        if not self.low <= value <= self.high or math.isinf(value):
            expected, fix = str(self), "change it"
            raise InputError(where, expected=expected, found=str(value), fix=fix)

    def __str__(self) -> str:
        """The range in words."""
        if math.isinf(self.high):
            return f"at least {self.low}"
        return f"{self.low} to {self.high}"


class Names(NamedTuple):
    """One of these names."""

    known: tuple[str, ...]

    def __call__(self, where: str, value: str) -> None:
        """Refuse any other name; the error gives the nearest."""
        if value not in self.known:
            raise unknown_name(where, value, self.known)

    def __str__(self) -> str:
        """The names with bars between them."""
        return " | ".join(name or '""' for name in self.known)


def one_of(*names: str) -> Names:
    """A check for one of these names."""
    return Names(names)


def resolution(where: str, value: int) -> None:
    """Refuse a resolution, in mm, that the template does not have."""
    if value not in (1, 2, 3):
        fix = "or give a mask of your own with --config.render.mask"
        raise InputError(where, expected="1, 2 or 3", found=str(value), fix=fix)


def space_name(where: str, value: str) -> None:
    """Refuse a name of a space that cannot stand in a file name."""
    if value and not (value.isascii() and value.isalnum()):
        expected, fix = "letters and digits", "as MNI152NLin6Asym"
        raise InputError(where, expected=expected, found=repr(value), fix=fix)


def block_sides(where: str, value: str) -> tuple[float, ...]:
    """Sides in mm from "20,40"; none from "".

    Raises:
        InputError: A side is no number, is out of range, or stands there twice.
    """
    low, high = BLOCKS_MM
    cells = [cell.strip() for cell in value.split(",")] if value.strip() else []
    try:
        sides = tuple(float(cell) for cell in cells)
    except ValueError:
        sides = (math.nan,)
    names = {f"{side:g}" for side in sides}
    if all(low <= side <= high for side in sides) and len(names) == len(sides):
        return sides
    expected = f"different numbers from {low:g} to {high:g}, comma separated"
    fix = "write it as 20,40"
    raise InputError(where, expected=expected, found=repr(value), fix=fix)
