"""Arrays that a run wrote and reads again, with JSON about them, under one digest.

A file is an .npz of the arrays, a text `meta` of JSON, and `sha256` of all that they
say, so that no bit of them can change unseen.

Nouns:
    letters: of an array: one for each axis; the same letter is the same length.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from inr_jax.errors import InputError, first_line
from inr_jax.files.stored import conform, contents, parsed
from inr_jax.files.writing import write_bytes

MOST = 2**34  # bytes


class Array(NamedTuple):
    """What an array of a file must be.

    Attributes:
        letters: Its axes; a number is a length.
        kinds: Of NumPy's dtype, as "f".
        low: Least value of numbers.
        high: Largest value; both are finite unless NaN may be there.
    """

    letters: tuple[str | int, ...]
    kinds: str = "f"
    low: float = -math.inf
    high: float = math.inf


def write_arrays(
    path: str | Path, arrays: Mapping[str, Any], meta: dict, version: int
) -> None:
    """Write arrays, and JSON about them, as .npz under one digest; whole or not.

    Args:
        path: The file.
        arrays: Name to array or number.
        meta: Plain data.
        version: Of the file's layout.

    Raises:
        InputError: The file cannot be written.
    """
    plain = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    plain = {name: a.reshape(np.shape(arrays[name])) for name, a in plain.items()}
    text = json.dumps({"format": version, "of": meta})
    data = io.BytesIO()
    digest = np.array(digest_of(plain, text))
    np.savez(data, meta=np.array(text), sha256=digest, **plain)  # type: ignore[arg-type]
    write_bytes(path, data.getvalue())


def digest_of(arrays: Mapping[str, np.ndarray], text: str) -> str:
    """SHA-256 of arrays with their names, types and shapes, and of a text."""
    digest = hashlib.sha256(text.encode())
    for name, array in sorted(arrays.items()):
        digest.update(f"\n{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def read_arrays(
    path: str | Path,
    schema: Mapping[str, Array],
    shape: Any,
    *,
    version: int,
    lengths: Mapping[str, str],
    expected: str,
    fix: str,
) -> tuple[dict[str, np.ndarray], dict]:
    """What `write_arrays` wrote.

    Args:
        path: The file.
        schema: What each array must be, by name; a mark for those that may be absent.
        shape: Of the JSON.
        version: Of the layout.
        lengths: Letter to the list in the JSON that is as long as it.
        expected: What the file should be, to name in an error.
        fix: What a user can do about another file.

    Returns:
        Name to array, and the JSON.

    Raises:
        InputError: The file is missing, damaged, of another layout, or an array is
            not what it must be.
    """
    try:
        stored, meta = _unpacked(path, version)
        conform(meta, shape)
        of: dict[str | int, int] = {
            letter: len(meta[key]) for letter, key in lengths.items()
        }
        return dict(_checked(stored, schema, of)), meta
    except (OSError, ValueError) as error:
        found = getattr(error, "strerror", None) or first_line(error)
        raise InputError(path, expected=expected, found=found, fix=fix) from error


def _unpacked(path: str | Path, version: int) -> tuple[dict[str, np.ndarray], dict]:
    data = contents(path, MOST)
    try:
        stored = _members(data)
        text, digest = str(stored.pop("meta")), str(stored.pop("sha256", ""))
        head = parsed(text, {"format": int, "of?": dict})
    except Exception as error:  # a damaged archive fails in many ways
        raise ValueError(f"a damaged archive ({first_line(error)})") from error
    if head["format"] != version:
        raise ValueError(f"format {head['format']}")
    if digest_of(stored, text) != digest:
        raise ValueError("contents that differ from their SHA-256")
    return stored, head.get("of", {})


def _members(data: bytes) -> dict[str, np.ndarray]:
    """The arrays of an .npz, each as long as the file says and no longer."""
    members = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            if info.compress_type != zipfile.ZIP_STORED or info.file_size > len(data):
                raise ValueError(f"a compressed member {info.filename!r}")
            member = io.BytesIO(archive.read(info))
            name = info.filename.removesuffix(".npy")
            members[name] = np.lib.format.read_array(member, allow_pickle=False)
    return members


def _checked(
    stored: dict[str, np.ndarray],
    schema: Mapping[str, Array],
    lengths: dict[str | int, int],
) -> Iterator[tuple[str, np.ndarray]]:
    """The arrays that the schema names, each checked."""
    for key, wanted in schema.items():
        name = key.removesuffix("?")
        if name in stored:
            _check_array(name, stored[name], wanted, lengths)
            yield name, stored[name]
        elif name == key:
            raise ValueError(f"no array {name}")


def _check_array(
    name: str, array: np.ndarray, wanted: Array, lengths: dict[str | int, int]
) -> None:
    shape = array.shape
    if len(shape) == len(wanted.letters):
        for letter, length in zip(wanted.letters, shape, strict=True):
            lengths.setdefault(letter, letter if isinstance(letter, int) else length)
        expected = tuple(lengths[letter] for letter in wanted.letters)
    if len(shape) != len(wanted.letters) or shape != expected:
        letters = ", ".join(map(str, wanted.letters))
        raise ValueError(f"{name} of shape {shape} instead of ({letters})")
    if array.dtype.kind not in wanted.kinds:
        raise ValueError(f"{name} of type {array.dtype}")
    if wanted.kinds[0] not in "fiu":
        return
    if not np.isfinite(array).all():
        raise ValueError(f"{name} with values that are not finite")
    if array.size and not (wanted.low <= array.min() <= array.max() <= wanted.high):
        worst = array.min() if array.min() < wanted.low else array.max()
        raise ValueError(f"{name} with a value of {worst:g}")
