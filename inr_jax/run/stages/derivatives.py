"""Maps of gradients and Laplacians, beside those of values: part of the verb `render`.

Their files have names of their own; what was drawn before stays as it is.
"""

from __future__ import annotations

import logging

import numpy as np

import inr_jax
from inr_jax.errors import InputError
from inr_jax.fields.derivatives import UNITS, VALUE
from inr_jax.files.cell_text import listed
from inr_jax.maps.dataset import write_dataset
from inr_jax.maps.gene_batches import block_size
from inr_jax.maps.write import write_blocks
from inr_jax.progress import bar
from inr_jax.report import tables
from inr_jax.run.consistency import read_scores_of
from inr_jax.run.images import blocks_of, derivative_of
from inr_jax.run.run import Run
from inr_jax.run.sidecars import sidecars
from inr_jax.run.stages.between import between_stage, split_genes
from inr_jax.run.stages.render import expression_model, render_stage
from inr_jax.samples.gene_names import columns_of

log = logging.getLogger("inr_jax")
DESCRIPTIONS = {
    "gradient": "Size of the gradient of the map of expression (the ensemble's mean)",
    "laplacian": "Laplacian of the map of expression (the ensemble's mean)",
}


def quantity_stage(run: Run, genes: str | None = None) -> None:
    """The verb `render`: maps of values, of another quantity, or between genes."""
    genes, pairs = split_genes(genes)
    if pairs:
        between_stage(run, pairs)
    if pairs and not genes:
        return
    if run.config.render.quantity == VALUE:
        render_stage(run, genes)
    else:
        derivatives_stage(run, genes)


def derivatives_stage(run: Run, genes: str | None = None) -> None:
    """Write maps of `render.quantity`; nothing else of the workdir changes.

    Args:
        run: With the checkpoint of the model that is drawn.
        genes: Comma separated symbols; None draws all.

    Raises:
        InputError: An unknown gene, no checkpoint, or a store is asked for.
    """
    quantity, canvas, folder = run.config.render.quantity, run.canvas, run.workdir.maps
    check_no_store(quantity, run.config.render.store)
    model = expression_model(run)
    names = listed(genes)
    columns = columns_of(model.genes, names or None)
    rows = read_scores_of(run.workdir)
    held_out = tables.of_maps(rows, sees_structures=run.drawn == "structure")
    about = {"Quantity": quantity, "Units": UNITS[quantity], "HeldOutOf": "value"}
    told = [{**sidecar, **about} for sidecar in sidecars(run, model, *held_out)]
    x_mm = canvas.grid.points_mm(canvas.mask).astype(np.float32)
    size = block_size(3 * len(x_mm), len(columns), run.config.render.genes)
    folder.mkdir(exist_ok=True)
    write_dataset(folder, inr_jax.__version__, phantom=run.brain is not None)
    total = -(-len(columns) // size) * len(x_mm)
    with bar(quantity, total, unit="voxel") as tick:
        drawn = derivative_of(model.drawable, quantity)
        write_blocks(
            folder,
            canvas,
            [told[column] for column in columns],
            blocks_of(drawn, x_mm, columns, size=size, on_chunk=tick),
            std_sidecar=None,
            of=(quantity, DESCRIPTIONS[quantity]),
        )
    log.info("maps of the %s of %d genes in %s", quantity, len(columns), folder)


def check_no_store(quantity: str, store: str) -> None:
    """Refuse a store of derivatives.

    Raises:
        InputError: One is asked for.
    """
    if quantity != VALUE and store == "factored":
        raise InputError(
            "config.render.store",
            expected=f"nifti or auto with render.quantity={quantity}",
            found="factored, which holds values",
            fix="leave it out; maps of derivatives are NIfTI files",
        )
