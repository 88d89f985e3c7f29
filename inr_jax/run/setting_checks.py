"""What a setting may be; a check is called with where a value stands and the value.

It raises an InputError; its `str` stands in the help.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from inr_jax.errors import InputError, unknown_name


class Range(NamedTuple):
    """Finite numbers from `low` to `high`, both included."""

    low: float
    high: float = math.inf

    def __call__(self, where: str, value: float) -> None:
        """Refuse a number out of the range, NaN and infinity."""
        if not self.low <= value <= self.high or math.isinf(value):
            fix = "change it"
            raise InputError(where, expected=str(self), found=str(value), fix=fix)

    def __str__(self) -> str:
        """The range in words."""
        least = math.isinf(self.high)
        return f"at least {self.low}" if least else f"{self.low} to {self.high}"


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


class Plugged(NamedTuple):
    """One of these names, or one that an installed package brings."""

    known: list[str]
    group: str = "inr_jax.conditionings"  # of entry points

    def __call__(self, where: str, value: str) -> None:
        """Refuse any other name; the error gives the nearest."""
        if value in self.known:
            return
        from importlib.metadata import entry_points

        brought = [point.name for point in entry_points(group=self.group)]
        if value not in brought:
            raise unknown_name(where, value, [*self.known, *brought])

    def __str__(self) -> str:
        """The names of this package with bars between them."""
        return " | ".join(self.known)


class Form(NamedTuple):
    """What is written as a regular expression says; `expected` says it in words."""

    pattern: str
    expected: str
    fix: str

    def __call__(self, where: str, value: object) -> None:
        """Refuse what is written otherwise."""
        if not re.fullmatch(self.pattern, str(value)):
            found = repr(value)
            raise InputError(where, expected=self.expected, found=found, fix=self.fix)


def block_sides(where: str, value: str) -> tuple[float, ...]:
    """Sides of cubes to hold out, mm, from "20,40"; none from "".

    Raises:
        InputError: A side is no number, is out of range, or stands there twice.
    """
    try:
        sides = tuple(map(float, value.split(","))) if value.strip() else ()
    except ValueError:
        sides = (math.nan,)
    different = len({f"{side:g}" for side in sides}) == len(sides)
    if different and all(1 <= side <= 100 for side in sides):
        return sides
    expected, fix = "different numbers from 1 to 100, comma separated", "as 20,40"
    raise InputError(where, expected=expected, found=repr(value), fix=fix)


def depths(where: str, value: str) -> tuple[float, ...]:
    """Depths of cortex from "0.25,0.5,0.75", 0 at white matter and 1 at the pia.

    Raises:
        InputError: One is no number from 0 to 1, or stands there twice.
    """
    try:
        numbers = tuple(float(part) for part in value.split(","))
    except ValueError:
        numbers = ()
    different = len(set(numbers)) == len(numbers)
    if numbers and different and all(0 <= number <= 1 for number in numbers):
        return numbers
    expected, fix = "different numbers from 0 (white) to 1 (pial)", "as 0.25,0.5,0.75"
    raise InputError(where, expected=expected, found=repr(value), fix=fix)
