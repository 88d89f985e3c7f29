"""The stage `surfaces`: maps on cortex alone, from the newest checkpoint."""

from __future__ import annotations

from inr_jax.files.cell_text import listed
from inr_jax.run.consistency import read_scores_of
from inr_jax.run.provenance import timed
from inr_jax.run.run import Run
from inr_jax.run.sidecars import sidecars
from inr_jax.run.stages.render import expression_model, scores_of_maps
from inr_jax.run.stages.surfaces import surfaces_stage
from inr_jax.samples.gene_names import columns_of


def cortex_stage(run: Run, genes: str | None = None) -> None:
    """Write GIFTI files of genes, and a picture; maps of voxels stay as they are.

    Args:
        run: With a checkpoint and a surface.
        genes: Comma separated symbols; None draws all.

    Raises:
        InputError: An unknown gene, no checkpoint, or one of another fit.
    """
    model = expression_model(run)
    names = listed(genes)
    columns = columns_of(model.genes, names or None)
    held_out = scores_of_maps(run, model, read_scores_of(run.workdir))
    with timed(run.workdir, "surfaces"):
        told = sidecars(run, model, *held_out)
        told = [told[column] for column in columns]
        surfaces_stage(run, model, columns, told, held_out[1])
