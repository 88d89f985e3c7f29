"""Results of a slow pure function, kept by the content of its arguments.

An evaluation asks for the same thing of the same training wells again and again: the
network of each fold and the baselines beside it are fitted to the same targets. The
content is the key, so that a result is the one that the function would give again.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable

import numpy as np

KEPT_BYTES = 256 * 2**20  # of results; a result larger than that is not kept

Result = tuple[np.ndarray, float]


class Memo:
    """Keeps what a function gave, the least recently asked for goes first.

    Args:
        most_bytes: Of all results together.
    """

    def __init__(self, most_bytes: int = KEPT_BYTES) -> None:
        self._most_bytes = most_bytes
        self._results: OrderedDict[bytes, Result] = OrderedDict()

    def __call__(self, make: Callable[[], Result], *content: object) -> Result:
        """What `make` gives, or gave before for the same content.

        Args:
            make: Called where nothing is kept; its array is made read-only.
            *content: Arrays and plain values that the result follows from.
        """
        key = digest(*content)
        if key in self._results:
            self._results.move_to_end(key)
            return self._results[key]
        result = make()
        result[0].flags.writeable = False
        self._results[key] = result
        while sum(array.nbytes for array, _ in self._results.values()) > (
            self._most_bytes
        ):
            self._results.popitem(last=False)
        return result


def digest(*content: object) -> bytes:
    """A digest of arrays, by type, shape and bytes, and of plain values."""
    whole = hashlib.blake2b(digest_size=32)
    for part in content:
        if isinstance(part, np.ndarray):
            whole.update(f"{part.dtype.str}{part.shape}".encode())
            whole.update(np.ascontiguousarray(part).data)
        else:
            whole.update(f"{type(part).__name__}{part!r};".encode())
    return whole.digest()
