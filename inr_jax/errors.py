"""A user's mistake in one line: where, what was expected, what was found, the fix."""

from __future__ import annotations

from collections.abc import Iterable

MOST_LISTED = 12  # names in one line; a longer table is not spelled out
ALIKE = 0.6  # of difflib's ratio, 0 to 1; a name less alike is no help
LONGEST = 120  # letters of a name that a line repeats
LONGEST_PART = 400  # letters of what was expected, of what was found, of the fix


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
        expected, found, fix = (
            clipped(" ".join(part.split()), LONGEST_PART)
            for part in (expected, found, fix)
        )
        message = f"{where}: expected {expected}, found {found}; {fix}"
        super().__init__(printable(" ".join(message.split())))


def printable(text: str) -> str:
    """Text whose control and invisible characters are written out as escapes.

    A name in a file can neither move a terminal's cursor nor begin a line of its own.
    """
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode() for c in text
    )


def clipped(text: str, most: int = LONGEST) -> str:
    """The first letters of a text, three dots in the place of the rest."""
    return text if len(text) <= most else text[: most - 3] + "..."


def shortlist(items: Iterable[object], most: int = 5) -> str:
    """The first few of `items`, comma separated, with a count of the rest."""
    names = [clipped(str(item)) for item in items]
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def unknown_name(where: str, name: object, known: Iterable[object]) -> InputError:
    """The error for a name that is not in a table; names the nearest if one is near."""
    names = sorted(str(item) for item in known)
    few = len(names) <= MOST_LISTED
    listed = (
        f"choose one, as {shortlist(names)}" if names else "there is none to choose"
    )
    return InputError(
        where,
        expected=f"one of {', '.join(names)}" if few else "a known name",
        found=clipped(repr(name)),
        fix=did_you_mean(name, names) or ("choose one of these" if few else listed),
    )


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """A question that names the known name most like another; "" where none is near."""
    import difflib

    by_lower = {text.casefold(): text for text in known}
    text = str(name)[:LONGEST].casefold()
    near = difflib.get_close_matches(text, by_lower, n=1, cutoff=ALIKE)
    return f"did you mean {by_lower[near[0]]!r}?" if near else ""


def first_line(error: BaseException) -> str:
    """The first line of an error's message; its type where there is no message."""
    return (str(error) or type(error).__name__).splitlines()[0]
