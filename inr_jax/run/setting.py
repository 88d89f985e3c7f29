"""One row of the table of settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Was(NamedTuple):
    """A mark: what a run was made with that is older than the setting."""

    value: bool | int | float | str


class Setting(NamedTuple):
    """A default, whose type all values have; its meaning, with unit and axes; a check.

    The check refuses what no run can use, None where any value will do; the marks are
    of PATH, NUMBER, ALONG and MAPS, and a `Was`.
    """

    default: bool | int | float | str
    meaning: str
    check: Callable[[str, Any], object] | None
    marks: tuple[str | Was, ...]

    @property
    def was(self) -> bool | int | float | str | None:
        """The value in a run that is older than the setting; None: nobody knows."""
        marks = (mark for mark in self.marks if isinstance(mark, Was))
        return next((mark.value for mark in marks), None)
