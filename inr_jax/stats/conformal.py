"""Calibrated uncertainty: how wide an interval must be to hold a new measurement.

The predictive standard deviation of gene g at a place x is

    s_g(x)^2 = spread_g(x)^2 + noise_g^2 h(x),

and the interval: prediction +- q_g s_g(x). The profile h, one for all genes, says
where in the brain residuals are large; the factor q_g is the conformal quantile of
|residual| / s over wells that the prediction never saw.

Nouns:
    residual: measured less predicted at a well of a held-out donor.
    spread: sd over the members of the ensemble that made the prediction.
    noise: sd, over wells, of a gene's residual beyond the spread.
    excess: of a well, mean over genes of (residual^2 - spread^2) / noise^2.
    profile: the excess, smooth in space: a kernel-weighted mean over wells near by.

Split conformal prediction with locally weighted residuals: Lei et al., JASA 2018
(arXiv 1604.04173), sections 2.2 and 5.2. Residuals come from leave-one-donor-out, so
that all wells serve, as in CV+ and jackknife+ (Barber et al., Annals of Statistics
2021, arXiv 1905.02928); and each is weighed by a noise and a profile that its own
donor has no part in, or it would look smaller than a new donor's. Wells of one donor
are alike, so exchangeability, and with it the guarantee, holds only about; what is
covered is measured (coverage.py).

Frame: x_mm (MNI152 RAS, mm). Axis letters: N wells, G genes, V places.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from inr_jax.brain.space import folded
from inr_jax.stats.kernels import gaussian_mean

LEVEL = 0.9  # of a new measurement's falling into the interval
NORMAL_90 = 1.6448536  # half width of that interval of a normal law, in its sd
WIDTHS_MM = (5.0, 8.0, 12.0, 18.0, 27.0, 40.0, 1000.0)  # of h; the last: everywhere
PRIOR = 1.0  # wells' worth of the whole brain's mean in h, where wells are far
LEAST = 0.05  # share of a mean square that noise or h has at least


class HeldOut(NamedTuple):
    """Wells as predicted from other donors.

    Attributes:
        residual: `(N, G)` measured less predicted, units of the source.
        spread: `(N, G)` of the ensemble, same units; 0 with one member.
        donor: `(N,)` integers.
        x_mm: `(N, 3)` MNI mm.
    """

    residual: np.ndarray
    spread: np.ndarray
    donor: np.ndarray
    x_mm: np.ndarray

    def take(self, rows: np.ndarray) -> HeldOut:
        """The wells of `rows`, an index or a mask `(N,)`."""
        return HeldOut(*(array[rows] for array in self))


class Calibration(NamedTuple):
    """All that turns a spread into a predictive standard deviation.

    Attributes:
        noise: `(G,)` units of the source.
        factor: `(G,)` q; the half width of the 90 % interval over s.
        x_mm: `(N, 3)` wells of the profile, MNI mm, folded where left is right.
        excess: `(N,)` of them, about 1.
        width_mm: `()` sd of the Gaussian kernel, mm.
        mirror: `()` bool, whether left and right are one.
    """

    noise: np.ndarray
    factor: np.ndarray
    x_mm: np.ndarray
    excess: np.ndarray
    width_mm: float
    mirror: bool

    def genes(self, columns: np.ndarray | slice) -> Calibration:
        """The calibration of some genes: an index, a mask `(G,)` or a slice."""
        return self._replace(noise=self.noise[columns], factor=self.factor[columns])


def calibrate(
    held: HeldOut, *, mirror: bool, widths_mm: Sequence[float] = WIDTHS_MM
) -> Calibration:
    """Noise, profile and factor from held-out wells.

    The width is the one whose profile, learned on the other donors of `held`, tells a
    donor's excess best; with one donor, the largest.

    Args:
        held: N wells; of other donors than the intervals are made for.
        mirror: Whether left and right are one.
        widths_mm: To choose from, mm.
    """
    x_mm = folded(np.asarray(held.x_mm, np.float64), mirror)
    held = held._replace(x_mm=x_mm)
    folds = [(own, _profiled(held.take(others))) for own, others in _folds(held.donor)]
    width = _best_width(held, folds, widths_mm)
    scores = np.empty(held.residual.shape)
    for own, part in folds:
        h = _kernel_mean(part._replace(width_mm=width), held.x_mm[own])
        s = _sd(part.noise, h, held.spread[own])
        scores[own] = abs(held.residual[own]) / s
    factor = conformal_quantile(scores, LEVEL)
    return _profiled(held)._replace(factor=factor, width_mm=width, mirror=mirror)


def predictive_sd(
    calibration: Calibration,
    x_mm: np.ndarray,
    spread: np.ndarray,
    *,
    profile: np.ndarray | None = None,
) -> np.ndarray:
    """The calibrated standard deviation of a new measurement at places.

    Scaled so that prediction +- 1.645 times it is the 90 % interval: s q / 1.645.

    Args:
        calibration: Of the same G genes.
        x_mm: `(V, 3)` MNI mm.
        spread: `(V, G)` of the ensemble there, units of the source.
        profile: `(V,)` `profile_at` these places, where genes come in blocks.

    Returns:
        `(V, G)` float32, units of the source.
    """
    if profile is None:
        profile = profile_at(calibration, x_mm)
    s = _sd(calibration.noise, profile, spread)
    return (s * (calibration.factor / NORMAL_90)).astype(np.float32)


def profile_at(calibration: Calibration, x_mm: np.ndarray) -> np.ndarray:
    """h `(V,)` at places `(V, 3)`, MNI mm; the same for all genes."""
    x_mm = np.asarray(x_mm, np.float64)
    return _kernel_mean(calibration, folded(x_mm, calibration.mirror))


def conformal_quantile(scores: np.ndarray, level: float) -> np.ndarray:
    """The ceil((n + 1) level)-th smallest of n scores, `(n, G)` to `(G,)`.

    The largest where that is beyond n (fewer than level / (1 - level) scores), which
    then covers n / (n + 1) alone.
    """
    n = len(scores)
    rank = min(int(np.ceil((n + 1) * level - 1e-9)), n)
    return np.partition(scores, rank - 1, axis=0)[rank - 1]


def _best_width(held: HeldOut, folds: list, widths_mm: Sequence[float]) -> float:
    """The width whose profile tells the excess of donors it has not seen best.

    Measured by log h + excess / h, the deviance of squares under a normal law.

    Args:
        held: N wells.
        folds: Wells `(N,)`, and a profile that they have no part in.
        widths_mm: To choose from.
    """
    if len(folds) == 1 or len(widths_mm) == 1:
        return float(max(widths_mm))
    loss = np.zeros(len(widths_mm))
    for own, part in folds:
        excess = _excess(held.take(own), part.noise)
        for number, width in enumerate(widths_mm):
            h = _kernel_mean(part._replace(width_mm=width), held.x_mm[own])
            loss[number] += (np.log(h) + excess / h).sum()
    return float(widths_mm[int(loss.argmin())])


def _folds(donor: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Masks of a donor's wells and of the others'; a single donor is its own other."""
    donors = np.unique(donor)
    if len(donors) == 1:
        return [(donor == donor, donor == donor)]
    return [(donor == one, donor != one) for one in donors]


def _profiled(held: HeldOut) -> Calibration:
    """Noise and excess; width and factor are still open."""
    square = np.mean(held.residual**2, axis=0)
    beyond = square - np.mean(held.spread**2, axis=0)
    least = np.maximum(LEAST * square, np.finfo(np.float32).tiny)
    noise = np.sqrt(np.maximum(beyond, least))
    excess = _excess(held, noise)
    return Calibration(noise, np.ones_like(noise), held.x_mm, excess, np.inf, False)


def _excess(held: HeldOut, noise: np.ndarray) -> np.ndarray:
    """`(N,)` mean over genes of (residual^2 - spread^2) / noise^2."""
    return np.mean((held.residual**2 - held.spread**2) / noise**2, axis=1)


def _kernel_mean(part: Calibration, x_mm: np.ndarray) -> np.ndarray:
    """h `(V,)`: the excess, smooth in space, drawn to its mean where wells are far."""
    mean = part.excess.mean()
    h = gaussian_mean(
        part.x_mm,
        part.excess,
        x_mm,
        width_mm=part.width_mm,
        prior=mean,
        pseudo_count=PRIOR,
    )
    return np.maximum(h, LEAST * max(mean, LEAST))


def _sd(noise: np.ndarray, profile: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """s = sqrt(spread^2 + noise^2 h), `(V, G)`."""
    return np.sqrt(spread**2 + profile[:, None] * noise[None] ** 2)
