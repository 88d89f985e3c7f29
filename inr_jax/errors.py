"""A user's mistake in one line: where, what was expected, what was found, the fix."""

from __future__ import annotations

from collections.abc import Iterable

MOST_LISTED = 12  # names in one line; a longer table is not spelled out


class InputError(ValueError):
    """Bad input; the command line prints it as one line and exits with status 2.

    Args:
        where: The file, setting or column that is at fault.
        expected: What would have been right.
        found: What was there instead.
        fix: What the user can do about it.
    """

    def __init__(self, where: object, *, expected: str, found: str, fix: str) -> None:
        self.where, self.expected, self.found, self.fix = where, expected, found, fix
        message = f"{where}: expected {expected}, found {found}; {fix}"
        super().__init__(" ".join(message.split()))


def shortlist(items: Iterable[object], most: int = 5) -> str:
    """The first few of `items`, comma separated, with a count of the rest."""
    names = [str(item) for item in items]
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def unknown_name(where: str, name: object, known: Iterable[object]) -> InputError:
    """The error for a name that is not in a table; names the nearest known one."""
    import difflib

    names = sorted(str(item) for item in known)
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.0)
    few = len(names) <= MOST_LISTED
    return InputError(
        where,
        expected=f"one of {', '.join(names)}" if few else "a known name",
        found=repr(name),
        fix=f"did you mean {near[0]!r}?" if near else "choose a known name",
    )


def first_line(error: BaseException) -> str:
    """The first line of an error's message; its type where there is no message."""
    return (str(error) or type(error).__name__).splitlines()[0]
