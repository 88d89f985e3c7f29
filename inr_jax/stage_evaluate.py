"""The stage `evaluate`: how well each method predicts a donor it never saw."""

from __future__ import annotations

import logging

from ml_collections import ConfigDict

from inr_jax import build, evaluate, interrupt, recipe, report
from inr_jax.anatomy import alone
from inr_jax.anatomy_baselines import anatomy_baselines
from inr_jax.atlas import interpolate
from inr_jax.baselines import Predictor, baselines
from inr_jax.ceiling import noise_ceiling
from inr_jax.progress import bar
from inr_jax.provenance import add_summary, timed
from inr_jax.samples import Samples
from inr_jax.sources import Source
from inr_jax.workdir import Workdir

log = logging.getLogger("inr_jax")


def evaluate_stage(config: ConfigDict, workdir: Workdir, source: Source) -> None:
    """Leave one donor out, for the INR and the methods to beat.

    Twice where wells have named structures: with the held-out wells' coordinates
    alone, and with their structures too.
    """
    samples = source.samples
    reason = evaluate.can_leave_donor_out(samples)
    if reason:
        log.warning("evaluate: skipped, %s: maps come without an error", reason)
        add_summary(workdir.summary, {"evaluation_skipped": reason})
        return
    protocols = _protocols(config, samples)
    rows, donors = [], len(set(samples.donor.tolist()))
    folds = donors * sum(map(len, protocols.values()))
    with timed(workdir, "evaluate"), bar("evaluate", folds) as tick:
        done = iter(range(folds))
        for protocol, methods in protocols.items():
            for name, predict in methods.items():
                label = f"{protocol}: {name}, without donor"
                held_out = evaluate.leave_one_donor_out(
                    predict,
                    samples,
                    named=protocol == evaluate.ANATOMY,
                    on_fold=lambda donor, label=label: tick(
                        next(done), f"{label} {donor}"
                    ),
                )
                rows += evaluate.held_out_scores(samples, held_out, name, protocol)
    if evaluate.ANATOMY in protocols:
        rows += _ceiling(samples)
    report.write_scores(workdir.scores, rows)
    add_summary(workdir.summary, {"scores": evaluate.summarise(rows)})
    print(report.scores_table(rows), flush=True)


def _stop_if_asked(*_: object) -> None:
    """Ctrl-C is heard between chunks of a fold's fit, too."""
    interrupt.safe_point()


def _ceiling(samples: Samples) -> list[dict]:
    """Rows of the noise ceiling, beside the methods that know structures."""
    found = noise_ceiling(samples)
    if found is None:
        log.info("evaluate: no noise ceiling, no two donors share a structure")
        return []
    scores, n = found
    return evaluate.score_rows(
        samples.genes, scores, n, "noise_ceiling", evaluate.ANATOMY
    )


def _protocols(config: ConfigDict, samples: Samples) -> dict[str, dict[str, Predictor]]:
    """The methods of each protocol by name."""
    counts = [int((samples.donor == d).sum()) for d in set(samples.donor.tolist())]
    rows = len(samples.well) - min(counts)
    plan = build.make_recipe(config, len(samples.genes))
    methods = {"inr": recipe.make_predictor(plan, rows, on_chunk=_stop_if_asked)}
    methods |= baselines(config.inputs.mirror)
    if config.compare.enabled:
        methods |= interpolate.predictors()
    protocols = {evaluate.DONOR: methods}
    reason = evaluate.can_give_anatomy(samples)
    if not config.anatomy.enabled:
        reason = "config.anatomy.enabled is False"
    if reason:
        log.info("evaluate: no protocol %s, %s", evaluate.ANATOMY, reason)
        return protocols
    single = int(alone(samples).sum())
    if single:
        log.info(
            "evaluate: %d of %d wells have a structure of their donor alone; held out, "
            "it was never seen and they are known by its parent",
            single,
            len(samples.well),
        )
    plan = build.make_anatomy_recipe(config, samples)
    methods = {"inr": recipe.make_predictor(plan, rows, on_chunk=_stop_if_asked)}
    methods |= anatomy_baselines(config.inputs.mirror)
    return {**protocols, evaluate.ANATOMY: methods}
