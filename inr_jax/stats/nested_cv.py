"""Nested validation: settings chosen for a donor without looking at that donor.

For every donor d left out, each candidate is scored on the other donors, each of them
predicted without itself and d; the best one predicts d. A fit without {d, e} serves d
and e alike, so D donors take D (D - 1) / 2 + D fits a candidate and not D^2.

Nouns:
    held_out: the donors a fit does not see, one or two, in ascending order.
    outer fold: a donor whose prediction is chosen for; inner fold: one of the others.
Axis letters: N wells, G genes, K candidates, D outer donors.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from inr_jax.samples.samples import Samples
from inr_jax.stats.scores import score

Donors = tuple[int, ...]
# Of the wells of all held donors, in the order of the samples: `(K, n, G)`.
Predictions = dict[Donors, np.ndarray]


class Nested(NamedTuple):
    """What choosing came to.

    Attributes:
        inner: `(K, D, 2)` mean r and R2 over genes of each candidate for each outer
            donor, from the other donors alone.
        outer: `(K, 2)` of each candidate, over the wells of all outer donors.
        chosen: `(D,)` the candidate chosen for each.
        predicted: `(N, G)` each outer donor by its candidate, NaN elsewhere.
        nested: `(2,)` mean r and R2 of that.
        difference: `(K, 2)` inner r less that of the default, and half the 95 %
            interval of it; genes are the units.
    """

    inner: np.ndarray
    outer: np.ndarray
    chosen: np.ndarray
    predicted: np.ndarray
    nested: np.ndarray
    difference: np.ndarray


def folds(donors: list[int], outer: list[int]) -> list[Donors]:
    """All that is held out in turn: each outer donor, alone and with each other."""
    pairs = {tuple(sorted((d, e))) for d in outer for e in donors if d != e}
    return [(d,) for d in sorted(outer)] + sorted(pairs)


def rows_of(samples: Samples, held_out: Donors) -> np.ndarray:
    """`(N,)` bool, the wells of held-out donors."""
    return np.isin(samples.donor, held_out)


def scores_of(samples: Samples, predicted: np.ndarray, donors: list[int]) -> np.ndarray:
    """r and R2 `(2, G)`, pooled over the wells of donors; copies not counted."""
    rows = rows_of(samples, tuple(donors)) & ~samples.mirrored
    return np.stack(score(samples.values[rows], predicted[rows])[:2])


def means(samples: Samples, predicted: np.ndarray, donors: list[int]) -> np.ndarray:
    """Mean r and R2 over genes, pooled over the wells of donors; copies not counted."""
    return scores_of(samples, predicted, donors).mean(1)


def choose(
    samples: Samples,
    predictions: Predictions,
    outer: list[int],
    *,
    seeds: int = 1,
    default: int = 0,
) -> Nested:
    """Score all candidates, and choose one for each outer donor.

    Args:
        samples: All N wells.
        predictions: Of all `folds`; the S seeds of a candidate stand together.
        outer: D donors.
        seeds: S; scores are means over them, the first one predicts.
        default: The candidate that the others are compared with.
    """
    donors = np.unique(samples.donor).tolist()
    count = len(next(iter(predictions.values())))
    alone = np.full((count, *samples.values.shape), np.nan)
    inner = np.empty((count // seeds, len(outer), 2, samples.values.shape[1]))
    for column, d in enumerate(outer):
        alone[:, rows_of(samples, (d,))] = predictions[(d,)]
        others = [e for e in donors if e != d]
        pooled = np.full_like(alone, np.nan)
        for e in others:
            pair = tuple(sorted((d, e)))
            rows = samples.donor[rows_of(samples, pair)] == e
            pooled[:, rows_of(samples, (e,))] = predictions[pair][:, rows]
        each = np.array([scores_of(samples, values, others) for values in pooled])
        inner[:, column] = _over_seeds(each, seeds)
    mean = inner.mean(3)
    chosen = np.array([_best(mean[:, column]) for column in range(len(outer))])
    predicted = np.full(samples.values.shape, np.nan)
    for row, d in zip(chosen, outer, strict=True):
        wells = rows_of(samples, (d,))
        predicted[wells] = alone[row * seeds, wells]
    scores = np.array([means(samples, values, outer) for values in alone])
    return Nested(
        inner=mean,
        outer=_over_seeds(scores, seeds),
        chosen=chosen,
        predicted=predicted,
        nested=means(samples, predicted, outer),
        difference=paired(inner[:, :, 0].mean(1), default),
    )


def paired(r: np.ndarray, default: int) -> np.ndarray:
    """Mean differences of r `(K, G)` from a row, and half their 95 % intervals.

    Genes are the units, each with itself: 1.96 sd / sqrt(G), of the normal law. What
    genes have in common (the donors) is in no interval of one set of donors.

    Returns:
        `(K, 2)`; half an interval is 0 of a single gene.
    """
    difference = r - r[default]
    spread = difference.std(1, ddof=1) if r.shape[1] > 1 else np.zeros(len(r))
    return np.stack([difference.mean(1), 1.96 * spread / r.shape[1] ** 0.5], axis=1)


def _over_seeds(scores: np.ndarray, seeds: int) -> np.ndarray:
    """Means `(K, ...)` of `(K S, ...)` over the S seeds of each candidate."""
    return scores.reshape(-1, seeds, *scores.shape[1:]).mean(1)


def _best(scores: np.ndarray) -> int:
    """The row of `(K, 2)` of the highest r; of equals, of the highest R2."""
    return max(range(len(scores)), key=lambda row: tuple(scores[row]))
