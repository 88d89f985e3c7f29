"""How chosen genes spread over regions, beside abagen's tables where they are there."""

from __future__ import annotations

import numpy as np

from inr_jax.brain.atlas import DESIKAN_KILLIANY
from inr_jax.errors import InputError, first_line
from inr_jax.files.stored_frames import read_frame
from inr_jax.report import figures_brains
from inr_jax.report.figure_files import draw_both
from inr_jax.run.atlases import read_atlases
from inr_jax.run.expression_model import ExpressionModel
from inr_jax.run.region_report import values_of
from inr_jax.run.run import Run
from inr_jax.run.surface_regions import regions_of
from inr_jax.samples.gene_names import columns_of


def draw_violins(
    run: Run, model: ExpressionModel, genes: list[str], heading: str
) -> None:
    """Draw violins over the regions of the Desikan-Killiany atlas.

    Args:
        run: Whose folder may hold abagen's tables, of `inr-jax compare`.
        model: Whose maps are averaged.
        genes: Symbols.
        heading: Over the picture.
    """
    (labels,) = read_atlases(DESIKAN_KILLIANY, "").values()
    regions = regions_of(labels, run.canvas, None)
    ours = values_of(model, regions, columns_of(model.genes, genes)).mean
    theirs = _of_abagen(run, genes, len(labels.names) - 1)
    draw_both(
        run.workdir.figures / "regions_violins",
        figures_brains.make_violins,
        _over_regions(ours),
        None if theirs is None else _over_regions(theirs),
        genes,
        f"{heading}\nover {len(labels.names) - 1} regions, Desikan-Killiany",
    )


def _over_regions(table: np.ndarray) -> np.ndarray:
    """`(L, G)`, each gene with mean 0 and sd 1 over regions."""
    spread = np.nanstd(table, axis=0)
    return (table - np.nanmean(table, axis=0)) / np.where(spread > 0, spread, 1)


def _of_abagen(run: Run, genes: list[str], regions: int) -> np.ndarray | None:
    """abagen's table of these genes; None where it is not there, or lacks them.

    Raises:
        InputError: It is damaged.
    """
    path = run.workdir.regions / "abagen.parquet"
    if not path.exists():
        return None
    try:
        table = read_frame(path)
    except (OSError, ValueError) as error:
        raise InputError(
            path,
            expected="the table that `inr-jax compare` left",
            found=first_line(error),
            fix="run inr-jax compare again, or delete it",
        ) from error
    known = set(genes) <= set(table.columns) and len(table) == regions
    return table[genes].to_numpy(float) if known else None
