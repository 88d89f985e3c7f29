"""The fits of a sweep: what is fitted together, in every fold, once."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from ml_collections import ConfigDict

from inr_jax.fitting.joint import Reading, predict
from inr_jax.fitting.recipe import Recipe
from inr_jax.progress import bar
from inr_jax.run import build
from inr_jax.run.sweep import fold_cache
from inr_jax.run.sweep.pace import Pace
from inr_jax.run.sweep.plan import Sweep, family_of, groups_of
from inr_jax.samples.samples import Samples
from inr_jax.stats import hold_out, nested_cv

log = logging.getLogger("inr_jax")


class Group(NamedTuple):
    """Candidates that are fitted together.

    Attributes:
        rows: Which candidates.
        plans: A recipe for each setting.
        readings: A prediction for each candidate.
        work: Steps times networks times their parameters, for the estimate.
    """

    rows: list[int]
    plans: list[Recipe]
    readings: list[Reading]
    work: float


def make_groups(
    samples: Samples, sweep: Sweep, held: list[nested_cv.Held]
) -> list[Group]:
    """Candidates by what they share, each with its recipe; says what they are."""
    most = max(int(nested_cv.rows_of(samples, some).sum()) for some in held)
    groups = []
    for rows in groups_of(sweep.candidates, sweep.protocol):
        plans: dict[tuple, Recipe] = {}
        read = []
        for row in rows:
            one = sweep.candidates[row]
            plan = _plan(one.config, samples, sweep.protocol, most)
            known = plans.setdefault(family_of(one), plan)
            if plan.trainer.members > known.trainer.members:
                plans[family_of(one)] = plan
            setting = list(plans).index(family_of(one))
            read.append(Reading(setting, plan.steps, plan.trainer.members))
        lead = next(iter(plans.values()))
        shapes = jax.eval_shape(lead.conditioning.init, jax.random.key(0))
        size = sum(leaf.size for leaf in jax.tree.leaves(shapes))
        networks = lead.trainer.members * lead.conditioning.networks * len(plans)
        work = float(size * networks * max(one.steps for one in read))
        groups.append(Group(rows, list(plans.values()), read, work))
    _tell_groups(groups, sweep, len(held))
    return groups


def _plan(config: ConfigDict, samples: Samples, protocol: str, most: int) -> Recipe:
    config = ConfigDict(config.to_dict())
    # No more than is held out: a longer chunk is padding.
    config.render.chunk = min(config.render.chunk, most)
    if protocol == hold_out.ANATOMY:
        return build.make_anatomy_recipe(config, samples)
    return build.make_recipe(config, len(samples.genes))


def _tell_groups(groups: list[Group], sweep: Sweep, folds: int) -> None:
    count, fits = len(sweep.candidates), sum(len(group.plans) for group in groups)
    log.info("sweep: %d candidates by %d fits, in %d folds", count, fits, folds)
    for group in groups:
        names = [sweep.candidates[row].name for row in group.rows]
        log.info("  together (%d fits): %s", len(group.plans), "; ".join(names))


def predict_all(
    groups: list[Group],
    samples: Samples,
    held: list[nested_cv.Held],
    *,
    folder: Path,
    sweep: Sweep,
) -> tuple[nested_cv.Predictions, np.ndarray]:
    """Predictions of all candidates in all folds, and seconds of each candidate."""
    found: dict = {some: [None] * len(sweep.candidates) for some in held}
    seconds = np.zeros(len(sweep.candidates))
    pace = Pace(sum(group.work for group in groups) * len(held))
    with bar("sweep", len(groups) * len(held), unit="fold") as tick:
        tick(0)
        for number, group in enumerate(groups):
            for count, some in enumerate(held):
                path = fold_cache.path_of(folder, number, some)
                fresh = not path.exists()
                predicted, took = _one(group, samples, some, path, held, sweep, pace)
                for row, values in zip(group.rows, predicted, strict=True):
                    found[some][row] = values
                    seconds[row] += took / len(group.rows)
                pace.done(group.work, took if fresh else None)
                tick(number * len(held) + count + 1, pace.left())
    return {some: np.stack(rows) for some, rows in found.items()}, seconds


def _one(group, samples, some, path, held, sweep, pace) -> tuple[np.ndarray, float]:
    """A group's predictions in one fold: kept ones, or new ones that are then kept."""
    rows = nested_cv.rows_of(samples, some)
    shape = (len(group.rows), int(rows.sum()), len(samples.genes))
    known = fold_cache.load(path, shape)
    if known is not None:
        return known
    start = time.perf_counter()
    sites = samples.take(rows).sites()
    if sweep.protocol == hold_out.DONOR:
        sites = sites.unnamed()
    # Folds of as many donors are padded alike, to share a program.
    alike = [nested_cv.rows_of(samples, one) for one in held if len(one) == len(some)]
    predicted = predict(
        group.plans,
        group.readings,
        samples.take(~rows),
        sites,
        rows=max(int((~one).sum()) for one in alike),
        on_chunk=pace.watch(group.work, max(one.steps for one in group.readings)),
    )
    if not np.isfinite(predicted).all():
        worst = group.rows[int(np.argmin(np.isfinite(predicted).all((1, 2))))]
        log.warning("sweep: %s diverged", sweep.candidates[worst].name)
        predicted = np.nan_to_num(predicted, nan=0.0, posinf=0.0, neginf=0.0)
    seconds = time.perf_counter() - start
    fold_cache.save(path, predicted, seconds)
    return predicted, seconds
