"""Map a function over many networks, some of them at a time."""

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
