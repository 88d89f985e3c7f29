"""The stage `render`: from the newest checkpoint to maps and figures."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from inr_jax import build, evaluate, figures, phantom, recipe, render, report, template
from inr_jax.baselines import nearest_distance_mm
from inr_jax.checkpoint import Bundle
from inr_jax.maps import Canvas, write_distance, write_genes
from inr_jax.nifti import fill, gene_desc
from inr_jax.progress import bar
from inr_jax.provenance import add_summary, timed
from inr_jax.scores import score
from inr_jax.sources import Source
from inr_jax.stage_anatomy import render_with_atlas
from inr_jax.stage_crosswalk import atlas_name
from inr_jax.stage_fit import start_or_restore
from inr_jax.workdir import Workdir

log = logging.getLogger("inr_jax")
DRAWN = 4  # genes in the picture of slices
PICTURES = {evaluate.DONOR: "held_out.png", evaluate.ANATOMY: "held_out_anatomy.png"}


def render_stage(config: ConfigDict, workdir: Workdir, source: Source) -> None:
    """Write a map of every gene, the companion volumes and the figures."""
    samples = source.samples
    plan = build.make_recipe(config, len(samples.genes))
    bundle = start_or_restore(config, workdir, plan, samples)
    step = int(bundle.state.step)
    if step < plan.steps:
        log.warning("render: the fit stands at step %d of %d", step, plan.steps)
    canvas = Canvas(*build.make_grid(config), config.render.outside)
    protocol = evaluate.ANATOMY if config.anatomy.maps else evaluate.DONOR
    scores = held_out_scores(workdir, protocol)
    with timed(workdir, "render"):
        x_mm = canvas.grid.points_mm(canvas.mask).astype(np.float32)
        if config.anatomy.maps:
            mean, spread = render_with_atlas(config, workdir, samples, x_mm)
        else:
            mean, spread = _render(workdir, plan, bundle, x_mm)
        if config.source.name == "phantom":
            brain = build.make_phantom(config)
            _compare_with_truth(workdir, brain, samples.genes, x_mm, mean)
        if not config.render.std or config.fit.members == 1:
            spread = None
        sidecars = _sidecars(config, source, step, scores)
        workdir.maps.mkdir(exist_ok=True)
        with bar("write", len(sidecars), unit="gene") as tick:
            write_genes(workdir.maps, canvas, sidecars, mean, spread, on_gene=tick)
        distance_mm = nearest_distance_mm(samples.x_mm, x_mm)
        write_distance(workdir.maps, canvas, distance_mm, len(samples.well))
    with timed(workdir, "figures"):
        _draw(workdir, canvas, source, mean, scores)
    log.info("maps of %d genes in %s", len(samples.genes), workdir.maps)


def held_out_scores(
    workdir: Workdir, protocol: str = evaluate.DONOR
) -> dict[str, dict]:
    """gene -> the INR's row of scores.csv; empty where nothing was evaluated."""
    if not workdir.scores.exists():
        return {}
    return {
        row["gene"]: row
        for row in report.read_scores(workdir.scores)
        if row["method"] == "inr" and row["protocol"] == protocol
    }


def _render(
    workdir: Workdir, plan: recipe.Recipe, bundle: Bundle, x_mm: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    model = recipe.make_model(bundle.frame, bundle.state)
    tissue = template.tissue_at(x_mm)
    start = time.perf_counter()
    with bar("render", len(x_mm), unit="voxel") as tick:
        mean, spread = render.render(plan.renderer, model, x_mm, tissue, on_chunk=tick)
    seconds = time.perf_counter() - start
    log.info("render: %d voxels x %d genes in %.1f s", *mean.shape, seconds)
    numbers = {"seconds": seconds, "voxel_genes_per_second": mean.size / seconds}
    add_summary(workdir.summary, {"render": numbers, "n_voxels": len(x_mm)})
    return mean, spread


def _sidecars(
    config: ConfigDict, source: Source, step: int, scores: dict[str, dict]
) -> list[dict[str, Any]]:
    """What the JSON beside each gene's map says."""
    seen = config.anatomy.maps
    protocol = "leave one donor out" + (", structures known" if seen else "")
    common = {
        "Atlas": f"{atlas_name(config)}, blurred {config.anatomy.blur_mm:g} mm"
        if seen
        else None,
        "Units": "expression, in the units of the source",
        "Source": config.source.name,
        "Method": f"{config.field.name}, {config.conditioning.name}",
        "Members": config.fit.members,
        "Seed": config.seed,
        "SmoothingMm": config.fit.jitter_mm,
        "Steps": config.anatomy.steps if seen else step,
        "Mirrored": config.inputs.mirror,
        "Coordinates": source.coordinates,
    }
    return [
        {
            "Gene": gene,
            "Desc": desc,
            **common,
            "HeldOutProtocol": protocol if gene in scores else None,
            "HeldOutR": scores.get(gene, {}).get("r"),
            "HeldOutR2": scores.get(gene, {}).get("r2"),
        }
        for gene, desc in gene_desc(source.samples.genes).items()
    ]


def _compare_with_truth(
    workdir: Workdir,
    brain: phantom.Phantom,
    genes: tuple[str, ...],
    x_mm: np.ndarray,
    mean: np.ndarray,
) -> None:
    """The phantom is known at every voxel, so its maps can be scored there."""
    columns = [brain.genes.index(gene) for gene in genes]
    truth = phantom.truth(brain, x_mm, template.tissue_at(x_mm))[:, columns]
    scores = score(truth, mean)
    r, r2 = float(scores.r.mean()), float(scores.r2.mean())
    log.info("phantom: r %.3f, R2 %.3f against the truth at every voxel", r, r2)
    add_summary(workdir.summary, {"phantom_voxels": {"r_mean": r, "r2_mean": r2}})


def _draw(
    workdir: Workdir,
    canvas: Canvas,
    source: Source,
    mean: np.ndarray,
    scores: dict[str, dict],
) -> None:
    """Slices of the genes that held-out donors confirm best; scores of all methods."""
    samples = source.samples
    genes = sorted(samples.genes, key=lambda gene: -scores[gene]["r"] if scores else 0)
    columns = {gene: samples.genes.index(gene) for gene in genes[:DRAWN]}
    scene = figures.Scene(canvas.grid, canvas.mask, *template.t1(), samples.x_mm)
    workdir.figures.mkdir(exist_ok=True)
    figures.slices(
        workdir.figures / "slices.png",
        scene,
        {g: fill(mean[:, c], canvas.mask) for g, c in columns.items()},
        {g: samples.values[:, c] for g, c in columns.items()},
        scores={g: scores[g] for g in columns if g in scores},
    )
    if workdir.scores.exists():
        draw_scores(workdir.figures, report.read_scores(workdir.scores))


def draw_scores(folder: Path, rows: list[dict]) -> None:
    """A picture of the held-out scores of each protocol that was evaluated."""
    for protocol, picture in PICTURES.items():
        some = report.of_protocol(rows, protocol)
        if some:
            figures.held_out(folder / picture, some)
