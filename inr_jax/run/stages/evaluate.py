"""The stage `evaluate`: how well each method predicts what it never saw."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

from ml_collections import ConfigDict

from inr_jax import progress
from inr_jax.fitting import recipe
from inr_jax.progress import bar
from inr_jax.report import tables
from inr_jax.run import build
from inr_jax.run.consistency import scored_with
from inr_jax.run.provenance import add_summary, timed
from inr_jax.run.setting_checks import block_sides
from inr_jax.run.stages.calibrate import calibrate_run
from inr_jax.run.workdir import Workdir
from inr_jax.samples.samples import Samples
from inr_jax.samples.source import Source
from inr_jax.samples.structures import in_one_donor
from inr_jax.stats import hold_out
from inr_jax.stats.baselines import abagen_baselines, baselines, structure_baselines
from inr_jax.stats.coverage import held_out_wells
from inr_jax.stats.folds import (
    BLOCKS_MM,
    Folds,
    block_folds,
    block_protocol,
    donor_folds,
    why_no_blocks,
)
from inr_jax.stats.noise_ceiling import noise_ceiling
from inr_jax.stats.predictor import Predictor

log = logging.getLogger("inr_jax")


class Protocol(NamedTuple):
    """What is held out together, and by which methods it is predicted.

    Attributes:
        folds: Who is held out.
        methods: Predictors by name.
        named: Whether structures are known at what is held out.
    """

    folds: Folds
    methods: dict[str, Predictor]
    named: bool = False


def evaluate_stage(config: ConfigDict, workdir: Workdir, source: Source) -> None:
    """Leave one donor out, for the INR and the baselines.

    Twice where wells have named structures: with the held-out wells' coordinates
    alone, and with their structures too. Blocks of space are held out where there is
    one donor, or where they are asked for.
    """
    samples = source.samples
    protocols = _protocols(config, workdir, samples)
    if not protocols:
        return
    rows, found = [], {}
    rounds = sum(len(p.folds.numbers()) * len(p.methods) for p in protocols.values())
    with timed(workdir, "evaluate"), bar("evaluate", rounds) as tick:
        done = iter(range(rounds))
        for protocol, (folds, methods, named) in protocols.items():
            for name, predict in methods.items():
                label = f"{protocol}: {name}, without {folds.kind}"
                prediction = hold_out.hold_out(
                    predict,
                    samples,
                    folds,
                    named=named,
                    on_fold=lambda held, label=label: tick(
                        next(done), f"{label} {held}"
                    ),
                )
                rows += hold_out.held_out_scores(
                    samples, prediction.mean, name, protocol
                )
                if name == "inr" and folds.kind == "donor":
                    found[protocol] = held_out_wells(samples, prediction)
    if hold_out.DONOR_STRUCTURE in protocols:
        rows += _ceiling(samples)
    tables.write_scores(workdir.scores, rows)
    numbers = {"scores": hold_out.summarise(rows), "scored_with": scored_with(config)}
    add_summary(workdir.summary, numbers)
    print(tables.scores_table(rows), flush=True)
    if hold_out.DONOR in found:
        calibrate_run(config, workdir, source, found)


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


def _protocols(
    config: ConfigDict, workdir: Workdir, samples: Samples
) -> dict[str, Protocol]:
    """The protocols that can be done, by name; why not is logged."""
    sides_mm = block_sides("config.evaluate.blocks_mm", config.evaluate.blocks_mm)
    reason = hold_out.why_no_donors(samples)
    if not reason:
        return _of_donors(config, samples) | _of_blocks(config, samples, sides_mm)
    protocols = _of_blocks(config, samples, sides_mm or BLOCKS_MM)
    if protocols:
        instead = ", ".join(protocols)
        log.warning("evaluate: no donor is held out, %s: %s instead", reason, instead)
        add_summary(workdir.summary, {"no_donor_held_out": reason})
    else:
        log.warning("evaluate: skipped, %s: maps come without an error", reason)
        add_summary(workdir.summary, {"evaluation_skipped": reason})
    return protocols


def _of_donors(config: ConfigDict, samples: Samples) -> dict[str, Protocol]:
    folds = donor_folds(samples)
    rows = folds.largest_training()
    methods = _methods(config, samples, rows)
    protocols = {hold_out.DONOR: Protocol(folds, methods)}
    reason = hold_out.why_no_structures(samples)
    if not config.anatomy.enabled:
        reason = "config.anatomy.enabled is False"
    if reason:
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
    plan = build.make_anatomy_recipe(config, samples)
    methods = {"inr": recipe.make_predictor(plan, rows, on_chunk=_stop_if_asked)}
    methods |= structure_baselines(config.inputs.mirror)
    return {**protocols, hold_out.DONOR_STRUCTURE: Protocol(folds, methods, named=True)}


def _of_blocks(
    config: ConfigDict, samples: Samples, sides_mm: Sequence[float]
) -> dict[str, Protocol]:
    parted = {}
    for side_mm in sides_mm:
        name = block_protocol(side_mm)
        folds = block_folds(samples, side_mm, mirror=config.inputs.mirror)
        reason = why_no_blocks(folds)
        if reason:
            log.warning("evaluate: no protocol %s, %s", name, reason)
        else:
            parted[name] = folds
    if not parted:
        return {}
    rows = max(folds.largest_training() for folds in parted.values())
    methods = _methods(config, samples, rows)  # one program for all sides
    return {name: Protocol(folds, methods) for name, folds in parted.items()}


def _methods(config: ConfigDict, samples: Samples, rows: int) -> dict[str, Predictor]:
    """The INR and the baselines, where coordinates alone are known."""
    plan = build.make_recipe(config, len(samples.genes))
    methods = {"inr": recipe.make_predictor(plan, rows, on_chunk=_stop_if_asked)}
    methods |= baselines(config.inputs.mirror)
    return methods | (abagen_baselines() if config.compare.enabled else {})
