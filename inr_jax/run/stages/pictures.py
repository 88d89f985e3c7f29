"""The pictures of a run: slices of some genes' maps, and held-out scores."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from inr_jax.brain import template
from inr_jax.maps.phantom_scores import MapObserver
from inr_jax.maps.write import fill
from inr_jax.report import scatter, slices, tables
from inr_jax.run.run import Run
from inr_jax.run.wells import has_values
from inr_jax.stats import hold_out

log = logging.getLogger("inr_jax")
DRAWN = 4  # genes in the picture of slices
SLICES, PICKED = "slices.png", "slices_picked.png"
PICTURES = {
    hold_out.DONOR: "held_out.png",
    hold_out.DONOR_STRUCTURE: "held_out_anatomy.png",
}
PHANTOM = "PHANTOM: synthetic, no measurement of these genes"
Scores = dict[str, dict]  # gene -> its row of scores.csv


def best(genes: Iterable[str], scores: Scores) -> list[str]:
    """The genes to draw, by held-out r."""
    r = {gene: scores.get(gene, {"r": -math.inf})["r"] for gene in genes}
    return sorted(r, key=lambda gene: -r[gene])[:DRAWN]


def draw_slices(
    run: Run,
    observer: MapObserver,
    scores: Scores,
    validated: np.ndarray | None,
    *,
    picked: bool,
) -> None:
    """Slices of some genes' maps.

    Args:
        run: With its samples, which are drawn as dots.
        observer: Holds the maps.
        scores: Held-out scores by gene.
        validated: `(V,)` bool, voxels in the validated range; None where unknown.
        picked: Whether the user named the genes.
    """
    samples, canvas = run.source.samples, run.canvas
    maps = {gene: observer.maps[gene] for gene in best(observer.maps, scores)}
    wells_mm = samples.x_mm
    if not has_values(run.source):
        log.info("slices come without dots: the samples' expression is not at hand")
        wells_mm = wells_mm[:0]
        samples = samples.take(np.arange(0))
    inside = None
    if validated is not None:
        inside = fill(validated, canvas.mask).astype(bool)
    t1, t1_grid = template.t1()
    scene = slices.Scene(canvas.grid, canvas.mask, t1, t1_grid, wells_mm, inside)
    run.workdir.figures.mkdir(exist_ok=True)
    slices.draw(
        run.workdir.figures / (PICKED if picked else SLICES),
        scene,
        {gene: fill(values, canvas.mask) for gene, values in maps.items()},
        {gene: samples.values[:, samples.genes.index(gene)] for gene in maps},
        scores={gene: scores[gene] for gene in maps if gene in scores},
        words=_words(run, len(maps), scores, picked=picked),
    )


def _words(run: Run, drawn: int, scores: Scores, *, picked: bool) -> slices.Words:
    """What the picture says beside its rows."""
    count, lines, below = len(run.source.samples.genes), [], []
    phantom = run.config.source.name == "phantom"
    if picked:
        lines.append(f"{drawn} of the genes that --genes named")
    elif scores:
        which = f"the {drawn} of {count} genes that held-out donors confirm best"
        lines.append(f"{which}; others: inr-jax render --genes=")
    else:
        lines.append(f"the first {drawn} of {count} genes, none of them scored")
    if phantom:
        lines.insert(0, PHANTOM)
    if run.models["place"].symmetric:
        below.append("left and right are one in the fit: maps are mirrored")
    scale = "synthetic expression" if phantom else slices.Words().scale
    return slices.Words("\n".join(lines), tuple(below), scale)


def draw_scores(folder: Path, rows: list[dict], *, phantom: bool = False) -> None:
    """A picture of the held-out scores of each protocol that was evaluated."""
    for protocol in hold_out.summarise(rows):
        picture = PICTURES.get(protocol, f"held_out_{protocol}.png")
        scatter.draw(
            folder / picture,
            tables.of_protocol(rows, protocol),
            PHANTOM if phantom else "",
        )
