"""A Python file of the user's own: a config, a sweep."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType


def opened(path: Path, fail: Callable[[str], Exception]) -> Callable[[], ModuleType]:
    """What runs the file and gives its module.

    What goes wrong in there may be anything, SystemExit too: it is the user's code,
    so the caller runs it and tells.

    Args:
        path: The file.
        fail: From what was found to the error to raise.
    """
    if not path.is_file():
        raise fail("no such file")
    spec = importlib.util.spec_from_file_location("inr_jax_user_file", path)
    if spec is None:
        raise fail("no Python file")
    module = importlib.util.module_from_spec(spec)

    def run() -> ModuleType:
        spec.loader.exec_module(module)
        return module

    return run
