"""Maps on the surface of cortex, beside those of voxels; a part of `render`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from inr_jax.maps.surfaces import SurfaceValues, write_surfaces
from inr_jax.maps.uncertainty import UNCALIBRATED
from inr_jax.report import figures_surface
from inr_jax.report.figure_files import draw_both
from inr_jax.run.expression_model import ExpressionModel
from inr_jax.run.run import Run
from inr_jax.run.sidecars import Scores
from inr_jax.run.stages.pictures import best
from inr_jax.run.surface_maps import Surface, values_on

log = logging.getLogger("inr_jax")


def surfaces_stage(
    run: Run,
    model: ExpressionModel,
    columns: Sequence[int],
    told: list[dict[str, Any]],
    scores: Scores,
) -> None:
    """Write GIFTI files of genes, and a picture of the best of them.

    Args:
        run: Whose `surface` is asked for; nothing is done where none is.
        model: What is evaluated.
        columns: Genes, in this order.
        told: Their sidecars.
        scores: Held-out scores by gene.
    """
    surface, folder = run.surface, run.workdir.surfaces
    if surface is None:
        return
    sides = values_on(model, surface, columns)
    names = surface.names(run.canvas.source)
    log.info("surface: %s (%s)", surface.name, surface.told["Coordinates152"])
    told = [sidecar | surface.told for sidecar in told]
    std: dict[str, Any] | None = None
    if run.config.render.std and model.model.members > 1:
        std = {"Description": STD, "Calibrated": True}
        std = std if model.calibrated else UNCALIBRATED
    folder.mkdir(exist_ok=True)
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(write_surfaces, folder, names, sides, told, std)
        _draw(run, surface, sides, [model.genes[column] for column in columns], scores)
        written.result()
    log.info("maps of %d genes on %d sides in %s", len(told), len(sides), folder)


def _draw(
    run: Run,
    surface: Surface,
    sides: list[SurfaceValues],
    genes: list[str],
    scores: Scores,
) -> None:
    """The picture of the genes that held-out donors confirm best."""
    drawn = best(genes, scores)
    tested = any(side.validated.any() for side in sides)  # else nothing is pale
    shapes = {
        side.hemi: figures_surface.Shape(
            side.x_mm, at.triangles, side.validated | (not tested), side.cortex
        )
        for side, at in zip(sides, surface.sides, strict=True)
    }
    maps = {
        gene: {side.hemi: side.mean[:, genes.index(gene)] for side in sides}
        for gene in drawn
    }
    words = _words(run, surface.name, (len(drawn), len(genes)), bool(scores), tested)
    titles = {gene: _title(gene, scores.get(gene)) for gene in drawn}
    run.workdir.figures.mkdir(exist_ok=True)
    draw_both(
        run.workdir.figures / "surfaces",
        figures_surface.make_figure,
        shapes,
        maps,
        titles,
        words,
        "expression",
    )


STD = (
    "Predictive standard deviation of a new measurement at the vertex: the mean +- "
    "1.645 of it is a 90 % interval, calibrated on held-out donors (conformal)"
)


def _title(gene: str, row: dict | None) -> str:
    return gene if row is None else f"{gene}: held-out r {row['r']:.2f}"


def _words(
    run: Run, name: str, counts: tuple[int, int], scored: bool, tested: bool
) -> str:
    """What stands over the picture, of so many genes of so many."""
    drawn, genes = counts
    by = "best of {} genes by held-out r" if scored else "first of {} genes, unscored"
    which = f"{drawn} {by.format(genes)}"
    if genes < len(run.source.samples.genes):
        which += ", of those that --genes named"
    lines = [f"{which}, on {name.split(',')[0].rsplit('/', 1)[-1]}"]
    pale = "pale: not validated by held-out donors"
    lines.append(f"units of the source; {pale if tested else 'nothing is validated'}")
    lines.append("grey, at the midline: no cortex")
    if run.models["place"].symmetric:
        lines[-1] += "; left and right are one in the fit"
    if run.config.source.name == "phantom":
        lines.insert(0, "PHANTOM: synthetic, no measurement of these genes")
    return "\n".join(lines)
