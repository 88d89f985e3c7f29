"""The stage `render`: from the newest checkpoint to maps and figures."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from inr_jax.brain import template
from inr_jax.fields import model as render
from inr_jax.fields.inputs import make_places
from inr_jax.fitting import recipe
from inr_jax.maps.bids import gene_desc
from inr_jax.maps.gene_batches import Block, Slabs, block_size, rendered
from inr_jax.maps.phantom_scores import MapObserver
from inr_jax.maps.write import Canvas, fill, write_blocks, write_distance
from inr_jax.progress import bar
from inr_jax.report import scatter, slices, tables
from inr_jax.run import build
from inr_jax.run.provenance import add_summary, timed
from inr_jax.run.stages import calibrate as uncertainty
from inr_jax.run.stages.crosswalk import atlas_name, fitted_with_atlas
from inr_jax.run.stages.fit import start_or_restore
from inr_jax.run.workdir import Workdir
from inr_jax.samples import phantom
from inr_jax.samples.source import Source
from inr_jax.stats import hold_out
from inr_jax.stats.neighbours import nearest_distance_mm

log = logging.getLogger("inr_jax")
DRAWN = 4  # genes in the picture of slices
PICTURES = {
    hold_out.DONOR: "held_out.png",
    hold_out.DONOR_STRUCTURE: "held_out_anatomy.png",
}


def render_stage(config: ConfigDict, workdir: Workdir, source: Source) -> None:
    """Write a map of every gene, the companion volumes and the figures."""
    samples = source.samples
    plan = build.make_recipe(config, len(samples.genes))
    bundle = start_or_restore(config, workdir, plan, samples)
    step = int(bundle.state.step)
    if step < plan.steps:
        log.warning("render: the fit stands at step %d of %d", step, plan.steps)
    canvas = Canvas(*build.make_grid(config), config.render.outside)
    known = tables.read_scores(workdir.scores) if workdir.scores.exists() else []
    protocol, scores = tables.of_maps(known, sees_structures=config.anatomy.maps)
    with timed(workdir, "render"):
        x_mm = canvas.grid.points_mm(canvas.mask).astype(np.float32)
        if config.anatomy.maps:
            parts = fitted_with_atlas(config, workdir, samples, x_mm)
        else:
            model = recipe.make_model(bundle.preprocessing, bundle.state)
            parts = (plan.renderer, model, _slabs(x_mm))
        calibrated = uncertainty.calibration_of(
            config, workdir, source, whole=step >= plan.steps
        )
        predictive, told = uncertainty.std_maps(config, calibrated, x_mm)
        observer = MapObserver(
            _best(samples.genes, scores), _truth(config, samples.genes), x_mm
        )
        sidecars = _sidecars(config, source, step, (protocol, scores))
        workdir.maps.mkdir(exist_ok=True)
        with _blocks(config, workdir, parts, len(x_mm)) as blocks:
            blocks = map(predictive, map(observer.observe, blocks))
            write_blocks(workdir.maps, canvas, sidecars, blocks, std_sidecar=told)
        _tell(workdir, observer)
        distance_mm = nearest_distance_mm(samples.x_mm, x_mm)
        write_distance(workdir.maps, canvas, distance_mm, len(samples.well))
        uncertainty.draw_validated(config, workdir, canvas, samples, calibrated)
        if config.source.name == "phantom" and not config.anatomy.maps:
            uncertainty.compare_with_phantom(
                config, workdir, samples, bundle, calibrated
            )
    with timed(workdir, "figures"):
        _draw(workdir, canvas, source, observer.maps, scores)
    log.info("maps of %d genes in %s", len(samples.genes), workdir.maps)


def _slabs(x_mm: np.ndarray) -> Slabs:
    """All voxels at once; two numbers each beside their places are no burden."""
    places = make_places(x_mm, template.tissue_at(x_mm))
    return lambda: [places]


@contextlib.contextmanager
def _blocks(
    config: ConfigDict,
    workdir: Workdir,
    parts: tuple[render.Renderer, render.Model, Slabs],
    voxels: int,
) -> Iterator[Iterable[Block]]:
    """The blocks to write, in the units that are written; times go to the summary."""
    renderer, model, slabs = parts
    genes = len(model.standardiser.scale)
    size = block_size(voxels, genes, config.render.genes)
    rounds = -(-genes // size)
    log.info("render: %d voxels x %d genes, %d at a time", voxels, genes, size)
    start, busy = time.perf_counter(), [0.0]
    with bar("render", rounds * voxels, unit="voxel") as tick:
        blocks = rendered(
            renderer, model, slabs, voxels=voxels, size=size, on_chunk=tick
        )
        yield _clocked(blocks, busy)
    numbers = {
        "seconds": busy[0],
        "seconds_with_writing": time.perf_counter() - start,
        "voxel_genes_per_second": voxels * genes / busy[0],
        "genes_a_block": size,
    }
    log.info(
        "rendered in {seconds:.1f} s, {seconds_with_writing:.1f} s with writing".format(
            **numbers
        )
    )
    add_summary(workdir.summary, {"render": numbers, "n_voxels": voxels})


def _clocked(blocks: Iterator[Block], busy: list[float]) -> Iterator[Block]:
    """The same blocks; adds the seconds that making them took."""
    start = time.perf_counter()
    for block in blocks:
        busy[0] += time.perf_counter() - start
        yield block
        del block  # its writer lets go of it in time
        start = time.perf_counter()


def _sidecars(
    config: ConfigDict,
    source: Source,
    step: int,
    held_out: tuple[str, dict[str, dict]],
) -> list[dict[str, Any]]:
    """What the JSON beside each gene's map says."""
    seen, (protocol, scores) = config.anatomy.maps, held_out
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


def _truth(config: ConfigDict, genes: tuple[str, ...]) -> phantom.Phantom | None:
    """The phantom of these genes, where that is where the samples come from."""
    if config.source.name != "phantom":
        return None
    brain = build.make_phantom(config)
    return phantom.keep_genes(brain, [brain.genes.index(gene) for gene in genes])


def _best(genes: tuple[str, ...], scores: dict[str, dict]) -> dict[str, int]:
    """Those to draw, which held-out donors confirm best, and their columns."""
    order = sorted(genes, key=lambda gene: -scores[gene]["r"] if scores else 0)
    return {gene: genes.index(gene) for gene in order[:DRAWN]}


def _tell(workdir: Workdir, observer: MapObserver) -> None:
    """How well the maps meet the phantom's truth."""
    if observer.scores:
        r, r2 = map(float, np.mean(observer.scores, axis=0))
        log.info("phantom: r %.3f, R2 %.3f against the truth at every voxel", r, r2)
        add_summary(workdir.summary, {"phantom_voxels": {"r_mean": r, "r2_mean": r2}})


def _draw(
    workdir: Workdir,
    canvas: Canvas,
    source: Source,
    drawn: dict[str, np.ndarray],
    scores: dict[str, dict],
) -> None:
    """Slices of some genes' maps `(V,)`; scores of all methods."""
    samples = source.samples
    columns = _best(samples.genes, scores)
    scene = slices.Scene(canvas.grid, canvas.mask, *template.t1(), samples.x_mm)
    workdir.figures.mkdir(exist_ok=True)
    slices.draw(
        workdir.figures / "slices.png",
        scene,
        {g: fill(drawn[g], canvas.mask) for g in columns},
        {g: samples.values[:, c] for g, c in columns.items()},
        scores={g: scores[g] for g in columns if g in scores},
    )
    if workdir.scores.exists():
        draw_scores(workdir.figures, tables.read_scores(workdir.scores))


def draw_scores(folder: Path, rows: list[dict]) -> None:
    """A picture of the held-out scores of each protocol that was evaluated."""
    for protocol in hold_out.summarise(rows):
        picture = PICTURES.get(protocol, f"held_out_{protocol}.png")
        scatter.draw(folder / picture, tables.of_protocol(rows, protocol))
