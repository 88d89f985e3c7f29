"""Checkpoints where several processes are one run: the first one writes, all read.

All processes hold the same state (`sharding.trimmed`), and orbax writes arrays of a
process of its own in the first one alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np

from inr_jax.fields.numerics import sharding


def manager_options(folder: Path, keep: int | None) -> dict[str, Any]:
    """What orbax's `CheckpointManagerOptions` takes; to read where `keep` is None."""
    create = keep is not None
    plain = {"max_to_keep": keep, "enable_async_checkpointing": False}
    if jax.process_count() == 1:
        return {**plain, "create": create}
    import orbax.checkpoint as ocp

    if create:  # which orbax leaves to all processes together
        folder.mkdir(parents=True, exist_ok=True)
    number = jax.process_index()
    alone = ocp.options.MultiprocessingOptions(
        primary_host=number,
        active_processes={number},
        barrier_sync_key_prefix=f"process{number}",
    )
    return {**plain, "create": False, "multiprocessing_options": alone}


def of_this_one(tree: Any) -> Any:
    """Arrays that a process can write or read alone."""
    if jax.process_count() == 1:
        return tree
    return jax.tree.map(_in_memory, tree)


def to_read(tree: Any) -> Any:
    """What orbax reads arrays as: as they lie here; on a device where shapes are given.

    Where several processes are one run, each reads into its own memory.
    """
    if jax.process_count() > 1:
        return jax.tree.map(_in_memory, tree)
    device = jax.sharding.SingleDeviceSharding(jax.devices()[0])
    return jax.tree.map(
        lambda leaf: (
            jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=device)
            if isinstance(leaf, jax.ShapeDtypeStruct)
            else leaf
        ),
        tree,
    )


def _in_memory(leaf: Any) -> np.ndarray:
    if isinstance(leaf, jax.ShapeDtypeStruct):
        return np.zeros(leaf.shape, leaf.dtype)
    return sharding.local(leaf) if isinstance(leaf, jax.Array) else np.asarray(leaf)


def is_first() -> bool:
    """Whether this process writes."""
    return jax.process_index() == 0


def meet(what: str) -> None:
    """Wait for all processes; nothing with one."""
    if jax.process_count() > 1:
        from jax.experimental import multihost_utils

        multihost_utils.sync_global_devices(what)
