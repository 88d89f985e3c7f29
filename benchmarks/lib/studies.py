"""The computations of studies: perturbed values, agreement of donors.

Nouns:
    study: one question to one set of samples, answered by a table and a picture.
    row: one line of a study's table, a dict.
    position: a gene's place in an order where neighbours are alike, 0 to 1.
Axis letters: N wells, G genes, D donors, T shuffles.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from inr_jax.samples.samples import Samples
from inr_jax.samples.sites import Sites
from inr_jax.stats.folds import Folds
from inr_jax.stats.predictor import Prediction, Predictor
from inr_jax.stats.scores import score


def perturbed(
    values: np.ndarray, percent: float, *, share: float, seed: int
) -> np.ndarray:
    """Move some of the values up or down by a share of their gene's range.

    The paper's noise: of its training values 1 to 20 % were moved by +-10 % of the
    range. With one seed, what is moved at a few percent is also moved at more.

    Args:
        values: `(N, G)`.
        percent: Of all N G values, how many move.
        share: Of a gene's range (largest less smallest value), how far.
        seed: Which values move, and which way.

    Returns:
        `(N, G)` float64.
    """
    rng = np.random.default_rng(seed)
    values = np.array(values, np.float64)
    step = share * np.ptp(values, axis=0)
    order, up = rng.permutation(values.size), rng.random(values.size) < 0.5
    moved = order[: round(values.size * percent / 100)]
    sign = np.zeros(values.size)
    sign[moved] = np.where(up[moved], 1.0, -1.0)
    return values + sign.reshape(values.shape) * step


def trained_on_perturbed(
    predict: Predictor, percent: float, *, share: float = 0.1, seed: int = 0
) -> Predictor:
    """The predictor, its training values perturbed; held-out values stay."""

    def noisy(training: Samples, sites: Sites) -> Prediction:
        values = perturbed(training.values, percent, share=share, seed=seed)
        moved = dataclasses.replace(training, values=values.astype(np.float32))
        return predict(moved, sites)

    return noisy


def mean_scores(samples: Samples, folds: Folds, predictions: np.ndarray) -> dict:
    """Means over genes of r, R2 and mse at the wells of the folds; copies do not count.

    mse is in squared units of the source.
    """
    held = (folds.of >= 0) & ~samples.mirrored
    scores = score(samples.values[held], predictions[held])
    means = {name: getattr(scores, name).mean() for name in ("r", "r2", "mse")}
    return {name: round(float(mean), 4) for name, mean in means.items()}


def spearman(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's correlation of two lists of numbers; ties share their mean rank."""
    from scipy.stats import rankdata

    return float(np.corrcoef(rankdata(one), rankdata(other))[0, 1])


def aligned(positions: list[np.ndarray], reference: np.ndarray) -> list[np.ndarray]:
    """Orders `(G,)` read from the end that agrees with a reference order `(G,)`."""
    return [p if spearman(p, reference) >= 0 else 1 - p for p in positions]


def gene_correlation(values: np.ndarray) -> np.ndarray:
    """Correlation of every two genes over the wells `(N, G)`, `(G, G)`."""
    return np.atleast_2d(np.corrcoef(np.asarray(values, np.float64).T))


def order_agreement(
    one: np.ndarray, other: np.ndarray, shuffles: np.ndarray
) -> tuple[float, float]:
    """Whether two donors put the genes in one order.

    Args:
        one: `(G,)` positions.
        other: `(G,)` positions of the same genes.
        shuffles: `(T, G)` permutations of the genes, the null.

    Returns:
        Spearman's correlation, and what 95 % of the shuffles stay below, signs aside
        (an order may be read from either end).
    """
    chance = [abs(spearman(one, other[order])) for order in shuffles]
    return spearman(one, other), float(np.quantile(chance, 0.95))


def correlation_agreement(
    one: np.ndarray, other: np.ndarray, shuffles: np.ndarray
) -> tuple[float, float]:
    """Whether two donors have the same genes correlated.

    Args:
        one: `(G, G)` correlations of genes.
        other: `(G, G)` of the same genes.
        shuffles: `(T, G)` permutations of the genes (Mantel's null: rows and columns
            move together).

    Returns:
        Spearman's correlation over pairs of genes, and what 95 % of the shuffles stay
        below, signs aside.
    """
    pair = np.triu_indices(len(one), 1)
    chance = [
        abs(spearman(one[pair], other[np.ix_(order, order)][pair]))
        for order in shuffles
    ]
    return spearman(one[pair], other[pair]), float(np.quantile(chance, 0.95))


def shuffles(genes: int, count: int, seed: int = 0) -> np.ndarray:
    """`(T, G)` permutations of the genes."""
    rng = np.random.default_rng(seed)
    return np.stack([rng.permutation(genes) for _ in range(count)])
