"""The stage `evaluate`: how well each method predicts what it never saw."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from ml_collections import ConfigDict

from inr_jax import progress
from inr_jax.files import write_text
from inr_jax.fitting.held_out_fit import make_predictor
from inr_jax.fitting.recipe import Recipe
from inr_jax.maps.held_out_file import (
    HeldOutPredictions,
    predictions_of,
    write_held_out,
)
from inr_jax.progress import bar
from inr_jax.report import tables
from inr_jax.run.consistency import scored_with
from inr_jax.run.protocols import Protocol
from inr_jax.run.provenance import add_summary, timed
from inr_jax.run.run import Run
from inr_jax.run.setting_checks import block_sides
from inr_jax.run.stages.calibrate import calibrate_stage
from inr_jax.samples.samples import Samples
from inr_jax.samples.source import sha256
from inr_jax.samples.structures import in_one_donor
from inr_jax.stats import hold_out
from inr_jax.stats.baselines import abagen_baselines, baselines, structure_baselines
from inr_jax.stats.folds import (
    BLOCKS_MM,
    block_folds,
    block_protocol,
    donor_folds,
    why_no_blocks,
)
from inr_jax.stats.noise_ceiling import noise_ceiling
from inr_jax.stats.predictor import Predictor
from inr_jax.stats.residuals import HeldOut, held_out_wells

log = logging.getLogger("inr_jax")
KEPT = 2**24  # values of wells and genes, at most, whose predictions are written


class Evaluation(NamedTuple):
    """What evaluating comes to.

    Attributes:
        rows: Of scores.csv; none where nothing can be held out.
        held_out: Name of a model to the residuals of its held-out donors.
        predictions: Protocol to what the model's folds predicted.
        notes: Why donors were not held out, for the summary.
    """

    rows: list[dict]
    held_out: dict[str, HeldOut]
    predictions: dict[str, HeldOutPredictions]
    notes: dict[str, str]


def evaluate_stage(run: Run) -> None:
    """Score all methods on held-out wells; write, print and calibrate.

    Raises:
        InputError: Two donors share a well id, or a prediction is not finite.
    """
    with timed(run.workdir, "evaluate"):
        evaluation = evaluate(run.config, run.source.samples, run.models)
    add_summary(run.workdir.summary, evaluation.notes)
    if not evaluation.rows:
        return
    print(tables.scores_table(evaluation.rows), flush=True)
    files: dict[str, str] = {}
    predictions = evaluation.predictions
    if evaluation.held_out:
        files, sds = calibrate_stage(run, evaluation.held_out)
        for protocol, sd in sds.items() if predictions else ():
            predictions[protocol] = predictions[protocol]._replace(sd=sd)
    write_held_out(run.workdir.held_out, predictions)
    files[run.workdir.held_out.name] = sha256(run.workdir.held_out.read_bytes())
    text = tables.scores_text(evaluation.rows)
    files[run.workdir.scores.name] = sha256(text.encode())
    scores = hold_out.summarise(evaluation.rows)
    note = {"scored_with": scored_with(run.config), "evaluated": files}
    add_summary(run.workdir.summary, {"scores": scores, **note})
    # The last file of all: while it is not the one noted, the stage is not done.
    write_text(run.workdir.scores, text)


def evaluate(
    config: ConfigDict, samples: Samples, models: dict[str, Recipe]
) -> Evaluation:
    """Leave one donor out, for the INR and the baselines.

    Twice where wells have named structures: with the held-out wells' coordinates
    alone, and with their structures too. Blocks of space are held out where there is
    one donor, or where they are asked for.

    Args:
        config: Settings of the run.
        samples: All wells.
        models: Recipes by the names of their models.

    Raises:
        InputError: Two donors share a well id, or a prediction is not finite.
    """
    protocols, notes = _protocols(config, samples, models)
    if config.evaluate.baselines == "plain":
        protocols = {name: each.plain() for name, each in protocols.items()}
    rows: list[dict] = []
    held_out: dict[str, HeldOut] = {}
    predictions: dict[str, HeldOutPredictions] = {}
    rounds = sum(len(p.folds.numbers()) * len(p.methods) for p in protocols.values())
    with bar("evaluate", rounds, unit="fold") as tick:
        done = iter(range(rounds))
        for protocol, (folds, methods, named) in protocols.items():
            for name, predict in methods.items():
                label = f"{protocol}: {name}, without {folds.kind}"
                prediction = hold_out.hold_out(
                    predict,
                    samples,
                    folds,
                    named=named,
                    on_fold=partial(_tick_fold, tick, done, label),
                )
                rows += hold_out.held_out_scores(
                    samples, prediction.mean, name, protocol
                )
                if name == "inr" and samples.values.size <= KEPT:
                    predictions[protocol] = predictions_of(samples, folds, prediction)
                if name == "inr" and folds.kind == "donor":
                    model = "structure" if named else "place"
                    held_out[model] = _lighter(held_out_wells(samples, prediction))
    if hold_out.DONOR_STRUCTURE in protocols:
        rows += _ceiling(samples)
    return Evaluation(rows, held_out, predictions, notes)


def _lighter(held: HeldOut) -> HeldOut:
    """The same; in float32 where there are so many that memory is short."""
    if held.residual.size <= KEPT:
        return held
    residual, spread = (a.astype(np.float32) for a in (held.residual, held.spread))
    return held._replace(residual=residual, spread=spread)


def _stop_if_asked(*_: object) -> None:
    """Ctrl-C is heard between chunks of a fold's fit, too."""
    progress.safe_point()


def _ceiling(samples: Samples) -> list[dict]:
    """Rows of the noise ceiling, beside the methods that know structures."""
    found = noise_ceiling(samples)
    if found is None:
        log.info("evaluate: no noise ceiling, no two donors share a structure")
        return []
    scores, n = found
    return hold_out.score_rows(
        samples.genes, scores, n, "noise_ceiling", hold_out.DONOR_STRUCTURE
    )


def _tick_fold(tick: Callable, done: Iterator[int], label: str, held: str) -> None:
    tick(next(done), f"{label} {held}")


def _protocols(
    config: ConfigDict, samples: Samples, models: dict[str, Recipe]
) -> tuple[dict[str, Protocol], dict[str, str]]:
    """The protocols that can be done, by name; why others can not, for the summary."""
    sides_mm = block_sides("config.evaluate.blocks_mm", config.evaluate.blocks_mm)
    place = models["place"]
    compared = config.compare.enabled
    reason = hold_out.why_no_donors(samples)
    if not reason:
        structure = models.get("structure") if config.anatomy.enabled else None
        protocols = _of_donors(place, structure, samples, compared)
        return protocols | _of_blocks(place, samples, sides_mm, compared), {}
    protocols = _of_blocks(place, samples, sides_mm or BLOCKS_MM, compared)
    if protocols:
        instead = ", ".join(protocols)
        log.warning("evaluate: no donor is held out, %s: %s instead", reason, instead)
        return protocols, {"no_donor_held_out": reason}
    log.warning("evaluate: skipped, %s: maps come without an error", reason)
    return {}, {"evaluation_skipped": reason}


def _of_donors(
    place: Recipe, structure: Recipe | None, samples: Samples, compared: bool
) -> dict[str, Protocol]:
    folds = donor_folds(samples)
    rows = folds.largest_training()
    protocols = {hold_out.DONOR: Protocol(folds, _methods(place, rows, compared))}
    reason = hold_out.why_no_structures(samples)
    if structure is None or reason:
        reason = reason or "config.anatomy.enabled is False"
        log.info("evaluate: no protocol %s, %s", hold_out.DONOR_STRUCTURE, reason)
        return protocols
    single = int(in_one_donor(samples).sum())
    if single:
        log.info(
            "evaluate: %d of %d wells have a structure of their donor alone; held out, "
            "it was never seen and they are known by its parent",
            single,
            len(samples.well),
        )
    methods = {"inr": make_predictor(structure, rows, on_chunk=_stop_if_asked)}
    methods |= structure_baselines(structure.mirror)
    return {**protocols, hold_out.DONOR_STRUCTURE: Protocol(folds, methods, named=True)}


def _of_blocks(
    place: Recipe, samples: Samples, sides_mm: Sequence[float], compared: bool
) -> dict[str, Protocol]:
    parted = {}
    for side_mm in sides_mm:
        name = block_protocol(side_mm)
        folds = block_folds(samples, side_mm, mirror=place.mirror)
        reason = why_no_blocks(folds)
        if reason:
            log.warning("evaluate: no protocol %s, %s", name, reason)
        else:
            parted[name] = folds
    if not parted:
        return {}
    rows = max(folds.largest_training() for folds in parted.values())
    methods = _methods(place, rows, compared)  # one program for all sides
    return {name: Protocol(folds, methods) for name, folds in parted.items()}


def _methods(place: Recipe, rows: int, compared: bool) -> dict[str, Predictor]:
    """The INR and the baselines, where coordinates alone are known.

    Args:
        place: The INR's recipe.
        rows: Wells to pad every fold to.
        compared: Whether abagen's interpolations are among the baselines.
    """
    methods = {"inr": make_predictor(place, rows, on_chunk=_stop_if_asked)}
    methods |= baselines(place.mirror)
    return methods | (abagen_baselines() if compared else {})
