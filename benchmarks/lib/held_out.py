"""Predictions of held-out donors, and scores of methods beside each other.

Axis letters: N wells, G genes.
"""

from __future__ import annotations

import numpy as np

from inr_jax.samples.samples import Samples
from inr_jax.stats import nested_cv
from inr_jax.stats.predictor import Predictor
from inr_jax.stats.scores import score


def fold_predictions(
    predict: Predictor, samples: Samples, folds: list[nested_cv.Donors]
) -> dict[nested_cv.Donors, np.ndarray]:
    """Held-out donors to predictions `(N, G)`, NaN at the wells that were seen."""
    made = {}
    for held_out in folds:
        rows = nested_cv.rows_of(samples, held_out)
        mean = np.full(samples.values.shape, np.nan)
        sites = samples.take(rows).sites().unnamed()
        mean[rows] = predict(samples.take(~rows), sites).mean
        made[held_out] = mean
        print("without", *(samples.donors[donor] for donor in held_out), flush=True)
    return made


def beside(
    values: np.ndarray, predicted: dict[str, list[np.ndarray]], default: str
) -> list[dict]:
    """A row a method: mean r and R2 over genes, and what r is more than the default's.

    Args:
        values: `(N, G)` measured.
        predicted: Method -> predictions `(N, G)` of each draw, NaN where none was made;
            scores are means over draws.
        default: The method that the others are compared with.

    Returns:
        "method", "r", "r2", "difference" of r and "half_interval" of it, 95 %, genes
        as units.
    """
    scores = {}
    for method, draws in predicted.items():
        each = []
        for mean in draws:
            rows = np.isfinite(mean).all(1)
            each.append(np.stack(score(values[rows], mean[rows])[:2]))
        scores[method] = np.mean(each, axis=0)
    r = np.stack([rows[0] for rows in scores.values()])
    differences = nested_cv.paired(r, list(scores).index(default))
    return [
        {"method": method, "r": rows[0].mean(), "r2": rows[1].mean()}
        | {"difference": difference, "half_interval": half}
        for (method, rows), (difference, half) in zip(
            scores.items(), differences.tolist(), strict=True
        )
    ]


def rounded(row: dict) -> dict:
    """A row with four digits of its fractions."""
    return {
        k: round(float(v), 4) if isinstance(v, float) else v for k, v in row.items()
    }
