"""The stage `evaluate`: how well each method predicts what it never saw."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from ml_collections import ConfigDict

from inr_jax.files import write_text
from inr_jax.files.reading import sha256_of
from inr_jax.fitting.recipe import Recipe
from inr_jax.maps.held_out_file import (
    HeldOutPredictions,
    predictions_of,
    write_held_out,
)
from inr_jax.progress import bar
from inr_jax.report import tables
from inr_jax.run import config as settings
from inr_jax.run.consistency import scored_with
from inr_jax.run.kept_folds import kept, made_from
from inr_jax.run.protocols import protocols_of
from inr_jax.run.provenance import add_summary, timed
from inr_jax.run.run import Run
from inr_jax.run.stages.calibrate import calibrate_stage
from inr_jax.samples.gene_blocks import is_large
from inr_jax.samples.samples import Samples
from inr_jax.samples.source import sha256
from inr_jax.stats import hold_out
from inr_jax.stats.noise_ceiling import noise_ceiling
from inr_jax.stats.predictor import Predictor
from inr_jax.stats.residuals import HeldOut, held_out_wells

log = logging.getLogger("inr_jax")
KEPT = 2**24  # values, wells x genes, up to which predictions of both models are kept


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
    keep = None
    if not run.config.devices.distributed:  # all processes do the same
        made = made_from(settings.to_json(run.config), run.source.files)
        keep = partial(kept, folder=run.workdir.evaluating, made=made)
    with timed(run.workdir, "evaluate"):
        evaluation = evaluate(run.config, run.source.samples, run.models, keep)
    add_summary(run.workdir.summary, evaluation.notes)
    if not evaluation.rows:
        return
    print(tables.scores_table(evaluation.rows), flush=True)
    files: dict[str, str] = {}
    predictions = evaluation.predictions
    if evaluation.held_out:
        files, sds = calibrate_stage(run, evaluation.held_out)
        for protocol in predictions.keys() & sds.keys():
            predictions[protocol] = predictions[protocol]._replace(sd=sds[protocol])
    write_held_out(run.workdir.held_out, predictions)
    files[run.workdir.held_out.name] = sha256_of(run.workdir.held_out)
    text = tables.scores_text(evaluation.rows)
    files[run.workdir.scores.name] = sha256(text.encode())
    scores = hold_out.summarise(evaluation.rows)
    note = {"scored_with": scored_with(run.config), "evaluated": files}
    add_summary(run.workdir.summary, {"scores": scores, **note})
    # The last file of all: while it is not the one noted, the stage is not done.
    write_text(run.workdir.scores, text)
    shutil.rmtree(run.workdir.evaluating, ignore_errors=True)


def evaluate(
    config: ConfigDict,
    samples: Samples,
    models: dict[str, Recipe],
    keep: Callable[[Predictor], Predictor] | None = None,
) -> Evaluation:
    """Leave one donor out, for the INR and the baselines.

    Twice where wells have named structures: with the held-out wells' coordinates
    alone, and with their structures too. Blocks of space are held out where there is
    one donor, or where they are asked for.

    Args:
        config: Settings of the run.
        samples: All wells.
        models: Recipes by the names of their models.
        keep: Makes a method keep its folds, where genes are so many that each takes
            long.

    Raises:
        InputError: Two donors share a well id, or a prediction is not finite.
    """
    protocols, notes = protocols_of(config, samples, models)
    if config.evaluate.baselines == "plain":
        protocols = {name: each.plain() for name, each in protocols.items()}
    rows: list[dict] = []
    held_out: dict[str, HeldOut] = {}
    predictions: dict[str, HeldOutPredictions] = {}
    drawn = bool(config.anatomy.maps)  # whether the model of maps sees structures
    rounds = sum(len(p.folds.numbers()) * len(p.methods) for p in protocols.values())
    with bar("evaluate", rounds, unit="fold") as tick:
        done = iter(range(rounds))
        for protocol, (folds, methods, named) in protocols.items():
            for name, predict in methods.items():
                label = f"{protocol}: {name}, without {folds.kind}"
                if keep and name == "inr" and is_large(*samples.values.shape):
                    predict = keep(predict)
                prediction = hold_out.hold_out(
                    predict,
                    samples,
                    folds,
                    named=named,
                    spread=name == "inr",
                    on_fold=partial(_tick_fold, tick, done, label),
                )
                rows += hold_out.held_out_scores(
                    samples, prediction.mean, name, protocol
                )
                if name == "inr" and (named == drawn or samples.values.size <= KEPT):
                    predictions[protocol] = predictions_of(samples, folds, prediction)
                if name == "inr" and folds.kind == "donor":
                    model = "structure" if named else "place"
                    held_out[model] = held_out_wells(samples, prediction)
                del prediction  # or there would be two at a time
    if hold_out.DONOR_STRUCTURE in protocols:
        rows += _ceiling(samples)
    return Evaluation(rows, held_out, predictions, notes)


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
