"""Holding what somebody else wrote to its protocol: how a broken rule is told."""

from __future__ import annotations

from collections.abc import Callable

from inr_jax.errors import InputError, first_line


def refuse_broken(
    broken_rule: Callable[[], str], where: object, *, rules: str, page: str
) -> None:
    """Refuse what breaks a rule of its protocol, or fails while it is tried.

    Args:
        broken_rule: Tries it; says which rule is broken, "" for none.
        where: Its file or entry point, to name in an error.
        rules: The protocol in a line.
        page: Of the documentation, which tells more.

    Raises:
        InputError: Says which rule.
    """
    try:
        rule = broken_rule()
    except Exception as error:  # it is somebody else's code
        rule = f"one that fails: {type(error).__name__}: {first_line(error)}"
    if rule:
        raise InputError(where, expected=rules, found=rule, fix=f"see {page}")
