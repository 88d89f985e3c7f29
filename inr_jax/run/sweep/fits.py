"""The fits of a sweep: what is fitted together, in every fold, once."""

from __future__ import annotations

import logging
import time
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

import numpy as np
from ml_collections import ConfigDict

from inr_jax import progress
from inr_jax.fitting import joint
from inr_jax.fitting.fit import FitState
from inr_jax.fitting.joint import Reading
from inr_jax.fitting.recipe import Recipe
from inr_jax.run import build
from inr_jax.run.sweep import fold_cache, pace
from inr_jax.run.sweep.plan import Sweep, fit_of, groups_of
from inr_jax.samples.samples import Samples
from inr_jax.stats import hold_out, nested_cv
from inr_jax.stats.nested_cv import Donors

log = logging.getLogger("inr_jax")


class Group(NamedTuple):
    """Candidates that are fitted together.

    Attributes:
        rows: Numbers of the candidates.
        recipes: One for each fit.
        readings: For each candidate, what is read along which fit.
    """

    rows: list[int]
    recipes: list[Recipe]
    readings: list[Reading]


def make_groups(samples: Samples, sweep: Sweep, folds: list[Donors]) -> list[Group]:
    """Candidates by what they share, each with its recipe; logs what they are.

    Args:
        samples: All wells.
        sweep: The candidates.
        folds: Donors that are held out together.
    """
    most = max(int(nested_cv.rows_of(samples, held_out).sum()) for held_out in folds)
    groups = []
    for rows in groups_of(sweep.candidates, sweep.protocol):
        recipes: dict[tuple, Recipe] = {}
        readings = []
        for row in rows:
            candidate = sweep.candidates[row]
            recipe = _recipe(candidate.config, samples, sweep.protocol, most)
            fit, members = fit_of(candidate), recipe.trainer.members
            if members > recipes.setdefault(fit, recipe).trainer.members:
                recipes[fit] = recipe
            readings.append(Reading(list(recipes).index(fit), recipe.steps, members))
        groups.append(Group(rows, list(recipes.values()), readings))
    _log_groups(groups, sweep, len(folds))
    return groups


def _recipe(config: ConfigDict, samples: Samples, protocol: str, most: int) -> Recipe:
    config = ConfigDict(config.to_dict())
    # No more than is held out: a longer chunk is padding.
    config.render.chunk = min(config.render.chunk, most)
    if protocol == hold_out.DONOR_STRUCTURE:
        return build.make_structure_recipe(config, samples)
    return build.make_model_recipe(config, samples, "place")


def _log_groups(groups: list[Group], sweep: Sweep, folds: int) -> None:
    fits = sum(len(group.recipes) for group in groups)
    candidates = len(sweep.candidates)
    log.info("sweep: %d candidates by %d fits, in %d folds", candidates, fits, folds)
    for group in groups:
        names = "; ".join(sweep.candidates[row].name for row in group.rows)
        log.info("  together (%d fits): %s", len(group.recipes), names)


def predict_all(
    groups: list[Group],
    samples: Samples,
    folds: list[Donors],
    *,
    folder: Path,
    sweep: Sweep,
) -> tuple[nested_cv.Predictions, np.ndarray]:
    """Predictions of all candidates in all folds; finished ones are read again.

    Args:
        groups: K candidates in all.
        samples: All N wells.
        folds: Donors that are held out together.
        folder: Where finished predictions are kept.
        sweep: The candidates.

    Returns:
        For each fold `(K, n, G)`, units of the source, and `(K,)` seconds.
    """
    count = len(sweep.candidates)
    predictions: dict[Donors, list] = {held_out: [None] * count for held_out in folds}
    seconds = np.zeros(count)
    order = pace.order_of(len(groups), [len(held_out) for held_out in folds])
    paths = [fold_cache.path_of(folder, number, folds[fold]) for number, fold in order]
    clock = pace.Pace(
        [sum(map(pace.work_of, group.recipes)) for group in groups],
        [
            (number, len(folds[fold]))
            for (number, fold), path in zip(order, paths, strict=True)
            if not path.exists()
        ],
    )
    with progress.bar("sweep", len(order), unit="fold", timed=False) as tick:
        for done, ((number, fold), path) in enumerate(zip(order, paths, strict=True)):
            tick(done, pace.in_words(clock.left()))
            group, held_out = groups[number], folds[fold]
            kept = path.exists()
            with nullcontext() if kept else clock.fitting((number, len(held_out))):
                predicted, took = _kept_or_fitted(
                    group, samples, folds, held_out, path=path, sweep=sweep
                )
            for row, values in zip(group.rows, predicted, strict=True):
                predictions[held_out][row] = values
                seconds[row] += took / len(group.rows)
    return {held_out: np.stack(rows) for held_out, rows in predictions.items()}, seconds


def _kept_or_fitted(
    group: Group,
    samples: Samples,
    folds: list[Donors],
    held_out: Donors,
    *,
    path: Path,
    sweep: Sweep,
) -> tuple[np.ndarray, float]:
    """A group's predictions in one fold: kept ones, or new ones that are then kept."""
    rows = nested_cv.rows_of(samples, held_out)
    shape = (len(group.rows), int(rows.sum()), len(samples.genes))
    kept = fold_cache.load(path, shape)
    if kept is not None:
        return kept
    start = time.perf_counter()
    sites = samples.take(rows).sites()
    predicted = joint.predict(
        group.recipes,
        group.readings,
        samples.take(~rows),
        sites.unnamed() if sweep.protocol == hold_out.DONOR else sites,
        rows=_most_training_wells(samples, folds, len(held_out)),
        on_chunk=_stop_if_asked,
    )
    if not np.isfinite(predicted).all():
        worst = group.rows[int(np.argmin(np.isfinite(predicted).all((1, 2))))]
        log.warning("sweep: %s diverged", sweep.candidates[worst].name)
        predicted = np.nan_to_num(predicted, nan=0.0, posinf=0.0, neginf=0.0)
    seconds = time.perf_counter() - start
    fold_cache.save(path, predicted, seconds)
    return predicted, seconds


def _most_training_wells(samples: Samples, folds: list[Donors], donors: int) -> int:
    """Folds of as many held-out donors are padded alike, to share a program."""
    alike = [held_out for held_out in folds if len(held_out) == donors]
    return max(int((~nested_cv.rows_of(samples, fold)).sum()) for fold in alike)


def _stop_if_asked(state: FitState, loss: float) -> bool:
    del state, loss
    progress.safe_point()
    return False
