"""Map a function over many networks, some of them at a time.

Axis letters: N rows (wells of a step, voxels of a chunk), H width of a layer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax


def map_groups(function: Callable, trees: Any, count: int, group: int) -> Any:
    """vmap `function` over the leading axis, `group` at a time (0: all at once)."""
    if not group or group >= count:
        return jax.vmap(function)(trees)
    if group == 1:
        return jax.lax.map(function, trees)
    return jax.lax.map(function, trees, batch_size=group)


# On a CPU a product over many networks falls out of cache; side by side pay as many
# as have activations of about this size together (benchmarks/README.md).
CACHE_BYTES = 2**20


def default_group(networks: int, rows: int, width: int) -> int:
    """Networks side by side: all (0) on an accelerator, few on a CPU.

    A cost model rather than a measurement, so that the same run gives the same bits.

    Args:
        networks: How many there are.
        rows: N.
        width: H.
    """
    if jax.default_backend() != "cpu":
        return 0
    return max(1, min(networks, CACHE_BYTES // (4 * rows * width)))
