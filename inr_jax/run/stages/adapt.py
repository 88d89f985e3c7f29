"""The stage `adapt`: genes of another source on the trunk of a run.

Trunk and old genes stay as they are, bit for bit. The new genes become a workdir of
their own below the run's (`adapted/`), which every verb and `inr_jax.load` reads; their
maps lie beside the old ones.

Held out are donors, from heads and trunk alike: for each donor a trunk is fitted to the
old genes of all others, the heads to the new genes of all others, penalties included.
Where the run's source cannot be read, from the heads alone, and it says so.
"""

from __future__ import annotations

import logging
import shutil
import time
from pathlib import Path

import numpy as np
from ml_collections import ConfigDict

from inr_jax.errors import InputError
from inr_jax.files import csv_text, write_text
from inr_jax.fitting.checkpoint import Bundle
from inr_jax.maps.gene_batches import block_size
from inr_jax.maps.uncertainty import std_maps
from inr_jax.maps.write import write_blocks
from inr_jax.progress import bar
from inr_jax.report import tables
from inr_jax.run import build, fitted
from inr_jax.run import config as settings
from inr_jax.run import workdir as workdirs
from inr_jax.run.adapted import adapted_bundle, adapted_predictor, new_genes
from inr_jax.run.consistency import scored_with
from inr_jax.run.expression_model import ExpressionModel
from inr_jax.run.images import blocks_of
from inr_jax.run.leftovers import is_of_a_run
from inr_jax.run.provenance import add_summary
from inr_jax.run.run import Run
from inr_jax.run.sidecars import sidecars
from inr_jax.run.stages.calibrate import calibrate_stage, calibration_of
from inr_jax.run.wells import has_values
from inr_jax.run.workdir import Workdir
from inr_jax.samples.source import sha256
from inr_jax.stats import hold_out
from inr_jax.stats.kriging import kriging
from inr_jax.stats.predictor import Prediction
from inr_jax.stats.residuals import held_out_wells

log = logging.getLogger("inr_jax")
COLUMNS = ("gene", "n", "r", "r2", "kriging_r", "kriging_r2")  # of adapted.csv
FOLDER, TABLE = "adapted", "adapted.csv"


def adapt_stage(trunk: Run, config: ConfigDict) -> None:
    """Adapt, score, calibrate, save and draw the genes of another source.

    Args:
        trunk: The run whose trunk is taken.
        config: Its settings, with another source.

    Raises:
        InputError: No checkpoint, no new gene, or networks that cannot take one in.
    """
    plan = trunk.models["place"]
    bundle = fitted.restore(trunk.workdir.checkpoints, plan, trunk.source.samples)
    if not fitted.is_whole(plan, bundle):
        log.warning("adapt: the trunk stands at step %d", int(bundle.state.step))
    source = new_genes(config, build.load_source(config), bundle.meta["genes"])
    # Of the trunk's networks, whatever the supports of the new genes are.
    config = settings.with_settings(config, fit__places=plan.places)
    genes, text = len(source.samples.genes), settings.to_json(config)
    new = build.make_recipe(config, genes)
    start = time.perf_counter()
    adapted = adapted_bundle(bundle, new, text, source)
    log.info("adapted %d genes in %.1f s", genes, time.perf_counter() - start)
    folder = Workdir(trunk.workdir.root / FOLDER)
    run = Run(config, folder, source, build.make_canvas(config), {"place": new})
    predictions = _predictions(trunk, run, bundle) if config.evaluate.enabled else {}
    _clear(folder.root, trunk)
    ExpressionModel("place", new, adapted, source).save(folder.root)
    rows = _write_scores(run, predictions)
    _draw(trunk, run, adapted, rows)
    _write_table(trunk, rows)


def _predictions(trunk: Run, run: Run, bundle: Bundle) -> dict[str, Prediction]:
    """Held-out predictions of the new genes by method; none without two donors."""
    samples, old = run.source.samples, trunk.source.samples
    reason = hold_out.why_no_donors(samples)
    if reason:
        log.warning("adapt: no donor is held out, %s", reason)
        return {}
    plans = trunk.models["place"], run.models["place"]
    if not has_values(trunk.source):
        log.warning("adapt: the trunk's source is gone, it has seen held-out donors")
        old = old.take(np.arange(0))
    strange = sorted(set(samples.donors) - set(trunk.source.samples.donors))
    if strange:
        log.info("adapt: donors that the trunk never saw: %s", ", ".join(strange))
    mirror = plans[1].mirror
    methods = {
        "inr": adapted_predictor(plans, bundle, old, samples),
        "kriging": lambda wells, sites: kriging(wells, sites, mirror=mirror),
    }
    rounds = len(methods) * len(np.unique(samples.donor))
    done, predictions = iter(range(rounds)), {}
    with bar("adapt", rounds, unit="fold") as tick:
        for name, predict in methods.items():
            predictions[name] = hold_out.leave_one_donor_out(
                predict,
                samples,
                on_fold=lambda donor: tick(next(done), f"without donor {donor}"),
            )
    return predictions


def _clear(folder: Path, trunk: Run) -> None:
    """Remove what an earlier call left, or began; nobody else's folder.

    Its lock stays to the last, by which a folder that was half removed is known.
    """
    if not folder.exists() and not folder.is_symlink():
        return
    theirs = folder.is_symlink() or not folder.is_dir()
    if theirs or not is_of_a_run(Workdir(folder)):
        raise InputError(
            folder,
            expected="none, or what an earlier `inr-jax adapt` left",
            found="something else",
            fix=f"move it out of {trunk.workdir.root}",
        )
    if (folder / "wells.npz").exists():
        log.warning("adapt: replaces the genes of an earlier call in %s", folder)
    with workdirs.opened(folder):
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name != workdirs.LOCK:
                path.unlink()


def _write_scores(run: Run, predictions: dict[str, Prediction]) -> list[dict]:
    """The rows of scores.csv, written with the calibration; none without folds."""
    if not predictions:
        return []
    samples, workdir = run.source.samples, run.workdir
    rows = []
    for name, prediction in predictions.items():
        rows += hold_out.held_out_scores(samples, prediction.mean, name)
    print(tables.scores_table(rows), flush=True)
    held = held_out_wells(samples, predictions["inr"])
    files, _ = calibrate_stage(run, {"place": held})
    text = tables.scores_text(rows)
    files[workdir.scores.name] = sha256(text.encode())
    note = {"scored_with": scored_with(run.config), "evaluated": files}
    scores = hold_out.summarise(rows)
    add_summary(workdir.summary, {"scores": scores, **note})
    write_text(workdir.scores, text)
    return rows


def _draw(trunk: Run, run: Run, bundle: Bundle, rows: list[dict]) -> None:
    """Write the maps of the new genes beside those of the run."""
    plan, canvas, folder = run.models["place"], run.canvas, trunk.workdir.maps
    calibrated = calibration_of(run, "place", whole=True)
    model = ExpressionModel("place", plan, bundle, run.source, calibrated)
    x_mm = canvas.grid.points_mm(canvas.mask).astype(np.float32)
    predictive, std = lambda block: block, None
    if run.config.render.std:
        members = model.model.members
        predictive, std = std_maps(calibrated, x_mm, members=members)
    held_out = tables.of_maps(rows, sees_structures=False)
    told = [
        {**sidecar, "Trunk": bundle.meta["trunk"], "Adapted": True}
        for sidecar in sidecars(run, model, *held_out)
    ]
    columns = list(range(len(model.genes)))
    size = block_size(len(x_mm), len(columns), run.config.render.genes)
    folder.mkdir(exist_ok=True)
    blocks = map(predictive, blocks_of(model.drawable, x_mm, columns, size=size))
    write_blocks(folder, canvas, told, blocks, std_sidecar=std)
    log.info("maps of %d adapted genes in %s", len(columns), folder)


def _write_table(trunk: Run, rows: list[dict]) -> None:
    """Write adapted.csv: a row a gene, ours beside kriging on the same wells."""
    by_gene = {row["gene"]: row for row in rows if row["method"] == "kriging"}
    lines = [
        {
            "gene": row["gene"],
            "n": row["n"],
            "r": f"{row['r']:.8g}",
            "r2": f"{row['r2']:.8g}",
            "kriging_r": f"{by_gene[row['gene']]['r']:.8g}",
            "kriging_r2": f"{by_gene[row['gene']]['r2']:.8g}",
        }
        for row in rows
        if row["method"] == tables.FIELD
    ]
    if lines:
        write_text(trunk.workdir.root / TABLE, csv_text(COLUMNS, lines))
