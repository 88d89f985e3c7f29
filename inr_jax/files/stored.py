"""JSON that a run wrote and reads again, through a schema.

A file of ours may have been cut, edited or made by somebody else. Every reader goes
through here: the file is a regular one and not too long, and what it holds has the
shape that its reader names. Arrays: `stored_arrays`.

Nouns:
    shape: of JSON: a type (a float may be an integer, and is finite); `[shape]`, a
        list; `{str: shape}`, any keys; `{"key": shape, "other?": shape}`, these keys
        beside others, a mark for those that may be absent; a tuple of shapes, any.
"""

from __future__ import annotations

import hashlib
import json
import math
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inr_jax.errors import InputError, first_line

MOST = 2**28  # bytes
NAMES = {dict: "a mapping", list: "a list", str: "text", bool: "true or false"}
NAMES |= {int: "an integer", float: "a finite number", type(None): "null"}


def contents(path: str | Path, most: int = MOST) -> bytes:
    """The bytes of a regular file.

    Raises:
        OSError: It is missing or cannot be read.
        ValueError: It is no regular file, or longer than `most` bytes.
    """
    check_regular(path, most)
    return Path(path).read_bytes()


def check_regular(path: str | Path, most: int = MOST) -> None:
    """Refuse what `contents` refuses, without reading it."""
    info = Path(path).stat()
    if not stat.S_ISREG(info.st_mode):
        raise ValueError("no regular file")
    if info.st_size > most:
        raise ValueError(f"{info.st_size / 1e6:.0f} MB")


def parsed(text: str | bytes, shape: Any) -> Any:
    """JSON of a shape.

    Raises:
        ValueError: It is no JSON, or has another shape; names the key.
    """
    try:
        tree = json.loads(text)
        conform(tree, shape)
    except RecursionError as error:
        raise ValueError("JSON nested too deeply") from error
    return tree


def read_json(path: str | Path, shape: Any, *, expected: str, fix: str) -> Any:
    """A JSON file of a shape.

    Raises:
        InputError: It is missing, damaged, or has another shape; names the key.
    """
    try:
        return parsed(contents(path), shape)
    except (OSError, ValueError) as error:
        found = getattr(error, "strerror", None) or first_line(error)
        raise InputError(path, expected=expected, found=found, fix=fix) from error


def bound(tree: Any) -> dict:
    """Plain data with the SHA-256 of its JSON, as `unbound` takes it."""
    plain = json.loads(json.dumps(tree))  # whose keys are text
    return {"sha256": _sum_of(plain), "of": plain}


def unbound(text: str | bytes, shape: Any) -> Any:
    """What `bound` bound, read from its JSON.

    Raises:
        ValueError: It is no JSON, was changed, or has another shape.
    """
    whole = parsed(text, {"sha256": str})
    if _sum_of(whole.get("of")) != whole["sha256"]:
        raise ValueError("contents that differ from their SHA-256")
    conform(whole["of"], shape)
    return whole["of"]


def signed(tree: dict) -> dict:
    """A mapping with the SHA-256 of its JSON beside its keys."""
    return {**tree, "sha256": _sum_of(json.loads(json.dumps(tree)))}


def check_signed(path: str | Path, tree: dict, *, fix: str) -> None:
    """Refuse a mapping that was changed; one without a digest is of an older version.

    Raises:
        InputError: It is not what was signed.
    """
    rest = {key: value for key, value in tree.items() if key != "sha256"}
    if tree.get("sha256", _sum_of(rest)) != _sum_of(rest):
        contents = "contents that differ from their SHA-256"
        raise InputError(path, expected="what was written", found=contents, fix=fix)


def _sum_of(tree: Any) -> str:
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()


def conform(tree: Any, shape: Any, at: str = "") -> None:
    """Raise ValueError, which names the key, where plain data has another shape."""
    if isinstance(shape, tuple):
        _conform_to_any(tree, shape, at)
    elif isinstance(shape, list):
        _check_type(tree, list, at)
        for number, item in enumerate(tree):
            conform(item, shape[0], f"{at}[{number}]")
    elif isinstance(shape, Mapping):
        _check_type(tree, dict, at)
        keys = dict.fromkeys(tree, shape[str]) if str in shape else shape
        for key, part in keys.items():
            name = key if str in shape else key.removesuffix("?")
            if name in tree:
                conform(tree[name], part, f"{at}.{name}".strip("."))
            elif name == key:
                raise ValueError(f"no {f'{at}.{name}'.strip('.')}")
    else:
        _check_type(tree, shape, at)


def _conform_to_any(tree: Any, shapes: tuple, at: str) -> None:
    for shape in shapes[:-1]:
        try:
            return conform(tree, shape, at)
        except ValueError:
            continue
    return conform(tree, shapes[-1], at)


def _check_type(tree: Any, kind: type, at: str) -> None:
    number = isinstance(tree, int | float) and not isinstance(tree, bool)
    right = isinstance(tree, kind)
    if kind is float:
        right = number and math.isfinite(tree)
    elif kind is int:
        right = number and isinstance(tree, int)
    if not right:
        what = NAMES.get(kind, kind.__name__)
        raise ValueError(f"{at or 'all of it'} that is not {what}: {str(tree)[:60]!r}")
