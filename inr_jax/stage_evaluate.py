"""The stage `evaluate`: how well each method predicts a donor it never saw."""

from __future__ import annotations

import logging

from ml_collections import ConfigDict

from inr_jax import build, evaluate, recipe, report
from inr_jax.atlas import interpolate
from inr_jax.baselines import baselines
from inr_jax.progress import bar
from inr_jax.provenance import add_summary, timed
from inr_jax.sources import Source
from inr_jax.workdir import Workdir

log = logging.getLogger("inr_jax")


def evaluate_stage(config: ConfigDict, workdir: Workdir, source: Source) -> None:
    """Leave one donor out, for the INR and the methods to beat."""
    samples = source.samples
    reason = evaluate.can_leave_donor_out(samples)
    if reason:
        log.warning("evaluate: skipped, %s: maps come without an error", reason)
        add_summary(workdir.summary, {"evaluation_skipped": reason})
        return
    plan = build.make_recipe(config, len(samples.genes))
    counts = [int((samples.donor == d).sum()) for d in set(samples.donor.tolist())]
    methods = {"inr": recipe.make_predictor(plan, len(samples.well) - min(counts))}
    methods |= baselines(config.inputs.mirror)
    if config.compare.enabled:
        methods |= interpolate.predictors()
    rows = []
    folds = len(counts) * len(methods)
    with timed(workdir, "evaluate"), bar("evaluate", folds) as tick:
        done = iter(range(folds))
        for name, predict in methods.items():
            held_out = evaluate.leave_one_donor_out(
                predict,
                samples,
                on_fold=lambda donor, name=name: tick(
                    next(done), f"{name}, without donor {donor}"
                ),
            )
            rows += evaluate.held_out_scores(samples, held_out, name)
    report.write_scores(workdir.scores, rows)
    add_summary(workdir.summary, {"scores": evaluate.summarise(rows)})
    print(report.scores_table(rows), flush=True)
