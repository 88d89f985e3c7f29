"""The settings of a run as a ConfigDict: made from the table, changed, checked, stored.

An experiment is a short diff: a file in configs/ has a `get_config()` that calls
`default()` and changes keys; on the command line, --config=FILE --config.fit.steps=100.
"""

from __future__ import annotations

import json
import os
import re
import textwrap
from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict

from inr_jax.errors import InputError, unknown_name
from inr_jax.run.setting_checks import Names, Range
from inr_jax.run.settings_table import CONSTANTS, FITTED, SECTIONS, TABLE

# How ml_collections says that a key is written or read and is not there.
UNKNOWN_KEY = re.compile(
    r"""Key "(\w+)" does not exist|instead of "(\w+)"|^"'(\w+)'"$"""
)


def default() -> ConfigDict:
    """The default run: the built-in phantom, the fit that scores best held out."""
    config = ConfigDict({section: {} for section in SECTIONS})
    for key, setting in TABLE.items():
        *section, name = key.split(".")
        (config[section[0]] if section else config)[name] = setting.default
    return config.lock()  # a mistyped key is an error, not a new setting


def flat(config: ConfigDict) -> dict[str, Any]:
    """Dotted key -> value, in the order of the alphabet."""
    return _flat(config.to_dict())


def _flat(tree: dict, prefix: str = "") -> dict[str, Any]:
    leaves: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        nested = isinstance(value, dict)
        leaves |= _flat(value, f"{name}.") if nested else {name: value}
    return leaves


def changed(
    config: ConfigDict, settings: Mapping[str, object], where: object = "settings"
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
        *section, name = key.split(".")
        try:
            if value is None:  # which ml_collections takes for any type
                raise TypeError
            value = os.fspath(value) if isinstance(value, os.PathLike) else value
            (copy[section[0]] if section else copy)[name] = value
        except TypeError as error:
            default = TABLE[key].default
            kind, fix = type(default).__name__, f"the default is {default!r}"
            at = f"{where}, {key}"
            raise InputError(at, expected=kind, found=repr(value), fix=fix) from error
    return copy


def unknown_setting(where: object, key: str) -> InputError:
    """The error for a key that is not in the table, or for its last part alone."""
    for constant, value in CONSTANTS.items():
        if key in (constant, constant.split(".")[-1]):
            fix = f"leave it out, it is a constant now: {value}"
            return InputError(where, expected="settings", found=constant, fix=fix)
    parts = set(".".join(TABLE).split("."))
    return unknown_name(str(where), key, TABLE if "." in key else parts | set(TABLE))


def unknown_key(error: BaseException) -> str:
    """The key that ml_collections misses, read or written; "" for other errors."""
    keys = UNKNOWN_KEY.search(str(error))
    return next(filter(None, keys.groups())) if keys else ""


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
    """Refuse what no run can use.

    Raises:
        InputError: An unknown choice, or a number out of range; names the key.
    """
    values = flat(config)
    for key, setting in TABLE.items():
        if setting.check:
            setting.check(f"config.{key}", values[key])


def to_json(config: ConfigDict) -> str:
    """The config as indented JSON, keys in the order of the alphabet."""
    return json.dumps(config.to_dict(), indent=2)


def from_json(text: str, where: object = "settings") -> ConfigDict:
    """The inverse of `to_json`; keys that a newer default added get its values.

    Raises:
        InputError: No settings of this version; constants of older ones may be there
            with the values that they have.
        ValueError: No JSON of an object.
    """
    tree = json.loads(text)
    if not isinstance(tree, dict):
        raise ValueError(f"{type(tree).__name__} instead of an object")
    stored = _flat(tree).items()
    kept = {key: value for key, value in stored if CONSTANTS.get(key, ...) != value}
    return changed(default(), kept, where)


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
    lines, section, indent = [], "", " " * 40
    for key, setting in TABLE.items():
        if key.split(".")[0] in SECTIONS and key.split(".")[0] != section:
            section = key.split(".")[0]
            lines += ["", f"{section}: {SECTIONS[section]}"]
        value, check = setting.default, setting.check
        text = str(value).lower() if value is True or value is False else value
        start = f"  {key} = {text or repr(text)}"
        allowed = f"; {check}" if isinstance(check, Range | Names) else ""
        meaning = textwrap.fill(setting.meaning + allowed, 48).splitlines()
        lines += [f"{start:<39} {meaning[0]}", *(indent + line for line in meaning[1:])]
    return "\n".join(lines)
