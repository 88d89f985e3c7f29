"""Cells of a comparison of conditionings: widths of equal size, baselines, intervals.

Nouns:
    cell: an injection and a code, as wide as gives it the parameters of the default.
Axis letters: N wells, G genes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
from ml_collections import ConfigDict

from inr_jax.run import build
from inr_jax.samples.samples import Samples
from inr_jax.samples.sites import Sites
from inr_jax.samples.standardise import standardiser
from inr_jax.stats.kriging import kriging
from inr_jax.stats.predictor import Prediction, Predictor

CODES = {
    "spectral position": {"conditioning.code": "position"},
    "PC1 position": {"conditioning.code": "position", "conditioning.order": "pc1"},
    "spectral 16": {"conditioning.code": "spectral"},
    "PCA 16": {"conditioning.code": "pca"},
    "latent 16": {"conditioning.code": "latent"},
}
WITH_CODES, WITHOUT = ("concat", "shift", "film", "hyper"), ("low_rank", "independent")
COMPONENTS = 8  # of PCA before kriging


def cells(wanted: str, codes: int) -> dict:
    """Name of a cell to what it changes, of so many codes; the default first."""
    made: dict = {"heads": {}}
    for name in wanted.split(",") if wanted else (*WITHOUT, *WITH_CODES):
        if name in WITH_CODES:
            for code, changes in list(CODES.items())[:codes]:
                made[f"{name}, {code}"] = {"conditioning.name": name, **changes}
        elif name != "heads":
            made[name] = {"conditioning.name": name}
    return made


def parameters_of(config: ConfigDict, genes: int) -> int:
    """Numbers of one member's networks."""
    made = build.make_recipe(config, genes).conditioning
    shapes = jax.eval_shape(made.init, jax.random.key(0))
    return made.networks * sum(leaf.size for leaf in jax.tree.leaves(shapes))


def of_equal_size(config: ConfigDict, genes: int, wanted: int) -> ConfigDict:
    """The settings at the width whose parameters come nearest to those wanted."""

    def at(width: int) -> int:
        config.field.hidden = width
        return parameters_of(config, genes)

    low, high = 1, 2
    while at(high) < wanted:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if at(middle) < wanted else (low, middle)
    config.field.hidden = min((low, high), key=lambda width: abs(at(width) - wanted))
    return config


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


BASELINES: dict[str, Predictor] = {
    "mean gene, kriged": _on(lambda z: np.tile(z.mean(1, keepdims=True), z.shape[1])),
    "PCA, kriged": _on(_principal),
    "kriging": _on(lambda z: z),
}


def interval(scores: np.ndarray, default: np.ndarray) -> tuple[float, float]:
    """Mean difference `(G,)` of scores, and half its 95 % interval; genes are units."""
    difference = scores - default
    half = 1.96 * difference.std(ddof=1) / len(difference) ** 0.5
    return float(difference.mean()), float(half)


def draw(path: Path, rows: list[dict]) -> None:
    """Differences from the default with their intervals, a line a cell."""
    from matplotlib.figure import Figure

    figure = Figure((6, 0.6 + 0.24 * len(rows)), layout="constrained")
    axes = figure.subplots()
    lines = np.arange(len(rows))[::-1]
    middle = [row["difference"] for row in rows]
    half = [row["half_interval"] for row in rows]
    axes.errorbar(middle, lines, xerr=half, fmt="o", color="black", capsize=2)
    axes.axvline(0, color="grey", linewidth=0.8)
    axes.set_yticks(lines, [row["cell"] for row in rows], fontsize=8)
    axes.set_xlabel("held-out r less that of the default, 95 % over genes")
    figure.savefig(path, dpi=150)
