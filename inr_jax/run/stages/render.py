"""The stage `render`: from the newest checkpoint to maps and figures."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

import inr_jax
from inr_jax.files.cell_text import listed
from inr_jax.maps.dataset import write_dataset
from inr_jax.maps.gene_batches import Block, block_size
from inr_jax.maps.phantom_scores import MapObserver
from inr_jax.maps.uncertainty import std_maps
from inr_jax.maps.write import write_blocks, write_distance, write_validated
from inr_jax.progress import bar
from inr_jax.report import tables
from inr_jax.run import fitted
from inr_jax.run.consistency import read_scores_of
from inr_jax.run.expression_model import ExpressionModel
from inr_jax.run.images import blocks_of, calibrated_of
from inr_jax.run.provenance import add_summary, timed
from inr_jax.run.run import Run
from inr_jax.run.sidecars import Scores, sidecars
from inr_jax.run.stages.calibrate import calibration_of
from inr_jax.run.stages.crosswalk import write_crosswalk
from inr_jax.run.stages.phantom_check import compare_with_phantom, sum_up_maps
from inr_jax.run.stages.pictures import best, draw_scores, draw_slices
from inr_jax.run.stages.store import (
    looked_at,
    observe,
    takes_store,
    write_store_of,
)
from inr_jax.run.stages.surfaces import surfaces_stage
from inr_jax.samples import phantom
from inr_jax.samples.gene_names import columns_of
from inr_jax.stats.neighbours import nearest_distance_mm

log = logging.getLogger("inr_jax")


def render_stage(run: Run, genes: str | None = None) -> None:
    """Write maps, the companion volumes and, for all genes, figures and summary.

    Args:
        run: With the checkpoint of the model that is drawn.
        genes: Comma separated symbols; None draws all. Maps of some genes have a
            picture of their own, and leave the figures and times of all as they are.

    Raises:
        InputError: An unknown gene, no checkpoint, or one of another fit.
    """
    model, workdir, canvas = expression_model(run), run.workdir, run.canvas
    names = listed(genes)
    columns = columns_of(model.genes, names or None)
    whole = len(columns) == len(model.genes)  # what figures and summary are of
    rows = read_scores_of(workdir)
    held_out = scores_of_maps(run, model, rows)
    with timed(workdir, "render") if whole else contextlib.nullcontext():
        write_crosswalk(run)
        x_mm = canvas.grid.points_mm(canvas.mask).astype(np.float32)
        predictive, sidecar = _std_maps(run, model, columns, x_mm)
        told = sidecars(run, model, *held_out)
        workdir.maps.mkdir(exist_ok=True)
        phantom_maps = run.brain is not None
        write_dataset(workdir.maps, inr_jax.__version__, phantom=phantom_maps)
        if whole and takes_store(run, model):
            shown = looked_at(run, best(model.genes, held_out[1]))
            observer = _observer(run, shown, held_out[1], x_mm)
            write_store_of(run, model, told, sidecar, x_mm)
            observe(model, observer, shown, x_mm)
        else:
            observer = _observer(run, columns, held_out[1], x_mm)
            told = [told[column] for column in columns]
            with _blocks(run, model, x_mm, columns) as blocks:
                blocks = map(predictive, map(observer.observe, blocks))
                write_blocks(workdir.maps, canvas, told, blocks, std_sidecar=sidecar)
        _write_distance(run, x_mm)
        validated = _write_validated(run, model, x_mm)
        if run.brain is not None and whole:
            sum_up_maps(run, observer)
            compare_with_phantom(run, model, x_mm)
    with timed(workdir, "figures") if whole else contextlib.nullcontext():
        draw_slices(run, observer, held_out[1], validated, picked=not whole)
        if whole and rows:
            draw_scores(workdir.figures, rows, phantom=run.brain is not None)
        surfaces_stage(run, model, columns, told, held_out[1])
    log.info("maps of %d genes in %s", len(columns), workdir.maps)


def expression_model(run: Run) -> ExpressionModel:
    """The model of a run that is drawn, from its newest checkpoint.

    Raises:
        InputError: There is no checkpoint, or it is broken.
    """
    name, workdir = run.drawn, run.workdir
    plan = run.models[name]
    bundle = fitted.restore(workdir.checkpoints_of(name), plan, run.source.samples)
    whole = fitted.is_whole(plan, bundle)
    if not whole:
        steps = bundle.meta.get("steps", plan.steps)
        step = int(bundle.state.step)
        log.warning("render: the fit stands at step %d of %d", step, steps)
    calibrated = calibration_of(run, name, whole=whole)
    return ExpressionModel(name, plan, bundle, run.source, calibrated, run.regions)


def scores_of_maps(
    run: Run, model: ExpressionModel, rows: list[dict]
) -> tuple[str, Scores]:
    """Of the rows of scores.csv, the protocol and rows by gene that maps tell of."""
    if not fitted.is_whole(model.recipe, model.bundle):
        return "", {}  # folds took all steps: their scores are of another fit
    return tables.of_maps(rows, sees_structures=run.drawn == "structure")


def _std_maps(
    run: Run, model: ExpressionModel, columns: list[int], x_mm: np.ndarray
) -> tuple[Callable[[Block], Block], dict[str, Any] | None]:
    """As `std_maps`, of the genes in `columns`; no maps where none are asked for."""
    if not run.config.render.std:
        return lambda block: block, None
    members = model.model.members
    return std_maps(calibrated_of(model.drawable, columns), x_mm, members=members)


def _observer(
    run: Run, columns: list[int], scores: Scores, x_mm: np.ndarray
) -> MapObserver:
    """Keeps the maps to draw: those that held-out donors confirm best."""
    genes = [run.source.samples.genes[column] for column in columns]
    brain = phantom.keep_genes(run.brain, columns) if run.brain else None
    drawn = {gene: genes.index(gene) for gene in best(genes, scores)}
    return MapObserver(drawn, brain, x_mm)


@contextlib.contextmanager
def _blocks(
    run: Run, model: ExpressionModel, x_mm: np.ndarray, columns: list[int]
) -> Iterator[Iterable[Block]]:
    """The blocks to write, in the units that are written; times go to the summary."""
    voxels, genes = len(x_mm), len(columns)
    size = block_size(voxels, genes, run.config.render.genes)
    rounds = -(-genes // size)
    log.info("render: %d voxels x %d genes, %d at a time", voxels, genes, size)
    start, busy = time.perf_counter(), [0.0]
    with bar("render", rounds * voxels, unit="voxel") as tick:
        yield _clocked(
            blocks_of(model.drawable, x_mm, columns, size=size, on_chunk=tick), busy
        )
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
    if genes == len(model.genes):
        add_summary(run.workdir.summary, {"render": numbers, "n_voxels": voxels})


def _clocked(blocks: Iterator[Block], busy: list[float]) -> Iterator[Block]:
    """The same blocks; adds the seconds that making them took."""
    start = time.perf_counter()
    for block in blocks:
        busy[0] += time.perf_counter() - start
        yield block
        del block  # its writer lets go of it in time
        start = time.perf_counter()


def _write_distance(run: Run, x_mm: np.ndarray) -> None:
    """Write how far each voxel lies from the nearest sample."""
    samples = run.source.samples
    distance_mm = nearest_distance_mm(samples.points().x_mm, x_mm)
    write_distance(run.workdir.maps, run.canvas, distance_mm, len(samples.well))


def _write_validated(
    run: Run, model: ExpressionModel, x_mm: np.ndarray
) -> np.ndarray | None:
    """Write the mask of voxels that are validated; none without evaluation."""
    if model.calibrated is None:
        return None
    inside = model.validated(x_mm)
    share = float(inside.mean())
    log.info("%.0f %% of voxels are validated", 100 * share)
    add_summary(run.workdir.summary, {"validated_share": share})
    matters = model.calibrated.matters
    write_validated(run.workdir.maps, run.canvas, inside, model.range_mm, matters)
    return inside
