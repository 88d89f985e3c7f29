"""The command line's flags: --workdir, --config=FILE and --config.KEY=VALUE.

One absl flag for each key of the default, so that types are checked and a mistyped
key is answered with the nearest known one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from absl import flags
from ml_collections import ConfigDict

from inr_jax.errors import InputError, first_line, unknown_name
from inr_jax.run import config as settings
from inr_jax.run.user_file import opened

DEFINERS = {
    bool: flags.DEFINE_boolean,
    int: flags.DEFINE_integer,
    float: flags.DEFINE_float,
    str: flags.DEFINE_string,
}
PREFIX = "config."
PATHS = (
    "source.path",
    "render.mask",
    "ahba.data_dir",
    "compare.atlas",
    "compare.atlas_info",
    "anatomy.atlas",
    "anatomy.atlas_info",
    "anatomy.crosswalk",
)
# How ml_collections tells of a key that is written or read and is not there.
UNKNOWN_KEY = re.compile(
    r"""Key "(\w+)" does not exist|instead of "(\w+)"|^"'(\w+)'"$"""
)


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
    arguments: Sequence[str],
    own: Sequence[str] = (),
    *,
    needs_workdir: bool = False,
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
    for key, value in settings.flat(settings.default()).items():
        DEFINERS[type(value)](PREFIX + key, None, "", flag_values=values)
    rest = _parse(values, arguments)
    if rest:
        fix = "write flags as --name=value"
        raise InputError(
            "command line", expected="flags alone", found=repr(rest[0]), fix=fix
        )
    if not values.workdir and (needs_workdir or not own):
        raise InputError(
            "--workdir",
            expected="a folder for results",
            found="none",
            fix="add --workdir=DIR",
        )
    workdir = _path(values.workdir) if values.workdir else None
    config = _base(values.config, workdir)
    for name in values:
        if name.startswith(PREFIX) and values[name].present:
            key, value = name.removeprefix(PREFIX), values[name].value
            _set(config, key, _found(value) if key in PATHS else value)
    return Call(workdir, config, {name: values[name].value for name in own})


def _parse(values: flags.FlagValues, arguments: Sequence[str]) -> list[str]:
    try:
        return values(["inr-jax", *arguments])[1:]
    except flags.UnrecognizedFlagError as error:
        known = [name for name in values if not name.startswith("no")]
        raise unknown_name("command line", f"--{error.flagname}", _dashed(known)) from (
            error
        )
    except flags.Error as error:
        raise InputError(
            "command line",
            expected="a value of the setting's type",
            found=str(error),
            fix="see the default in inr_jax/config.py",
        ) from error


def _dashed(names: list[str]) -> list[str]:
    return [f"--{name}" for name in names]


def _path(text: str) -> Path:
    """A path; a shell leaves the ~ of --flag=~/file as it is."""
    return Path(text).expanduser()


def _found(text: str) -> str:
    """A path to what is there, good from any folder; the name of an atlas as it is."""
    if not text:
        return text
    path = _path(text)
    return str(path.absolute() if path.exists() else path)


def _base(path: str | None, workdir: Path | None) -> ConfigDict:
    if path:
        return load_config(_path(path))
    if workdir and (workdir / "config.json").is_file():
        return load_stored(workdir / "config.json")
    return settings.default()


def load_stored(path: Path) -> ConfigDict:
    """The settings that a run left in its workdir.

    Raises:
        InputError: It is no JSON of settings.
    """
    try:
        tree = json.loads(path.read_text())
        return _completed(ConfigDict(tree), path)
    except InputError:
        raise
    except (OSError, AttributeError, TypeError, ValueError) as error:
        raise InputError(
            path,
            expected="the settings of a run",
            found=first_line(error),
            fix="give --config=FILE or another --workdir",
        ) from error


def load_config(path: Path) -> ConfigDict:
    """The `get_config()` of a Python file.

    Raises:
        InputError: No such file, no such function, it fails, or it sets a key that
            the default has not.
    """

    def fail(found: str) -> InputError:
        fix = "see configs/ for examples"
        return InputError(
            path, expected="a file with get_config()", found=found, fix=fix
        )

    run = opened(path, fail)
    try:
        config = run().get_config()
    except InputError:
        raise
    except (Exception, SystemExit) as error:  # the file is the user's own code
        unknown = UNKNOWN_KEY.search(str(error))
        if unknown:
            known = ".".join(settings.flat(settings.default())).split(".")
            name = next(filter(None, unknown.groups()))
            raise unknown_name(str(path), name, set(known)) from error
        raise fail(f"{type(error).__name__}: {first_line(error)}") from error
    if not isinstance(config, ConfigDict):
        raise fail(f"one that returns {type(config).__name__}, not a ConfigDict")
    return _completed(config, path)


def _completed(config: ConfigDict, where: Path) -> ConfigDict:
    """The default with these settings, each of a known key and of its type."""
    complete = settings.default()
    known = settings.flat(complete)
    for key, value in settings.flat(config).items():
        if key not in known:
            raise unknown_name(str(where), key, known)
        try:
            if value is None:  # which ml_collections takes for any type
                raise TypeError
            _set(complete, key, value)
        except TypeError as error:
            raise InputError(
                f"{where}, {key}",
                expected=type(known[key]).__name__,
                found=repr(value),
                fix=f"the default is {known[key]!r}",
            ) from error
    return complete


def _set(config: ConfigDict, key: str, value: object) -> None:
    *path, name = key.split(".")
    for part in path:
        config = config[part]
    config[name] = value
