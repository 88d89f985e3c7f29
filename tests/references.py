"""Slow, obvious NumPy versions to compare with: one number at a time, no tricks."""

from __future__ import annotations

import math

import numpy as np


def score(truth, predicted) -> tuple[float, float, float]:
    """Pearson's r, R2 and mean squared error of one gene."""
    n = len(truth)
    mt, mp = math.fsum(truth) / n, math.fsum(predicted) / n
    pairs = list(zip(truth, predicted, strict=True))
    stp = math.fsum((t - mt) * (p - mp) for t, p in pairs)
    stt = math.fsum((t - mt) ** 2 for t in truth)
    spp = math.fsum((p - mp) ** 2 for p in predicted)
    sse = math.fsum((t - p) ** 2 for t, p in pairs)
    return stp / math.sqrt(stt * spp), 1 - sse / stt, sse / n


def folded(x_mm: np.ndarray) -> np.ndarray:
    """Points `(N, 3)` with the left hemisphere on the right."""
    return np.array([[abs(x), y, z] for x, y, z in x_mm], np.float64)


def distances(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """All distances `(len(one), len(other))` between two sets of points."""
    return np.array([[math.dist(a, b) for b in other] for a in one])


def nearest(train_mm: np.ndarray, values: np.ndarray, x_mm: np.ndarray) -> np.ndarray:
    """The value of the nearest training point."""
    return np.array([values[np.argmin(row)] for row in distances(x_mm, train_mm)])


def inverse_distance(
    train_mm: np.ndarray, values: np.ndarray, x_mm: np.ndarray, k: int
) -> np.ndarray:
    """Mean of the k nearest, weighted by 1 / d^2; a point that is hit, alone."""
    out = []
    for row in distances(x_mm, train_mm):
        near = np.argsort(row)[:k]
        hits = [i for i in near if row[i] == 0]
        if hits:
            out.append(np.mean(values[hits], axis=0))
        else:
            weights = [1 / row[i] ** 2 for i in near]
            total = sum(w * values[i] for w, i in zip(weights, near, strict=True))
            out.append(total / sum(weights))
    return np.array(out)


def matern32(d: np.ndarray, length_mm: float) -> np.ndarray:
    """Matern covariance, nu = 3/2, variance 1 (Rasmussen & Williams, eq. 4.17)."""
    s = math.sqrt(3) * d / length_mm
    return (1 + s) * np.exp(-s)


def kriging(
    train_mm: np.ndarray,
    values: np.ndarray,
    x_mm: np.ndarray,
    *,
    length_mm: float,
    nugget: float,
) -> np.ndarray:
    """mean + sd K_* (K + nugget I)^-1 z, by a plain solve."""
    mean, sd = values.mean(0), values.std(0)
    k = matern32(distances(train_mm, train_mm), length_mm)
    z = (values - mean) / sd
    weights = np.linalg.solve(k + nugget * np.eye(len(k)), z)
    return mean + sd * (matern32(distances(x_mm, train_mm), length_mm) @ weights)


def robust_sigmoid(values) -> np.ndarray:
    """abagen's "srs": 1 / (1 + exp(-(x - median) / (IQR / 1.349))), then 0 to 1."""
    low, middle, high = np.percentile(values, [25, 50, 75])
    spread = (high - low) / (2 * 0.6744897501960817)
    y = np.array([1 / (1 + math.exp(-(x - middle) / spread)) for x in values])
    return (y - y.min()) / (y.max() - y.min())
