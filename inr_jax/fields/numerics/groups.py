"""Map a function over many networks, some of them at a time.

Axis letter: N rows (wells of a step, voxels of a chunk).
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


# On a CPU products over many networks fall out of cache: side by side go as many as
# have activations of about this size together (benchmarks/README.md).
CACHE_BYTES = 3 * 2**19


def default_group(params: Any, rows: int) -> int:
    """Networks side by side: all on an accelerator, few on a CPU.

    A cost model rather than a measurement, so that the same run gives the same bits.

    Args:
        params: Of all networks, along the leading axis.
        rows: N, wells of a step or voxels of a chunk.
    """
    leaves = jax.tree.leaves(params)
    count, width = len(leaves[0]), max(leaf.shape[-1] for leaf in leaves)
    if jax.default_backend() != "cpu":
        return count
    most = max(1, CACHE_BYTES // (4 * rows * width))
    return -(-count // -(-count // most))  # in groups of one size, or nearly
