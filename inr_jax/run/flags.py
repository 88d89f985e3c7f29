"""The command line's flags: --workdir, --config=FILE and --config.KEY=VALUE.

One absl flag for each setting of the table, so that types are checked. (The flags of
ml_collections for a ConfigDict need its file first, and take a second parse.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from absl import flags
from ml_collections import ConfigDict

from inr_jax.errors import InputError, unknown_name
from inr_jax.run import config as settings
from inr_jax.run.settings_table import PATH, TABLE
from inr_jax.run.shipped_configs import find
from inr_jax.run.user_file import EXAMPLES, returned

DEFINERS: dict[type, Callable[..., Any]] = {
    bool: flags.DEFINE_boolean,
    int: flags.DEFINE_integer,
    float: flags.DEFINE_float,
    str: flags.DEFINE_string,
}
WHERE, PREFIX = "command line", "config."


class Call(NamedTuple):
    """What the command line asks for.

    Attributes:
        workdir: Folder of the run; None where the verb can do without.
        config: The settings: file or workdir or default, then overrides.
        own: The verb's own flags; None for one not given.
    """

    workdir: Path | None
    config: ConfigDict
    own: dict[str, str | None]


def parse(
    arguments: Sequence[str], own: Sequence[str] = (), *, needs_workdir: bool = False
) -> Call:
    """Flags to a call.

    Args:
        arguments: What stands behind the verb.
        own: Names of the verb's own flags.
        needs_workdir: Whether a verb with flags of its own needs a workdir, too.

    Raises:
        InputError: An unknown flag or key, a value of another type, no workdir, a
            config file that is missing or broken.
    """
    values = flags.FlagValues()
    for name in ("workdir", "config", *own):
        flags.DEFINE_string(name, None, "", flag_values=values)
    for key, setting in TABLE.items():
        DEFINERS[type(setting.default)](PREFIX + key, None, "", flag_values=values)
    _read(values, arguments)
    if not values.workdir and (needs_workdir or not own):
        expected, fix = "a folder for results", "add --workdir=DIR"
        raise InputError("--workdir", expected=expected, found="none", fix=fix)
    workdir = Path(values.workdir).expanduser() if values.workdir else None
    given = {key: values[PREFIX + key] for key in TABLE if values[PREFIX + key].present}
    overrides = {
        key: _absolute(flag.value) if PATH in TABLE[key].marks else flag.value
        for key, flag in given.items()
    }
    config = settings.changed(_base(values.config, workdir), overrides, WHERE)
    return Call(workdir, config, {name: values[name].value for name in own})


def _read(values: flags.FlagValues, arguments: Sequence[str]) -> None:
    expected, fix = "a value of the setting's type", "see `inr-jax run --help`"
    try:
        rest = values(["inr-jax", *arguments])[1:]
    except flags.UnrecognizedFlagError as error:
        key = error.flagname.removeprefix(PREFIX)
        if key in settings.CONSTANTS:
            raise settings.unknown_setting(WHERE, key) from error
        known = [f"--{name}" for name in values if not name.startswith("no")]
        raise unknown_name(WHERE, f"--{error.flagname}", known) from error
    except flags.Error as error:
        raise InputError(WHERE, expected=expected, found=str(error), fix=fix) from error
    if rest:
        fix, found = "write flags as --name=value", repr(rest[0])
        raise InputError(WHERE, expected="flags alone", found=found, fix=fix)


def _absolute(text: Any) -> str:
    """A path to what is there, good from any folder; the name of an atlas as it is.

    A shell leaves the ~ of --flag=~/file as it is.
    """
    path = Path(text).expanduser()
    return str(path.absolute() if path.exists() else path) if text else text


def _base(name: str | None, workdir: Path | None) -> ConfigDict:
    """The settings of a file, else of a run in the workdir, else the default ones."""
    if name:
        return load_config(find("--config", name))
    stored = workdir / "config.json" if workdir else None
    if stored and stored.exists():
        return settings.read(stored)
    return settings.default()


def load_config(path: Path) -> ConfigDict:
    """The settings that the `get_config()` of a Python file returns.

    Raises:
        InputError: No such file or function, it fails, or it sets what is no setting.
    """
    expected = "a file with get_config()"
    config = returned(path, "get_config", expected)
    if not isinstance(config, ConfigDict):
        found = f"one that returns {type(config).__name__}, not a ConfigDict"
        raise InputError(path, expected=expected, found=found, fix=EXAMPLES)
    return settings.changed(settings.default(), settings.flat(config), path)
