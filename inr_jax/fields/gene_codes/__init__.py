"""Gene codes by name: what stands for a gene, one file each, one line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from inr_jax.fields.gene_codes import embeddings, position, table
from inr_jax.fields.gene_codes.codes import GeneCodes as GeneCodes
from inr_jax.fields.gene_codes.position import ORDERS as ORDERS
from inr_jax.fields.gene_codes.position import code_width as code_width
from inr_jax.fields.gene_codes.position import gene_codes as gene_codes
from inr_jax.fields.gene_codes.position import pc1_order as pc1_order
from inr_jax.fields.gene_codes.position import spectral_order as spectral_order
from inr_jax.fields.registry import check_settings, maker_of, settings_in

CODES: dict[str, Callable[..., GeneCodes]] = {
    "position": position.make,
    "spectral": embeddings.make_spectral,
    "pca": embeddings.make_pca,
    "table": table.make,
}
GROUP = "inr_jax.codes"  # of entry points, by which packages bring more
LEARNED = "latent"  # codes that are learned with the networks, not made before them


def settings_of(name: str) -> tuple[str, ...]:
    """Names of the settings that the codes of that name take.

    Raises:
        InputError: `name` is unknown; lists the known ones.
    """
    return settings_in(CODES, name, "conditioning.code", (), GROUP)


def make_codes(name: str, **settings: Any) -> GeneCodes:
    """The codes of that name.

    Args:
        name: A key of `CODES`, or the name of an entry point.
        **settings: What its `make` takes: `settings_of(name)`.

    Raises:
        InputError: `name` or a setting is unknown; lists the known ones.
    """
    check_settings(settings, settings_of(name), f"conditioning.code {name}")
    return maker_of(CODES, name, "conditioning.code", GROUP)(**settings)
