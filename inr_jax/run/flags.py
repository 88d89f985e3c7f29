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
from inr_jax.files.reading import is_there, user_path
from inr_jax.run import config as settings
from inr_jax.run.settings_table import PATH, PATHS, TABLE
from inr_jax.run.shipped_configs import find
from inr_jax.run.user_file import EXAMPLES, returned

DEFINERS: dict[type, Callable[..., Any]] = {
    bool: flags.DEFINE_boolean,
    int: flags.DEFINE_integer,
    float: flags.DEFINE_float,
    str: flags.DEFINE_string,
}
WHERE, PREFIX = "command line", "config."
SWITCHES = ("wells",)  # flags of verbs that take no value


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
        define = flags.DEFINE_boolean if name in SWITCHES else flags.DEFINE_string
        define(name, None, "", flag_values=values)
    for key, setting in TABLE.items():
        DEFINERS[type(setting.default)](PREFIX + key, None, "", flag_values=values)
    rest = _read(values, arguments)
    if not values.workdir and (needs_workdir or not own):
        expected, fix = "a folder for results", "add --workdir=DIR"
        raise InputError("--workdir", expected=expected, found="none", fix=fix)
    workdir = user_path(values.workdir, "--workdir") if values.workdir else None
    given = {key: values[PREFIX + key] for key in TABLE if values[PREFIX + key].present}
    overrides = {
        key: _of_user(flag.value, key, (Path(),)) for key, flag in given.items()
    }
    overrides = _with_path(overrides, rest, most=int(needs_workdir))
    config = settings.changed(_base(values.config, workdir), overrides, WHERE)
    if needs_workdir:
        config = _with_source(_with_mask(config, overrides), overrides)
    return Call(workdir, config, {name: values[name].value for name in own})


def _with_path(overrides: dict, rest: list[str], most: int) -> dict:
    """The settings, with the path that stands among the flags as the source's."""
    if not rest:
        return overrides
    if len(rest) > most or "source.path" in overrides:
        fix, found = "write flags as --name=value", repr(rest[-1])
        expected = "one path of samples, else flags alone" if most else "flags alone"
        raise InputError(WHERE, expected=expected, found=found, fix=fix)
    return overrides | {"source.path": _absolute(rest[0], WHERE)}


def _with_source(config: ConfigDict, overrides: dict) -> ConfigDict:
    """The settings, with the kind of source that lies at the path; a path is a source.

    Raises:
        InputError: It is of no kind, or the phantom was asked for by name.
    """
    path = config.source.path or config.ahba.data_dir
    if not path or config.source.name != "phantom":
        return config
    if overrides.get("source.name") == "phantom":
        expected, found = "no path, as the phantom reads none", path
        fix = "leave source.path or source.name out"
        raise InputError("config.source", expected=expected, found=found, fix=fix)
    from inr_jax.samples import sources

    name = sources.kind_of(path)
    return settings.changed(config, {"source.name": name}, WHERE)


def _with_mask(config: ConfigDict, overrides: dict) -> ConfigDict:
    """The settings without a run's mask, where a resolution alone is asked for."""
    if "render.resolution_mm" not in overrides or "render.mask" in overrides:
        return config
    return settings.changed(config, {"render.mask": ""}, WHERE)


def _read(values: flags.FlagValues, arguments: Sequence[str]) -> list[str]:
    """What stands among the flags, which are parsed into `values`."""
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
    return rest


def _of_user(value: Any, key: str, homes: Sequence[Path], where: str = "") -> Any:
    """A value as it is, but paths as they are good from any folder."""
    marks = TABLE[key].marks if key in TABLE and isinstance(value, str) else ()
    if PATH in marks or (PATHS in marks and is_there(Path(value))):
        return _absolute(value, where or key, homes)
    if PATHS in marks:
        paths = [
            _absolute(part.strip(), where or key, homes) for part in value.split(",")
        ]
        return ",".join(filter(None, paths))
    return value


def _absolute(text: Any, where: str, homes: Sequence[Path] = (Path(),)) -> str:
    """A path to what is there, good from any folder; the name of an atlas as it is.

    A shell leaves the ~ of --flag=~/file as it is.

    Args:
        text: What the user wrote; "" stays.
        where: To name in an error.
        homes: Folders that it may be meant from, in this order.
    """
    if not text:
        return text
    path = user_path(text, where)
    there = [home / path for home in homes if is_there(home / path)]
    return str(there[0].absolute() if there else path)


def _base(name: str | None, workdir: Path | None) -> ConfigDict:
    """The settings of a file, else of a run in the workdir, else the default ones."""
    if name:
        return load_config(find("--config", name))
    stored = workdir / "config.json" if workdir else None
    if stored and stored.exists():
        kept = settings.read(stored)
        # What a machine is like is no setting of a run: a folder of compiled programs
        # that somebody's config.json names would be loaded and run.
        kept.devices.update(settings.default().devices)
        return kept
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
    # Paths in it are meant from where it lies, else from where the command is given.
    homes = (path.absolute().parent, Path())
    given = {
        key: _of_user(value, key, homes, f"{path}, {key}")
        for key, value in settings.flat(config).items()
    }
    return settings.changed(settings.default(), given, path)
