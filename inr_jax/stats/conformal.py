"""Calibrated uncertainty: how wide an interval must be to hold a new measurement.

The predictive standard deviation of gene g at a place x is

    s_g(x)^2 = spread_g(x)^2 + sigma_g^2 h(x),

and the interval: prediction +- q_g s_g(x). The local scale h, one for all genes, says
where in the brain residuals are large; q_g is the conformal quantile of |residual| / s
over wells that the prediction never saw.

Nouns:
    residual: measured less predicted at a well of a held-out donor.
    spread: standard deviation of the prediction: over the members of the ensemble.
    residual sd: sigma, the sd over wells of a gene's residual beyond the spread.
    squared residual: of a well, standardised: the mean over genes of
        (residual^2 - spread^2) / sigma^2.
    local scale: h, the mean of the squared residuals of wells near by (local_scale.py).

Split conformal prediction with locally weighted residuals: Lei et al., JASA 2018
(arXiv 1604.04173), sections 2.2 and 5.2. Residuals come from leave-one-donor-out, so
that all wells serve, as in CV+ and jackknife+ (Barber et al., Annals of Statistics
2021, arXiv 1905.02928); and each is weighed by a sigma and an h that its own
donor has no part in, or it would look smaller than a new donor's. Wells of one donor
are alike, so exchangeability, and with it the guarantee, holds only about; what is
covered is measured (coverage.py).

Frame: x_mm (MNI152 RAS, mm). Axis letters: N wells, P points of their supports, G
genes, V places.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from inr_jax.brain.space import folded
from inr_jax.samples.support import Support
from inr_jax.stats.local_scale import WIDTHS_MM, Observed, best_width, local_scale

LEVEL = 0.9  # of a new measurement's falling into the interval
NORMAL_90 = 1.6448536  # half width of that interval of a normal law, in its sd
LEAST = 0.05  # least share of a mean square that sigma has


class HeldOut(NamedTuple):
    """Wells as predicted from other donors.

    Attributes:
        residual: `(N, G)` measured less predicted, units of the source.
        spread: `(N, G)` sd of the prediction, same units; 0 with one member.
        donor: `(N,)` integers.
        support: The points that each value is the mean of, MNI mm.
    """

    residual: np.ndarray
    spread: np.ndarray
    donor: np.ndarray
    support: Support

    def take(self, rows: np.ndarray) -> HeldOut:
        """The wells of `rows`, an index or a mask `(N,)`."""
        residual, spread, donor = (array[rows] for array in self[:3])
        return HeldOut(residual, spread, donor, self.support.take(rows))


class Calibration(NamedTuple):
    """All that turns a spread into a predictive standard deviation.

    Attributes:
        residual_sd: `(G,)` sigma, units of the source.
        quantile: `(G,)` q; the half width of the 90 % interval over s.
        x_mm: `(P, 3)` points of the wells behind h, MNI mm, folded where left is right.
        size: `(N,)` points of each well; they sum to P.
        squared_residual: `(N,)` of the wells, standardised, about 1.
        width_mm: `()` sd of the Gaussian kernel, mm.
        mirror: `()` bool, whether left and right are one.
    """

    residual_sd: np.ndarray
    quantile: np.ndarray
    x_mm: np.ndarray
    size: np.ndarray
    squared_residual: np.ndarray
    width_mm: float
    mirror: bool

    def genes(self, columns: np.ndarray | slice) -> Calibration:
        """The calibration of some genes: an index, a mask `(G,)` or a slice."""
        return self._replace(
            residual_sd=self.residual_sd[columns], quantile=self.quantile[columns]
        )


def calibrate(
    held_out: HeldOut, *, mirror: bool, widths_mm: Sequence[float] = WIDTHS_MM
) -> Calibration:
    """Residual sd, local scale and quantile from held-out wells.

    The kernel's width is the one whose h, learned on the other donors of `held_out`,
    tells a donor's squared residuals best; with one donor, the largest.

    Args:
        held_out: N wells; of other donors than the intervals are made for.
        mirror: Whether left and right are one.
        widths_mm: To choose from, mm.
    """
    x_mm = folded(np.asarray(held_out.support.x_mm, np.float64), mirror)
    held_out = held_out._replace(support=held_out.support._replace(x_mm=x_mm))
    folds = []
    for rows, rest in _folds(held_out.donor):
        known, donor = _scales(held_out.take(rest)), held_out.take(rows)
        squared = _squared_residual(donor, known.residual_sd)
        folds.append((rows, known, Observed(donor.support, squared)))
    width_mm = best_width(
        [(_observed(known), donor) for _, known, donor in folds], widths_mm
    )
    scores = np.empty(held_out.residual.shape)
    for rows, known, (support, _) in folds:
        at_points = local_scale(_observed(known), support.x_mm, width_mm=width_mm)
        h = support.mean(at_points)
        s = _sd(known.residual_sd, h, held_out.spread[rows])
        scores[rows] = abs(held_out.residual[rows]) / s
    quantile = conformal_quantile(scores, LEVEL)
    scales = _scales(held_out)
    return scales._replace(quantile=quantile, width_mm=width_mm, mirror=mirror)


def predictive_sd(
    calibration: Calibration,
    x_mm: np.ndarray,
    spread: np.ndarray,
    *,
    local_scale: np.ndarray | None = None,
) -> np.ndarray:
    """The calibrated standard deviation of a new measurement at places.

    Scaled so that prediction +- 1.645 times it is the 90 % interval: s q / 1.645.

    Args:
        calibration: Of the same G genes.
        x_mm: `(V, 3)` MNI mm.
        spread: `(V, G)` sd of the prediction there, units of the source.
        local_scale: `(V,)` `local_scale_at` these places, where genes come in blocks.

    Returns:
        `(V, G)` float32, units of the source.
    """
    if local_scale is None:
        local_scale = local_scale_at(calibration, x_mm)
    s = _sd(calibration.residual_sd, local_scale, spread)
    return (s * (calibration.quantile / NORMAL_90)).astype(np.float32)


def local_scale_at(calibration: Calibration, x_mm: np.ndarray) -> np.ndarray:
    """h `(V,)` at places `(V, 3)`, MNI mm; the same for all genes."""
    at_mm = folded(np.asarray(x_mm, np.float64), calibration.mirror)
    return local_scale(_observed(calibration), at_mm, width_mm=calibration.width_mm)


def held_out_sd(calibration: Calibration, held_out: HeldOut) -> np.ndarray:
    """As `predictive_sd`, `(N, G)`, of values that are means over supports."""
    support = held_out.support
    h = support.mean(local_scale_at(calibration, support.x_mm))
    at_mm, spread = support.x_mm[support.first], held_out.spread
    return predictive_sd(calibration, at_mm, spread, local_scale=h)


def conformal_quantile(scores: np.ndarray, level: float) -> np.ndarray:
    """The ceil((n + 1) level)-th smallest of n scores, `(n, G)` to `(G,)`.

    The largest where that is beyond n (fewer than level / (1 - level) scores), which
    then covers n / (n + 1) alone.
    """
    n = len(scores)
    rank = min(int(np.ceil((n + 1) * level - 1e-9)), n)
    return np.partition(scores, rank - 1, axis=0)[rank - 1]


def _folds(donor: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Masks of a donor's wells and of the rest; a single donor is its own rest."""
    donors = np.unique(donor)
    if len(donors) == 1:
        return [(donor == donor, donor == donor)]
    return [(donor == number, donor != number) for number in donors]


def _scales(held_out: HeldOut) -> Calibration:
    """Residual sd and squared residuals; width and quantile are still open."""
    square = np.mean(held_out.residual**2, axis=0)
    beyond = square - np.mean(held_out.spread**2, axis=0)
    least = np.maximum(LEAST * square, np.finfo(np.float32).tiny)
    sigma = np.sqrt(np.maximum(beyond, least))
    return Calibration(
        residual_sd=sigma,
        quantile=np.ones_like(sigma),
        x_mm=held_out.support.x_mm,
        size=held_out.support.size,
        squared_residual=_squared_residual(held_out, sigma),
        width_mm=np.inf,
        mirror=False,
    )


def _squared_residual(held_out: HeldOut, residual_sd: np.ndarray) -> np.ndarray:
    """`(N,)` mean over genes of (residual^2 - spread^2) / sigma^2."""
    beyond = held_out.residual**2 - held_out.spread**2
    return np.mean(beyond / residual_sd**2, axis=1)


def _observed(calibration: Calibration) -> Observed:
    """What h is the mean of."""
    x_mm, size = calibration.x_mm, calibration.size
    support = Support(x_mm, np.zeros((len(x_mm), 2), np.float32), size)
    return Observed(support, calibration.squared_residual)


def _sd(
    residual_sd: np.ndarray, local_scale: np.ndarray, spread: np.ndarray
) -> np.ndarray:
    """s = sqrt(spread^2 + sigma^2 h), `(V, G)`."""
    return np.sqrt(spread**2 + local_scale[:, None] * residual_sd[None] ** 2)
