"""The stage `figures`: pictures for a paper, from the newest checkpoint alone."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from inr_jax.brain import template
from inr_jax.fields.gene_codes import spectral_order
from inr_jax.files.cell_text import listed
from inr_jax.maps.held_out_file import HeldOutPredictions
from inr_jax.maps.packing import make_image
from inr_jax.maps.write import Canvas, fill
from inr_jax.report import figures_brains, figures_similarity
from inr_jax.report.figure_files import draw_both
from inr_jax.report.slices import UNTESTED, Scene
from inr_jax.run.consistency import read_scores_of
from inr_jax.run.expression_model import ExpressionModel
from inr_jax.run.images import blocks_of
from inr_jax.run.provenance import timed
from inr_jax.run.run import Run
from inr_jax.run.stages.figures_against import draw_joint, read_other
from inr_jax.run.stages.pictures import PHANTOM, Scores
from inr_jax.run.stages.regions import with_held_out
from inr_jax.run.stages.render import expression_model, scores_of_maps
from inr_jax.run.stages.violins import draw_violins
from inr_jax.samples.gene_names import columns_of

log = logging.getLogger("inr_jax")
SLICED, GLASS = 8, 4  # genes in the picture of slices, and of glass brains
GLASS_SHARE = 0.9  # quantile of voxels from which glass brains show them
POINTS = 20_000  # voxels that maps are compared at
PAIR = ("9861", "10021")  # the donors that the paper compares
MOST_GENES = 2000  # that a matrix of genes can show


def figures_stage(
    run: Run, genes: str | None = None, against: str | None = None
) -> None:
    """Draw similarity of genes, slices, glass brains and regions; PNG and SVG.

    Args:
        run: With a checkpoint.
        genes: Comma separated symbols for slices, glass brains and violins; None
            takes those that held-out donors confirm best.
        against: Another workdir of these genes, to show both runs' maps beside each
            other.

    Raises:
        InputError: No checkpoint, an unknown gene, or another run without these genes.
    """
    model = with_held_out(run, expression_model(run))
    _, scores = scores_of_maps(run, model, read_scores_of(run.workdir))
    picked = listed(genes)
    columns_of(model.genes, picked or None)
    chosen = picked or _best(model.genes, scores)
    other = read_other(against, model) if against else None
    run.workdir.figures.mkdir(exist_ok=True)
    with timed(run.workdir, "figures_for_print"):
        _draw_similarity(run, model)
        _draw_maps(run, model, chosen, scores, picked=bool(picked))
        how = _how(chosen[:SLICED], model.genes, bool(picked), bool(scores))
        draw_violins(run, model, chosen[:SLICED], _heading(run, how))
        if other is not None:
            draw_joint(run, model, other, _heading(run))
    log.info("figures in %s", run.workdir.figures)


def _best(genes: tuple[str, ...], scores: Scores) -> list[str]:
    known = [gene for gene in genes if gene in scores]
    return sorted(known, key=lambda gene: -scores[gene]["r"])[:SLICED] or list(
        genes[:SLICED]
    )


def _how(
    chosen: Sequence[str], genes: tuple[str, ...], picked: bool, scored: bool
) -> str:
    """What a title says of how its genes were chosen."""
    if picked:
        return ", ".join(chosen) + ", which --genes named"
    which = "best of {} by held-out r" if scored else "first of {}, none is scored"
    return f"{len(chosen)} {which.format(len(genes))}"


def _heading(run: Run, *lines: str) -> str:
    told = [PHANTOM] if run.config.source.name == "phantom" else []
    return "\n".join([*told, *filter(None, lines)])


def _draw_similarity(run: Run, model: ExpressionModel) -> None:
    """Genes against genes: in wells of two donors, in maps, and how they are sorted."""
    if not 2 < len(model.genes) <= MOST_GENES:
        log.info("figures: no similarity of %d genes", len(model.genes))
        return
    folder = run.workdir.figures
    maps = _thin_maps(run, model)
    of_maps = np.argsort(spectral_order(maps), kind="stable")
    draw_both(
        folder / "similarity_maps",
        figures_similarity.make_similarity,
        {"maps, at evenly spaced voxels": maps},
        of_maps,
        _heading(run, f"similarity of {len(model.genes)} maps"),
        "maps",
    )
    held_out = model.held_out
    if held_out is None:
        log.info("figures: without an evaluation by donors, wells are not compared")
        return
    position = spectral_order(_standardised(held_out.value))
    draw_both(
        folder / "similarity_wells",
        figures_similarity.make_similarity,
        _of_donors(held_out),
        np.argsort(position, kind="stable"),
        _heading(run, f"similarity of {len(model.genes)} genes in wells"),
        "all wells",
    )
    draw_both(
        folder / "spectral_pipeline",
        figures_similarity.make_pipeline,
        _standardised(held_out.value),
        position,
        list(model.genes),
        _heading(run, f"spectral order of {len(model.genes)} genes"),
    )


def _of_donors(held_out: HeldOutPredictions) -> dict[str, np.ndarray]:
    """Values of two donors: the paper's, else those with the most wells."""
    names, counts = np.unique(held_out.fold.astype(str), return_counts=True)
    most = names[np.argsort(-counts, kind="stable")][:2].tolist()
    pair = list(PAIR) if set(PAIR) <= set(names.tolist()) else most
    return {
        f"donor {name}, {counts[names == name][0]} wells": held_out.value[
            held_out.fold == name
        ]
        for name in pair
    }


def _standardised(values: np.ndarray) -> np.ndarray:
    spread = values.std(0)
    return (values - values.mean(0)) / np.where(spread > 0, spread, 1)


def _thin_maps(run: Run, model: ExpressionModel) -> np.ndarray:
    """All maps at some voxels, `(V, G)`."""
    x_mm = run.canvas.grid.points_mm(run.canvas.mask).astype(np.float32)
    mean, _ = model(x_mm[:: -(-len(x_mm) // POINTS)])
    return mean


def _draw_maps(
    run: Run,
    model: ExpressionModel,
    genes: list[str],
    scores: Scores,
    *,
    picked: bool,
) -> None:
    """Slices and glass brains of the chosen genes."""
    canvas, genes = run.canvas, genes[:SLICED]
    x_mm = canvas.grid.points_mm(canvas.mask).astype(np.float32)
    maps = _z_maps(model, canvas, x_mm, genes)
    tested = None
    if model.calibrated is not None:
        tested = fill(model.validated(x_mm), canvas.mask).astype(bool)
    t1, t1_grid = template.t1()
    wells_mm = run.source.samples.x_mm
    scene = Scene(canvas.grid, canvas.mask, t1, t1_grid, wells_mm, tested)
    titles = {gene: _title(gene, scores.get(gene)) for gene in genes}
    limit = figures_brains.limit_of(maps)
    how = _how(genes, model.genes, picked, bool(scores))
    mirrored = "; left and right are one in the fit" if model.recipe.symmetric else ""
    sides = "left is on the left" + mirrored
    told = [how, UNTESTED if tested is not None else "", sides]
    heading = _heading(run, *told)
    stem = run.workdir.figures / "slices_grid"
    draw_both(stem, figures_brains.make_slices, scene, maps, titles, heading, limit)
    images = {gene: _highest(maps[gene], canvas, tested) for gene in genes[:GLASS]}
    how = _how(list(images), model.genes, picked, bool(scores))
    kind, share = "all" if tested is None else "validated", 1 - GLASS_SHARE
    within = f"the highest {share:.0%} of {kind} voxels, z-scores over the brain"
    heading = _heading(run, how, f"{within}; {sides}")
    stem = run.workdir.figures / "glass_brains"
    draw_both(stem, figures_brains.make_glass, images, titles, heading, limit)


def _z_maps(
    model: ExpressionModel, canvas: Canvas, x_mm: np.ndarray, genes: list[str]
) -> dict[str, np.ndarray]:
    """gene -> its map `(I, J, K)` as z-scores over the brain."""
    drawn: list[np.ndarray] = []
    for block in blocks_of(model.drawable, x_mm, columns_of(model.genes, genes)):
        drawn += list(block.mean.T)
    mask = canvas.mask
    return {
        gene: figures_brains.z_scores(fill(values, mask), mask)
        for gene, values in zip(genes, drawn, strict=True)
    }


def _highest(z: np.ndarray, canvas: Canvas, tested: np.ndarray | None) -> Any:
    """An image of the highest z-scores among validated voxels, 0 elsewhere."""
    kept = canvas.mask
    if tested is not None and tested.any():
        kept = kept & tested
    z = np.nan_to_num(z)
    level = max(np.quantile(z[kept], GLASS_SHARE), 0)
    shown = np.where(kept & (z >= level), z, 0).astype(np.float32)
    return make_image(shown, canvas.grid)


def _title(gene: str, row: dict | None) -> str:
    return gene if row is None else f"{gene}: held-out r {row['r']:.2f}"
