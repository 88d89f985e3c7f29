"""A Python file of the user's own with one function: a config, a sweep."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from inr_jax.errors import InputError, first_line
from inr_jax.run import config as settings

EXAMPLES = "`inr-jax configs` lists examples"  # what to do about a bad file


def returned(path: Path, function: str, expected: str) -> Any:
    """What a function of a Python file returns; the file is run.

    Args:
        path: The file.
        function: Name of the function, which takes nothing.
        expected: What the file should be, to name in an error.

    Raises:
        InputError: No such file or function, or it fails; an unknown setting.
    """

    def fail(found: str) -> InputError:
        return InputError(path, expected=expected, found=found, fix=EXAMPLES)

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
