"""From settings to networks: a field, how genes enter it, and their codes."""

from __future__ import annotations

import logging
from functools import partial

import numpy as np
from ml_collections import ConfigDict

from inr_jax.errors import InputError
from inr_jax.fields import architectures
from inr_jax.fields.conditioning import (
    Conditioning,
    DonorEmbedding,
    StructureEmbedding,
    with_donors,
    with_latents,
    with_structures,
)
from inr_jax.fields.gene_codes import LEARNED, GeneCodes, make_codes
from inr_jax.fields.gene_codes import settings_of as settings_of_codes
from inr_jax.fields.inputs import feature_count
from inr_jax.files.reading import user_path
from inr_jax.run.plugins import check_field_and_code, conditioning_maker, taken_by
from inr_jax.samples.gene_table import read_gene_table
from inr_jax.samples.samples import Samples
from inr_jax.stats import hold_out

log = logging.getLogger("inr_jax")


def make_conditioning(
    config: ConfigDict,
    genes: int,
    *,
    field: dict,
    embedding: StructureEmbedding | None,
    donors: int = 0,
    precision: str,
) -> Conditioning:
    """The networks of G genes, as `config.conditioning` and `config.field` say.

    Args:
        config: Settings of the run.
        genes: G.
        field: Settings of the field.
        embedding: Of structures, for networks that see them.
        donors: D, for networks that see donors.
        precision: Of products behind the first layer.

    Raises:
        InputError: Field, injection and codes do not go together.
    """
    settings = config.conditioning
    features = feature_count(config.inputs.tissue, hemisphere=config.inputs.hemisphere)
    width = settings.donor_width if donors else 0
    make = conditioning_maker(config)
    inner = make(
        partial(
            architectures.make_field, config.field.name, precision=precision, **field
        ),
        genes=genes,
        features=features + width + (embedding.width if embedding else 0),
        **_conditioning_settings(config, taken_by(make)),
    )
    if settings.code == LEARNED:
        inner = with_latents(inner, prior=settings.prior)
    if embedding:
        inner = with_structures(inner, embedding, features + width)
    if not donors:
        return inner
    return with_donors(
        inner, DonorEmbedding(donors, width, settings.donor_prior), features
    )


def donors_seen(config: ConfigDict, samples: Samples) -> int:
    """D donors that networks of places see; 0 without latents of donors.

    Raises:
        InputError: The wells, or what is fitted, do not tell donors or sides apart.
    """
    width, sides = config.conditioning.donor_width, config.inputs.hemisphere
    wanted = "conditioning.donor_width" if width else "inputs.hemisphere"
    if (width or sides) and config.fit.targets != "wells":
        raise _not_seen(
            wanted,
            "the wells as targets",
            "what all donors and both sides share (effects)",
            "set fit.targets=wells",
        )
    if (width or sides) and config.fit.places == "kriged":
        raise _not_seen(
            wanted,
            "a fit at wells",
            "places kriged from all of them",
            "set fit.places=wells",
        )
    if sides and not config.inputs.mirror:
        raise _not_seen(
            wanted,
            "left and right as one place",
            "places that tell them apart",
            "set inputs.mirror=true, or leave inputs.hemisphere out",
        )
    if not width:
        return 0
    if reason := hold_out.why_no_donors(samples):
        raise _not_seen(wanted, "two donors", reason, "set it to 0")
    return len(samples.donors)


def check_latents(config: ConfigDict, donors: int) -> None:
    """Refuse latents of donors where nothing says how many donors there are.

    Raises:
        InputError: They are asked for, of genes on a trunk of others.
    """
    if config.conditioning.donor_width and not donors:
        found = "latents, which belong to the donors of the trunk's own wells"
        fix = "fit a trunk with conditioning.donor_width=0, or the genes together"
        raise _not_seen(
            "conditioning.donor_width", "a trunk without latents of donors", found, fix
        )


def _not_seen(where: str, expected: str, found: str, fix: str) -> InputError:
    return InputError(f"config.{where}", expected=expected, found=found, fix=fix)


def _conditioning_settings(config: ConfigDict, wanted: tuple[str, ...]) -> dict:
    """What the chosen conditioning takes, of what `config.conditioning` says."""
    settings = config.conditioning
    values = {"rank": settings.rank}
    if "code" in wanted:
        learned = settings.code == LEARNED
        values["code"] = settings.width if learned else make_gene_codes(config).width
    return {key: values[key] for key in wanted}


def make_gene_codes(config: ConfigDict) -> GeneCodes:
    """The codes that `config.conditioning` asks for."""
    settings = config.conditioning
    values: dict = {key: settings[key] for key in ("order", "frequencies", "width")}
    values["rows"] = partial(_table_rows, settings.table, settings.width)
    wanted = settings_of_codes(settings.code)
    return make_codes(settings.code, **{key: values[key] for key in wanted})


def field_settings(config: ConfigDict) -> dict:
    """What the chosen field takes of `config.field`, which serves all of them.

    Raises:
        InputError: The field, or the code, of another package breaks its protocol.
    """
    check_field_and_code(config)
    return {
        key: config.field[key] for key in architectures.settings_of(config.field.name)
    }


def _table_rows(path: str, width: int, genes: tuple[str, ...]) -> np.ndarray:
    """Rows `(G, M)` of the user's table; says so where it will be reduced."""
    if not path:
        raise InputError(
            "config.conditioning.table",
            expected="a table of genes, for conditioning.code=table",
            found="none",
            fix="give its path",
        )
    rows = read_gene_table(user_path(path, "config.conditioning.table")).rows(genes)
    if rows.shape[1] > width:
        text = "%s: %d columns of %d genes are reduced to %d by PCA"
        log.info(text, path, rows.shape[1], len(genes), min(width, len(genes)))
    return rows
