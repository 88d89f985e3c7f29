"""How well predictions at held-out wells agree with what was measured there.

Per gene, over all wells pooled, in float64, in the units of the source.
Axis letters: N wells, G genes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

BLOCK = 500  # genes at a time: a transcriptome's differences are 460 MB each


class Scores(NamedTuple):
    """One number a gene, never NaN.

    Attributes:
        r: `(G,)` Pearson's correlation; 0 where truth or prediction is constant,
            because a constant orders nothing.
        r2: `(G,)` coefficient of determination, 1 - SSE / SST, with SST about the
            truth's own mean; below 0 where that mean would have been better, and
            0 where the truth is constant.
        mse: `(G,)` mean squared error, squared units of the source.
    """

    r: np.ndarray
    r2: np.ndarray
    mse: np.ndarray


def score(truth: np.ndarray, predicted: np.ndarray) -> Scores:
    """Score predictions against the truth, each gene alone.

    Args:
        truth: `(N, G)` measured values.
        predicted: `(N, G)` predicted values, in the same units.

    Raises:
        ValueError: Shapes differ, are not `(N, G)`, or a value is not finite.
    """
    truth, predicted = np.asarray(truth), np.asarray(predicted)
    _check(truth, predicted)
    parts = [
        _score(truth[:, first : first + BLOCK], predicted[:, first : first + BLOCK])
        for first in range(0, max(truth.shape[1], 1), BLOCK)
    ]
    return Scores(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _score(truth: np.ndarray, predicted: np.ndarray) -> Scores:
    """The same of some genes; each is scored alone."""
    truth, predicted = (np.asarray(a, np.float64) for a in (truth, predicted))
    sse = ((truth - predicted) ** 2).sum(0)
    t, p = truth - truth.mean(0), predicted - predicted.mean(0)
    sst, ssp = (t * t).sum(0), (p * p).sum(0)
    # The mean of equal numbers may differ from them in the last bit, so it is the
    # range that tells a constant.
    flat = np.ptp(truth, axis=0) == 0
    orders = ~flat & (np.ptp(predicted, axis=0) > 0)
    norm = np.sqrt(np.where(orders, sst, 1.0)) * np.sqrt(np.where(orders, ssp, 1.0))
    r = np.where(orders, np.clip((t * p).sum(0) / norm, -1.0, 1.0), 0.0)
    r2 = np.where(flat, 0.0, 1 - sse / np.where(flat, 1.0, sst))
    return Scores(r, r2, sse / len(truth))


def _check(truth: np.ndarray, predicted: np.ndarray) -> None:
    if truth.ndim != 2 or truth.shape != predicted.shape or not len(truth):
        found = f"{truth.shape} and {predicted.shape}"
        raise ValueError(f"scores: expected two equal shapes (N, G), found {found}")
    for name, values in (("truth", truth), ("predictions", predicted)):
        bad = (~np.isfinite(values)).sum()
        if bad:
            raise ValueError(f"scores: expected finite {name}, found {bad} that is not")
