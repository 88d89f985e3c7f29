"""Work over devices: networks of a fit, voxels of a rendering.

All devices form a mesh of one axis. Arrays are split along their leading axis (rows:
E M networks, or V voxels) or held by every device. Each device runs the program of a
single one on its rows, so values do not depend on how many there are; a number of
rows that does not divide is padded with copies of the last, whose results are
dropped. With one device nothing is done at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

AXIS = "devices"
EACH, ROWS = PartitionSpec(), PartitionSpec(AXIS)


def count() -> int:
    """Devices of all hosts."""
    return jax.device_count()


def mesh() -> Mesh:
    """All devices in a row."""
    return Mesh(np.array(jax.devices()), (AXIS,))


def rounded_up(rows: int) -> int:
    """The next number of rows that divides over the devices."""
    return -(-rows // count()) * count()


def over_rows(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Run `function(held, split)` on every device with its own rows of `split`.

    Args:
        function: Of trees of arrays; its results have rows, too, and depend on those
            of `split` alone.

    Returns:
        The same function of whole arrays, for use under jit; rows must divide.
    """

    def spread(held: Any, split: Any) -> Any:
        if count() == 1:
            return function(held, split)
        mapped = jax.shard_map(
            function,
            mesh=mesh(),
            in_specs=(EACH, ROWS),
            out_specs=ROWS,
            check_vma=False,
        )
        return mapped(held, split)

    return spread


def replicated(tree: Any) -> Any:
    """Arrays, held by every device."""
    return _placed(tree, EACH)


def rows_split(tree: Any) -> Any:
    """Arrays, split along their leading axes, which must divide."""
    return _placed(tree, ROWS)


def padded(tree: Any) -> Any:
    """Arrays with copies of their last row until they divide, then split."""
    if count() == 1:
        return tree

    def pad(leaf: jax.Array) -> jax.Array:
        more = rounded_up(len(leaf)) - len(leaf)
        return jnp.pad(leaf, [(0, more)] + [(0, 0)] * (leaf.ndim - 1), mode="edge")

    return rows_split(jax.tree.map(pad, tree))


def trimmed(tree: Any, rows: int) -> Any:
    """The inverse of `padded`: so many rows, held by every device."""
    if count() == 1:
        return tree
    return replicated(jax.tree.map(lambda leaf: leaf[:rows], tree))


def local(array: jax.Array) -> np.ndarray:
    """The whole array on this host, wherever its rows lie."""
    if array.is_fully_addressable or array.is_fully_replicated:
        return np.asarray(array)
    from jax.experimental import multihost_utils

    return multihost_utils.process_allgather(array, tiled=True)


def _placed(tree: Any, spec: PartitionSpec) -> Any:
    if count() == 1:
        return tree
    return jax.device_put(tree, NamedSharding(mesh(), spec))
