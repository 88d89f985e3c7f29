"""Whether this machine can hold the networks that settings describe."""

from __future__ import annotations

import os

from ml_collections import ConfigDict

from inr_jax.errors import InputError

COPIES = 4  # of the parameters while they are fitted: two moments and a gradient
BYTES = 4  # of a float32


def check_networks(config: ConfigDict, field: dict, genes: int) -> None:
    """Refuse networks whose weights alone are larger than the memory.

    Counted are hidden layers, `depth (hidden)^2` weights a network; for a grid its
    voxels' channels.

    Args:
        config: Settings of the run.
        field: Those of the field, by name.
        genes: G.

    Raises:
        InputError: They are; names the sizes.
    """
    networks = config.fit.members
    if config.conditioning.name == "independent":
        networks *= genes
    weights = field.get("depth", 1) * field.get("hidden", 1) ** 2
    weights += field.get("grid", 0) ** 3 * field.get("channels", 0)
    needed, there = COPIES * BYTES * networks * weights, _memory()
    if there and needed > there:
        raise InputError(
            "config.field",
            expected=f"networks that fit in {there / 1e9:.0f} GB of memory",
            found=f"{networks} of {needed / networks / 1e9:.2g} GB while fitted",
            fix="lower field.hidden, field.depth or fit.members",
        )


def mixtures_of(config: ConfigDict, genes: int) -> int:
    """K mixtures that heads are fitted to; 0 where there are no more genes than that.

    Raises:
        InputError: The networks have no heads.
    """
    count = config.fit.mixtures
    if count and config.conditioning.name != "heads":
        found = f"conditioning.name={config.conditioning.name}"
        fix = "set fit.mixtures=0, or conditioning.name=heads"
        raise InputError("fit.mixtures", expected="heads", found=found, fix=fix)
    return count if 0 < count < genes else 0


def _memory() -> int:
    """Of this machine, bytes; 0 where it does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 0
