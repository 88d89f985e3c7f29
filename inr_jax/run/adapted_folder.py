"""What tells a workdir of adapted genes, and one whose codes come from a table."""

from __future__ import annotations

from ml_collections import ConfigDict

from inr_jax.errors import InputError
from inr_jax.files.reading import sha256_of, user_path
from inr_jax.fitting import checkpoint
from inr_jax.run.workdir import Workdir
from inr_jax.samples.source import Source


def check_fitted_here(workdir: Workdir) -> None:
    """Refuse to fit where the genes of another run's trunk lie.

    Raises:
        InputError: The workdir is one that `inr-jax adapt` left.
    """
    if checkpoint.last_step(workdir.checkpoints) is None:
        return
    if "trunk" in checkpoint.read_meta(workdir.checkpoints):
        raise InputError(
            workdir.root,
            expected="the workdir of a fit",
            found="genes that were adapted to the trunk of another",
            fix="their held-out scores are in adapted.csv and scores.csv; fit or "
            "evaluate in the workdir of the trunk",
        )


def with_gene_table(source: Source, config: ConfigDict) -> Source:
    """The source with the checksum of the table that gene codes come from, if any.

    Raises:
        InputError: The table cannot be read.
    """
    settings = config.conditioning
    if settings.code != "table" or not settings.table:
        return source
    path = user_path(settings.table, "config.conditioning.table")
    try:
        known = {path.name: sha256_of(path)}
    except OSError as error:
        raise InputError(
            path,
            expected="a table of genes",
            found=error.strerror or str(error),
            fix="correct config.conditioning.table",
        ) from error
    return source._replace(files={**source.files, **known})
