"""The grid of conditionings: fits of cells with donors held out, kept fold by fold.

Axis letters: N wells, V sites, G genes, S seeds, which are fitted side by side.
"""

from __future__ import annotations

import dataclasses
import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from inr_jax.fields.inputs import make_places
from inr_jax.fields.model import render
from inr_jax.files import write_bytes
from inr_jax.fitting import fit, fitted_data, joint, recipe
from inr_jax.fitting.recipe import Recipe
from inr_jax.samples.samples import Samples
from inr_jax.samples.sites import Sites
from inr_jax.samples.standardise import standardiser
from inr_jax.stats.baselines import baselines
from inr_jax.stats.folds import Folds
from inr_jax.stats.kriging import kriging
from inr_jax.stats.predictor import Prediction, Predictor
from inr_jax.stats.scores import score

COMPONENTS = 8  # of PCA before kriging
FAR = -0.15  # from the default, where the picture ends
PLACES = 1024  # whose rendering is timed, as many as a call takes at least


class Fold(NamedTuple):
    """What a cell predicted of a donor.

    Attributes:
        mean: `(S, V, G)` units of the source.
        fit: CPU seconds of a seed's steps, without compiling.
        render: CPU seconds of a million values; NaN of what is not rendered.
    """

    mean: np.ndarray
    fit: float
    render: float


def fit_cell(
    plan: Recipe, rows: int, training: Samples, sites: Sites, seeds: range
) -> Fold:
    """Fit S seeds of a cell together and predict."""
    times: list[float] = []  # CPU seconds after each chunk; the first one compiles
    preprocessing = recipe.make_preprocessing(plan, training)
    data, steps = fitted_data.make_data_and_steps(plan, preprocessing, training, rows)
    keys = [jax.random.key(plan.seed + seed) for seed in seeds]
    state = joint.join([fit.init(plan.trainer, key) for key in keys])
    state, _ = fit.fit(
        plan.trainer,
        state,
        data,
        steps=steps,
        chunk=max(1, min(plan.chunk, steps // 2)),
        on_chunk=lambda *_: times.append(time.process_time()),
    )
    count = len(seeds)
    seconds = (times[-1] - times[0]) * len(times) / (len(times) - 1) / count
    of_seeds = (joint.setting_of(state, seed, count) for seed in range(count))
    models = [recipe.make_model(preprocessing, last) for last in of_seeds]
    means = [recipe.predict_at(plan.renderer, model, sites).mean for model in models]
    x_mm = np.tile(training.x_mm, (-(-PLACES // len(training.x_mm)), 1))[:PLACES]
    places = make_places(x_mm, np.zeros((PLACES, 2)))
    render(plan.renderer, models[0], places)  # compiles
    start = time.process_time()
    values = render(plan.renderer, models[0], places)[0].size
    return Fold(np.stack(means), seconds, (time.process_time() - start) / values * 1e6)


def krige(predict: Predictor, training: Samples, sites: Sites, seeds: range) -> Fold:
    """Predict by a baseline, which has no seed."""
    del seeds
    start = time.process_time()
    mean = predict(training, sites).mean
    return Fold(np.asarray(mean)[None], time.process_time() - start, np.nan)


def _on(values: Callable[[np.ndarray], np.ndarray]) -> Predictor:
    """Kriging of standardised values that were made others, in the old units."""

    def predict(training: Samples, sites: Sites) -> Prediction:
        units = standardiser(training.values)
        made = values(units.standard(np.asarray(training.values, np.float64)))
        samples = dataclasses.replace(training, values=units.values(made))
        return Prediction(kriging(samples, sites, mirror=True).mean)

    return predict


def _principal(standard: np.ndarray) -> np.ndarray:
    u, size, v = np.linalg.svd(standard, full_matrices=False)
    return (u * size)[:, :COMPONENTS] @ v[:COMPONENTS]


def _level(training: Samples, sites: Sites) -> Prediction:
    return Prediction(np.tile(training.values.mean(0), (len(sites.x_mm), 1)))


BASELINES: dict[str, Predictor] = {
    "gene mean": _level,
    "mean gene, kriged": _on(lambda z: np.tile(z.mean(1, keepdims=True), z.shape[1])),
    f"PCA {COMPONENTS}, kriged": _on(_principal),
    "kriging": baselines(True)["kriging"],
    "kriging_targets": baselines(True)["kriging_targets"],
}


def kept(
    path: Path, made_from: dict, seeds: int, make: Callable[[range], Fold]
) -> Fold:
    """What lies in the file, where it was made from the same, else made and kept.

    Args:
        path: The file.
        made_from: What a fold follows from, besides its seeds.
        seeds: S; those that the file lacks are made and added.
        make: Numbers of seeds to a fold.
    """
    text = json.dumps(made_from, sort_keys=True, default=str)
    fold: Fold | None = None
    if path.exists():
        with np.load(path) as arrays:
            if str(arrays["made_from"]) == text:
                fold = Fold(*(arrays[name] for name in Fold._fields))
    there = 0 if fold is None else len(fold.mean)
    if there < seeds:
        fold = joined(fold, make(range(there, seeds)))
        path.parent.mkdir(parents=True, exist_ok=True)
        file = io.BytesIO()
        np.savez(file, made_from=text, **fold._asdict())
        write_bytes(path, file.getvalue())
    return fold._replace(mean=fold.mean[:seeds])


def joined(fold: Fold | None, more: Fold) -> Fold:
    """A fold with more seeds; times are means over seeds."""
    if fold is None:
        return more
    counts = [len(fold.mean), len(more.mean)]
    times = (np.average([fold[k], more[k]], weights=counts) for k in (1, 2))
    return Fold(np.concatenate([fold.mean, more.mean]), *times)


def row_of(
    samples: Samples, folds: Folds, done: dict[int, Fold], default: dict[int, Fold]
) -> dict:
    """A cell's line of the table, over the donors that it and the default predicted.

    Scores of a gene are means over seeds; `half_interval` is half the 95 % interval of
    the mean difference from the default, genes as units.
    """
    both = [number for number in done if number in default]
    truth = np.concatenate([samples.values[folds.of == number] for number in both])

    def scores(predicted: dict[int, Fold]) -> np.ndarray:
        means = np.concatenate([predicted[number].mean for number in both], axis=1)
        parts = [score(truth, mean)[:2] for mean in means]
        return np.mean(parts, axis=0), score(truth, means.mean(0)).r.mean()

    (r, r2), of_mean = scores(done)
    difference = r - scores(default)[0][0]
    half = 1.96 * difference.std(ddof=1) / len(difference) ** 0.5
    made = {"r": r.mean(), "r2": r2.mean(), "difference": difference.mean()}
    made |= {"half_interval": half, "ensemble_r": of_mean, "n_donors": len(both)}
    made |= {"fit_cpu_seconds": sum(float(fold.fit) for fold in done.values())}
    made |= {"render_cpu_seconds": np.mean([fold.render for fold in done.values()])}
    return {
        key: round(float(value), 4) if np.isfinite(value) else ""
        for key, value in made.items()
    }


def draw(path: Path, rows: list[dict]) -> None:
    """Differences from the default with their intervals, a line a cell.

    Circles are networks and squares baselines; an arrow is a cell beyond `FAR`.
    """
    from matplotlib.figure import Figure

    figure = Figure((6, 0.6 + 0.24 * len(rows)), layout="constrained")
    axes = figure.subplots()
    lines = np.arange(len(rows))[::-1]
    for line, row in zip(lines, rows, strict=True):
        beyond = row["difference"] < FAR
        axes.errorbar(
            max(row["difference"], FAR),
            line,
            xerr=None if beyond else row["half_interval"],
            fmt="<" if beyond else "o" if row["parameters"] else "s",
            color="C0" if row["parameters"] else "grey",
            capsize=2,
        )
    axes.axvline(0, color="grey", linewidth=0.8)
    axes.set_yticks(lines, [row["cell"] for row in rows], fontsize=8)
    axes.set_xlabel("held-out r less that of the default, 95 % over genes")
    figure.savefig(path, dpi=150)
