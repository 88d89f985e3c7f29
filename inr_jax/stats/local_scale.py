"""Where in the brain residuals are large: the local scale of intervals.

With e_n the squared residual of well n, standardised (conformal.py), and S_n its
support of |S_n| points, the local scale of all genes at a place x is the Gaussian
kernel mean

    h(x) = (sum_n e_n k_n(x) + c e) / (sum_n k_n(x) + c),
    k_n(x) = 1 / |S_n| sum over p in S_n of exp(-|x - x_p|^2 / (2 width^2)),

so a value counts once, however many points it is the mean of; e is the mean of e_n. The
local scale of a support is the mean over its points.

Frame: mm (MNI152 RAS), folded where left is right. Axis letters: N wells, P points of
their supports, V places.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from inr_jax.samples.support import Support
from inr_jax.stats.kernels import gaussian_mean

# Of the kernel, to choose from; the last: everywhere.
WIDTHS_MM = (5.0, 8.0, 12.0, 18.0, 27.0, 40.0, 1000.0)
PSEUDO_COUNT = 1.0  # c, wells that the whole brain's mean counts for
LEAST = 0.05  # least share of the mean of e that h has


class Observed(NamedTuple):
    """Squared residuals of wells and where they lie.

    Attributes:
        support: Points of N wells, mm.
        squared_residual: `(N,)` e, standardised, about 1.
    """

    support: Support
    squared_residual: np.ndarray


def local_scale(
    observed: Observed, at_mm: np.ndarray, *, width_mm: float
) -> np.ndarray:
    """h `(V,)` at places `(V, 3)`, drawn to the mean over the brain far from wells."""
    (x_mm, _, size), squared = observed
    mean = squared.mean()
    h = gaussian_mean(
        x_mm,
        np.repeat(squared, size),
        at_mm,
        width_mm=width_mm,
        prior=mean,
        pseudo_count=PSEUDO_COUNT,
        weight=1 / np.repeat(size, size),
    )
    return np.maximum(h, LEAST * max(mean, LEAST))


def best_width(
    folds: Sequence[tuple[Observed, Observed]], widths_mm: Sequence[float]
) -> float:
    """The width whose h tells the squared residuals e of donors it has not seen best.

    Measured by log h + e / h, the deviance of squares under a normal law.

    Args:
        folds: What h is learned from, and a donor who has no part in it; with one
            fold there is nothing to choose by, and the largest width is taken.
        widths_mm: To choose from.
    """
    if len(folds) == 1 or len(widths_mm) == 1:
        return float(max(widths_mm))
    deviance = np.zeros(len(widths_mm))
    for known, (support, squared) in folds:
        for number, width_mm in enumerate(widths_mm):
            h = support.mean(local_scale(known, support.x_mm, width_mm=width_mm))
            deviance[number] += (np.log(h) + squared / h).sum()
    return float(widths_mm[int(deviance.argmin())])
