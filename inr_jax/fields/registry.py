"""Tables of makers by name, whose settings are the arguments of a maker.

What all makers of a table take (sizes, precision) is not a setting.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping

from inr_jax.errors import InputError, first_line, unknown_name


def maker_of(
    table: Mapping[str, Callable], name: str, where: str, group: str = ""
) -> Callable:
    """The maker of that name: of this package, or that an installed one brings.

    Args:
        table: Makers by name.
        name: A key of the table, or the name of an entry point.
        where: The setting, to name in an error.
        group: Of entry points; "" has none.

    Raises:
        InputError: `name` is unknown; lists the known ones.
    """
    if name in table:
        return table[name]
    brought = plugged(group) if group else {}
    if name not in brought:
        raise unknown_name(where, name, [*table, *brought])
    return brought[name]


def settings_in(
    table: Mapping[str, Callable],
    name: str,
    kind: str,
    common: Collection[str],
    group: str = "",
) -> tuple[str, ...]:
    """Names of the settings that the maker of that name takes.

    Args:
        table: Makers by name.
        name: A key of the table, or the name of an entry point.
        kind: What the makers make, "field", to name in an error.
        common: Arguments that all makers of the table take.
        group: Of entry points; "" has none.

    Raises:
        InputError: `name` is unknown; lists the known ones.
    """
    arguments = inspect.signature(maker_of(table, name, f"{kind}.name", group))
    return tuple(key for key in arguments.parameters if key not in common)


def check_settings(
    settings: Collection[str], known: Collection[str], where: str
) -> None:
    """Refuse a setting that a maker does not take.

    Raises:
        InputError: A setting is unknown; lists the known ones.
    """
    for key in settings:
        if key not in known:
            raise unknown_name(f"settings of {where}", key, known)


def plugged(group: str) -> dict[str, Callable]:
    """Makers that installed packages bring, by name.

    Args:
        group: Of entry points: `inr_jax.fields`, `inr_jax.conditionings`,
            `inr_jax.codes`; each names a `make` as those of this package.

    Raises:
        InputError: One cannot be imported.
    """
    from importlib.metadata import entry_points

    makers = {}
    for point in entry_points(group=group):
        try:
            makers[point.name] = point.load()
        except Exception as error:  # it is somebody else's code
            raise InputError(
                f"entry point {point.name!r} of {group}",
                expected="one that can be imported",
                found=f"{type(error).__name__}: {first_line(error)}",
                fix="mend or uninstall the package that brings it",
            ) from error
    return makers
