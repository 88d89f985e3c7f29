"""Conditionings that are not of this package: a file of the user's, an entry point."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from inr_jax.errors import InputError, first_line
from inr_jax.fields.conditioning import COMMON, CONDITIONINGS
from inr_jax.fields.conditioning.contract import RULES, check_conditioning
from inr_jax.fields.registry import plugged
from inr_jax.files.reading import user_path

GROUP = "inr_jax.conditionings"


def conditioning_maker(config: ConfigDict) -> Callable[..., Any]:
    """The maker that `config.conditioning` names, from wherever it is.

    Raises:
        InputError: A file or an entry point breaks the protocol; says which rule.
    """
    settings = config.conditioning
    if settings.module:
        return from_file(str(user_path(settings.module, "config.conditioning.module")))
    if settings.name in CONDITIONINGS:
        return CONDITIONINGS[settings.name]
    make = plugged(GROUP)[settings.name]
    check_conditioning(make, f"entry point {settings.name!r} of {GROUP}")
    return make


def taken_by(make: Callable[..., Any]) -> tuple[str, ...]:
    """Settings that a maker of conditionings takes."""
    arguments = inspect.signature(make).parameters
    return tuple(key for key in arguments if key not in COMMON)


@cache
def from_file(path: str) -> Callable[..., Any]:
    """`make` of a Python file, once a process.

    Raises:
        InputError: No such file, it fails, or it breaks the protocol.
    """
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    found = "no such file"
    if spec and spec.loader and Path(path).is_file():
        module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
            check_conditioning(getattr(module, "make", None), path)
            return module.make
        except InputError:
            raise
        except (Exception, SystemExit) as error:  # it is the user's own code
            found = f"{type(error).__name__}: {first_line(error)}"
    fix = "see docs/conditioning.md"
    raise InputError(path, expected=RULES, found=found, fix=fix)
