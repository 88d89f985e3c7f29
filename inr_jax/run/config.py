"""The settings of a run as a ConfigDict: made from the table, changed, checked, stored.

An experiment is a short diff: a file in configs/ has a `get_config()` that calls
`default()` and changes keys; on the command line, --config=FILE --config.fit.steps=100.
"""

from __future__ import annotations

import json
import logging
import os
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from inr_jax.errors import InputError, first_line, shortlist, unknown_name
from inr_jax.files.stored import contents, parsed
from inr_jax.run.setting_checks import Names, Plugged, Range
from inr_jax.run.settings_table import CONSTANTS, FITTED, SECTIONS, TABLE

log = logging.getLogger("inr_jax")


def default() -> ConfigDict:
    """The default run: the built-in phantom, the fit that scores best held out."""
    config = ConfigDict({section: {} for section in SECTIONS})
    config.update_from_flattened_dict({k: row.default for k, row in TABLE.items()})
    return config.lock()  # a mistyped key is an error, not a new setting


def flat(tree: ConfigDict | dict, prefix: str = "") -> dict[str, Any]:
    """Dotted key -> value."""
    leaves: dict[str, Any] = {}
    for key, value in tree.items():
        nested = isinstance(value, ConfigDict | dict)
        leaves |= flat(value, f"{prefix}{key}.") if nested else {prefix + key: value}
    return leaves


def changed(
    config: ConfigDict, settings: Mapping[str, Any], where: object = "settings"
) -> ConfigDict:
    """A copy of a config with other settings, each of a known key and of its type.

    Args:
        config: It stays as it is.
        settings: Dotted key -> value.
        where: The file or call they come from, to name in an error.

    Raises:
        InputError: An unknown key (names the nearest), a value of another type, a
            setting that is a constant now.
    """
    copy = config.copy_and_resolve_references()
    for key, value in settings.items():
        if key not in TABLE:
            raise unknown_setting(where, key)
        value = os.fspath(value) if isinstance(value, os.PathLike) else value
        default = TABLE[key].default
        try:
            if value is None:  # which ml_collections takes for any type
                raise TypeError
            copy.update_from_flattened_dict({key: value})
        except TypeError as error:
            kind, fix = type(default).__name__, f"the default is {default!r}"
            at = f"{where}, {key}"
            raise InputError(at, expected=kind, found=repr(value), fix=fix) from error
    return copy


def unknown_setting(where: object, key: str) -> InputError:
    """The error for a key that is no setting, or for its last part alone."""
    for constant, value in CONSTANTS.items():
        if key in (constant, constant.split(".")[-1]):
            fix = f"leave it out, it is a constant now: {value}"
            return InputError(where, expected="settings", found=constant, fix=fix)
    if key in SECTIONS:
        fix = f"name a setting, as {next(k for k in TABLE if k.startswith(key))}"
        found = f"{key} with a value of its own"
        return InputError(where, expected="a section", found=found, fix=fix)
    parts = set(".".join(TABLE).split("."))
    return unknown_name(str(where), key, TABLE if "." in key else parts | set(TABLE))


def with_settings(config: ConfigDict, **settings: object) -> ConfigDict:
    """A checked copy of a config, changed by keywords as `fit__steps=100`.

    Raises:
        InputError: An unknown key, or a value that no run can use.
    """
    dotted = {name.replace("__", "."): value for name, value in settings.items()}
    copy = changed(config, dotted)
    validate(copy)
    return copy


def validate(config: ConfigDict) -> None:
    """Raise InputError, which names the key, for a value that no run can use."""
    values = flat(config)
    for key, setting in TABLE.items():
        if setting.check:
            setting.check(f"config.{key}", values[key])


def to_json(config: ConfigDict) -> str:
    """The config as indented JSON, keys in the order of the alphabet."""
    return json.dumps(config.to_dict(), indent=2)


def from_json(text: str | bytes, where: object = "settings") -> ConfigDict:
    """The inverse of `to_json`; settings newer than the text are as they were then.

    Where the table does not say how they were (`Was`), they get today's defaults, and
    a warning says so.

    Raises:
        InputError: No settings of this version; constants of older ones may be there
            with the values that they have.
    """
    try:
        stored = flat(parsed(text, dict)).items()
    except (ValueError, RecursionError) as error:
        raise _no_settings(where, first_line(error)) from error
    kept = {key: value for key, value in stored if CONSTANTS.get(key, ...) != value}
    return changed(default(), _before(kept) | kept, where)


def _before(stored: Mapping[str, Any]) -> dict[str, Any]:
    """What a run had of the settings that are newer than it; says where it guesses."""
    newer = [key for key in TABLE if key not in stored and _matters(key)]
    unknown = [f"{key} ({TABLE[key].default!r})" for key in newer if not _was(key)]
    if unknown:
        why = "settings of an older version lack %s: taken as today's defaults"
        log.warning(why, shortlist(unknown))
    return {key: TABLE[key].was for key in newer if _was(key)}


def _matters(key: str) -> bool:
    return key.split(".")[0] in (*FITTED, "anatomy", "evaluate")


def _was(key: str) -> bool:
    return TABLE[key].was is not None


def read(path: Path) -> ConfigDict:
    """The settings in a workdir's config.json.

    Raises:
        InputError: As for `from_json`; or the file cannot be read.
    """
    try:
        text = contents(path)
    except (OSError, ValueError) as error:
        raise _no_settings(path, first_line(error)) from error
    return from_json(text, path)


def _no_settings(where: object, found: str) -> InputError:
    expected, fix = "the settings of a run", "give --config or another --workdir"
    return InputError(where, expected=expected, found=found, fix=fix)


def differing_fit_keys(one: ConfigDict, other: ConfigDict) -> list[str]:
    """Keys a fit depends on whose values differ, as "key: one -> other"."""
    before, after = flat(one), flat(other)
    return [
        f"{key}: {before[key]!r} -> {after[key]!r}"
        for key in sorted(TABLE)
        if key.split(".")[0] in FITTED and before[key] != after[key]
    ]


def describe() -> str:
    """Every setting with its default, meaning and allowed values, for the help."""
    lines, previous = [], "seed"
    for key, (value, meaning, check, _) in TABLE.items():
        section = key.split(".")[0]
        if section != previous:
            lines += ["", f"{section}: {SECTIONS[section]}"]
        previous = section
        shown = str(value).lower() if isinstance(value, bool) else value or repr(value)
        allowed = f"; {check}" if isinstance(check, Range | Names | Plugged) else ""
        first, *rest = textwrap.wrap(meaning + allowed, 48)
        lines += [f"  {key + ' = ' + str(shown):<37} {first}"]
        lines += [" " * 40 + line for line in rest]
    return "\n".join(lines)
