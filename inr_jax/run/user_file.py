"""Python files with one function, `get_config()` or `get_sweep()`, and where they are.

A file is the user's own, named by its path, or one that is shipped in configs/, named
by its stem from any folder.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from inr_jax.errors import InputError, first_line, unknown_name
from inr_jax.run import config as settings


def shipped(kind: str = "") -> dict[str, Path]:
    """Name -> file of the shipped configs, or of the shipped "sweeps".

    They lie in the package where it is installed, at the top level of a clone.
    """
    package = Path(__file__).parents[1]
    for folder in (package / "configs", package.parent / "configs"):
        if folder.is_dir():
            return {
                path.stem: path for path in sorted((folder / kind).glob("[!_]*.py"))
            }
    return {}


def find(name: str, kind: str = "") -> Path:
    """The file that a flag names.

    Args:
        name: A path, or the stem of a shipped file.
        kind: Which shipped ones: "" or "sweeps".

    Raises:
        InputError: A bare name that no shipped file has, nor one here.
    """
    path, known = Path(name).expanduser(), shipped(kind)
    if name in known:
        return known[name]
    bare = path.suffix != ".py" and not {os.sep, os.altsep} & set(name)
    if bare and not path.exists():
        raise unknown_name(f"--{kind.rstrip('s') or 'config'}", name, known)
    return path


def returned(path: Path, function: str, expected: str) -> object:
    """What a function of a Python file returns; the file is run.

    Args:
        path: The file.
        function: Name of the function, which takes nothing.
        expected: What the file should be, to name in an error.

    Raises:
        InputError: No such file or function, or it fails; an unknown setting.
    """

    def fail(found: str) -> InputError:
        fix = "`inr-jax configs` lists examples"
        return InputError(path, expected=expected, found=found, fix=fix)

    if not path.is_file():
        raise fail("no such file")
    spec = importlib.util.spec_from_file_location("inr_jax_user_file", path)
    if spec is None or spec.loader is None:
        raise fail("no Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        return getattr(module, function)()
    except InputError:
        raise
    except (Exception, SystemExit) as error:  # it is the user's own code
        key = settings.unknown_key(error)
        if key:
            raise settings.unknown_setting(path, key) from error
        raise fail(f"{type(error).__name__}: {first_line(error)}") from error
