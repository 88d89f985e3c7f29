"""What binds the parts of a checkpoint: their digest, and what each part is."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import jax
import numpy as np

from inr_jax.errors import InputError
from inr_jax.fields.numerics import sharding


def generator() -> str:
    """The generator of random numbers whose keys a state holds."""
    return str(jax.config.jax_default_prng_impl)  # type: ignore[attr-defined]


def kinds(arrays: dict[str, Any]) -> dict[str, str]:
    """Name of each array to its type and shape."""
    leaves = jax.tree.leaves_with_path(arrays)
    return {
        jax.tree_util.keystr(path): f"{leaf.dtype} {tuple(leaf.shape)}"
        for path, leaf in leaves
    }


def check_kinds(path: Path, meta: dict, template: dict[str, Any]) -> None:
    """Tell of another generator or other networks; such a checkpoint is whole.

    Args:
        path: The checkpoint.
        meta: Its JSON.
        template: Arrays as the settings of a run give them.

    Raises:
        InputError: Names what differs.
    """
    stored, expected = meta.get("arrays"), "a whole checkpoint of this configuration"
    made_by = meta.get("generator", generator())
    if made_by != generator():
        found = f"keys of {made_by} where JAX has {generator()}"
        fix = f"set JAX_DEFAULT_PRNG_IMPL={made_by}, or unset it"
        raise InputError(path, expected=expected, found=found, fix=fix)
    here = kinds(template)
    for key in sorted(here):
        if stored is not None and stored.get(key) != here[key]:
            found = f"{key}: {stored.get(key, 'none')} instead of {here[key]}"
            fix = "take the settings that it was fitted with"
            raise InputError(path, expected=expected, found=found, fix=fix)


def digest(arrays: dict[str, Any], meta: dict) -> str:
    """SHA-256 of all parts, and of the JSON beside them."""
    told = {key: value for key, value in meta.items() if key != "sha256"}
    sums = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
    # Before kinds were noted, the optimizer was not part of it.
    parts = ("params", "preprocessing", *(("training",) if "arrays" in meta else ()))
    kept = {name: arrays[name] for name in parts}
    for path, leaf in jax.tree.leaves_with_path(kept):
        array = np.asarray(
            sharding.local(leaf) if isinstance(leaf, jax.Array) else leaf
        )
        sums.update(
            f"{jax.tree_util.keystr(path)} {array.dtype} {array.shape}".encode()
        )
        sums.update(array.tobytes())
    return sums.hexdigest()
