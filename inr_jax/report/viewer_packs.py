"""Arrays as text in a page: differences, bytes by their rank, gzip, base64.

Neighbours along the last axis are alike, so that their differences are small; apart,
the upper bytes of these are nearly all 0. The page undoes it (`viewer/packs.js`).
"""

from __future__ import annotations

import base64
import gzip
from typing import Any

import numpy as np

KINDS = {"uint8": np.uint8, "uint16": np.uint16, "int16": np.int16}
LEVEL = 6  # of gzip


def pack(array: np.ndarray, *, along: bool = True) -> dict[str, Any]:
    """An array of bytes or of 16-bit integers, for `tojson`.

    Args:
        array: Of one of the `KINDS`.
        along: Whether neighbours along the last axis are alike.

    Returns:
        "data", "shape", "kind", "along".

    Raises:
        KeyError: Another kind.
    """
    kind = str(array.dtype)
    unsigned = np.dtype(f"u{np.dtype(KINDS[kind]).itemsize}")
    numbers = np.ascontiguousarray(array).view(unsigned)
    if along and numbers.size:
        numbers = np.diff(numbers, axis=-1, prepend=unsigned.type(0))
        numbers = numbers.astype(unsigned)
    ranks = numbers.reshape(-1, 1).astype(unsigned.newbyteorder("<")).view(np.uint8)
    data = gzip.compress(np.ascontiguousarray(ranks.T).tobytes(), LEVEL, mtime=0)
    text = base64.b64encode(data).decode("ascii")
    return {"data": text, "shape": list(array.shape), "kind": kind, "along": along}


def unpack(packed: dict[str, Any]) -> np.ndarray:
    """The inverse of `pack`."""
    kind = np.dtype(KINDS[packed["kind"]])
    data = gzip.decompress(base64.b64decode(packed["data"]))
    ranks = np.frombuffer(data, np.uint8).reshape(kind.itemsize, -1).T
    unsigned = np.dtype(f"<u{kind.itemsize}")
    numbers = np.ascontiguousarray(ranks).view(unsigned).reshape(packed["shape"])
    if packed["along"] and numbers.size:
        numbers = np.cumsum(numbers, axis=-1, dtype=unsigned)
    return numbers.astype(unsigned.newbyteorder("=")).view(kind)
