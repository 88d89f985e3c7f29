"""What is not of this package: conditionings, fields and codes from elsewhere.

A conditioning is a file of the user's or an entry point, fields and codes are entry
points; each is held to its protocol before it is used.
"""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from inr_jax.errors import InputError, first_line
from inr_jax.fields.architectures import FIELDS
from inr_jax.fields.architectures import GROUP as OF_FIELDS
from inr_jax.fields.architectures.contract import check_field
from inr_jax.fields.conditioning import COMMON, CONDITIONINGS
from inr_jax.fields.conditioning.contract import RULES, check_conditioning
from inr_jax.fields.gene_codes import CODES, LEARNED
from inr_jax.fields.gene_codes import GROUP as OF_CODES
from inr_jax.fields.gene_codes.contract import check_codes
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
    check_conditioning(make, where(settings.name, GROUP))
    return make


def check_field_and_code(config: ConfigDict) -> None:
    """Hold the field and the code of settings to their protocols, if they are brought.

    Raises:
        InputError: One breaks it; says which rule.
    """
    field, code = config.field.name, config.conditioning.code
    if field not in FIELDS:
        check_field(plugged(OF_FIELDS)[field], where(field, OF_FIELDS), config.field)
    if code not in (*CODES, LEARNED):
        check_codes(plugged(OF_CODES)[code], where(code, OF_CODES))


def where(name: str, group: str) -> str:
    """An entry point, to name in an error."""
    return f"entry point {name!r} of {group}"


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
