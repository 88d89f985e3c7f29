"""Calibrated uncertainty: how wide an interval must be to hold a new measurement.

The predictive standard deviation of gene g at a place x is

    s_g(x)^2 = spread_g(x)^2 + sigma_g^2 h(x),

and the interval: prediction +- f q_g s_g(x). The local scale h, one for all genes, says
where in the brain residuals are large; q_g is the conformal quantile of |residual| / s
over wells that the prediction never saw. All three are of grey matter, as nearly all
wells are. White matter and spaces, of which there are a few wells each and whose
residuals are two and three times as large, have a factor f each: the conformal
quantile of |residual| / (q_g s) over their wells, all genes together; of grey matter f
is 1. That is conformal prediction by category (Vovk 2012, arXiv 1209.2673, section 4).

Nouns: those of residuals.py, and
    local scale: h, the mean of the squared residuals of wells near by (local_scale.py).

Split conformal prediction with locally weighted residuals: Lei et al., JASA 2018
(arXiv 1604.04173), sections 2.2 and 5.2. Residuals come from leave-one-donor-out, so
that all wells serve, as in CV+ and jackknife+ (Barber et al., Annals of Statistics
2021, arXiv 1905.02928); and each is weighed by a sigma and an h that its own
donor has no part in, or it would look smaller than a new donor's. Wells of one donor
are alike, so exchangeability, and with it the guarantee, holds only about; what is
covered is measured (coverage.py).

Frame: x_mm (MNI152 RAS, mm). Axis letters: N wells, P points of their supports, G
genes, V places, M = 3 matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from inr_jax.brain.matter import GREY, MATTERS
from inr_jax.brain.space import folded
from inr_jax.samples.support import Support
from inr_jax.stats.local_scale import WIDTHS_MM, Observed, best_width, local_scale
from inr_jax.stats.matters import matter_at
from inr_jax.stats.residuals import HeldOut, residual_sd, squared_residual

LEVEL = 0.9  # of a new measurement's falling into the interval
NORMAL_90 = 1.6448536  # half width of that interval of a normal law, in its sd


class Calibration(NamedTuple):
    """All that turns a spread into a predictive standard deviation.

    Attributes:
        residual_sd: `(G,)` sigma, units of the source.
        quantile: `(G,)` q; the half width of the 90 % interval over s.
        x_mm: `(P, 3)` points of the N wells behind h, which are of grey matter, MNI
            mm, folded where left is right.
        size: `(N,)` points of each well; they sum to P.
        squared_residual: `(N,)` of the wells, standardised, about 1.
        width_mm: `()` sd of the Gaussian kernel, mm.
        matter_factor: `(M,)` f of each matter; 1 for grey matter, and without wells.
        mirror: `()` bool, whether left and right are one.
    """

    residual_sd: np.ndarray
    quantile: np.ndarray
    x_mm: np.ndarray
    size: np.ndarray
    squared_residual: np.ndarray
    width_mm: float
    matter_factor: np.ndarray
    mirror: bool

    def genes(self, columns: np.ndarray | slice) -> Calibration:
        """The calibration of some genes: an index, a mask `(G,)` or a slice."""
        return self._replace(
            residual_sd=self.residual_sd[columns], quantile=self.quantile[columns]
        )


class Local(NamedTuple):
    """What an interval owes to its place, the same for all genes.

    Attributes:
        scale: `(V,)` h.
        factor: `(V,)` f.
    """

    scale: np.ndarray
    factor: np.ndarray


def calibrate(
    held_out: HeldOut, *, mirror: bool, widths_mm: Sequence[float] = WIDTHS_MM
) -> Calibration:
    """Residual sd, local scale, quantile and factors from held-out wells.

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
        known, donor = _scales(held_out.take(rest)), held_out.take(rows).grey()
        squared = squared_residual(donor, known.residual_sd)
        folds.append((rows, known, Observed(donor.support, squared)))
    observed = [(_observed(known), donor) for _, known, donor in folds]
    width_mm = best_width(observed, widths_mm)
    scores = np.empty(held_out.residual.shape)
    for rows, known, _ in folds:
        donor = held_out.take(rows)
        x_mm, mean = donor.support.x_mm, donor.support.mean
        at_wells = mean(local_scale(_observed(known), x_mm, width_mm=width_mm))
        s = _sd(known.residual_sd, at_wells, donor.spread)
        scores[rows] = abs(donor.residual) / s
    quantile, matter_factor = _quantiles(scores, held_out.matter)
    return _scales(held_out)._replace(
        quantile=quantile,
        matter_factor=matter_factor,
        width_mm=width_mm,
        mirror=mirror,
    )


def predictive_sd(
    calibration: Calibration,
    x_mm: np.ndarray,
    spread: np.ndarray,
    *,
    local: Local | None = None,
) -> np.ndarray:
    """The calibrated standard deviation of a new measurement at places.

    Scaled so that prediction +- 1.645 times it is the 90 % interval: f s q / 1.645.

    Args:
        calibration: Of the same G genes.
        x_mm: `(V, 3)` MNI mm.
        spread: `(V, G)` sd of the prediction there, units of the source.
        local: `local_at` these places, where genes come in blocks.

    Returns:
        `(V, G)` float32, units of the source.
    """
    local = local_at(calibration, x_mm) if local is None else local
    return scaled_sd(calibration.residual_sd, calibration.quantile, local, spread)


def scaled_sd(
    residual_sd: np.ndarray, quantile: np.ndarray, local: Local, spread: np.ndarray
) -> np.ndarray:
    """f s q / 1.645 `(V, G)` float32 from its parts, as `Calibration` names them."""
    s = _sd(residual_sd, local.scale, spread) * local.factor[:, None]
    return (s * (quantile / NORMAL_90)).astype(np.float32)


def local_at(calibration: Calibration, x_mm: np.ndarray) -> Local:
    """Local scale and factor at places `(V, 3)`, MNI mm."""
    factor, mirror = calibration.matter_factor, calibration.mirror
    if (factor == 1).all():  # no template is asked for what makes no difference
        return Local(_scale_at(calibration, x_mm), np.ones(len(x_mm)))
    matter = matter_at(x_mm, calibration.x_mm, mirror=mirror)
    return Local(_scale_at(calibration, x_mm), factor[matter])


def held_out_sd(calibration: Calibration, held_out: HeldOut) -> np.ndarray:
    """As `predictive_sd`, `(N, G)`, of wells whose support and matter are known."""
    support = held_out.support
    scale = support.mean(_scale_at(calibration, support.x_mm))
    local = Local(scale, calibration.matter_factor[held_out.matter])
    at_mm = support.x_mm[support.first]
    return predictive_sd(calibration, at_mm, held_out.spread, local=local)


def conformal_quantile(scores: np.ndarray, level: float) -> np.ndarray:
    """The ceil((n + 1) level)-th smallest of n scores, `(n, G)` to `(G,)`.

    The largest where that is beyond n (fewer than level / (1 - level) scores), which
    then covers n / (n + 1) alone.
    """
    n = len(scores)
    rank = min(int(np.ceil((n + 1) * level - 1e-9)), n)
    return np.partition(scores, rank - 1, axis=0)[rank - 1]


def _quantiles(scores: np.ndarray, matter: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """q `(G,)` of grey matter and f `(M,)`, from scores `(N, G)` of wells."""
    grey = matter == GREY if (matter == GREY).any() else matter == matter
    quantile = conformal_quantile(scores[grey], LEVEL)
    ratio = scores / np.maximum(quantile, np.finfo(np.float32).tiny)
    factor = np.ones(len(MATTERS))
    for number in np.unique(matter[~grey]):
        pooled = ratio[matter == number].reshape(-1, 1)
        factor[number] = conformal_quantile(pooled, LEVEL)[0]
    return quantile, factor


def _folds(donor: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Masks of a donor's wells and of the rest; a single donor is its own rest."""
    donors = np.unique(donor)
    if len(donors) == 1:
        return [(donor == donor, donor == donor)]
    return [(donor == number, donor != number) for number in donors]


def _scales(held_out: HeldOut) -> Calibration:
    """Residual sd and squared residuals of grey matter; the rest is still open."""
    held_out = held_out.grey()
    sigma = residual_sd(held_out)
    return Calibration(
        residual_sd=sigma,
        quantile=np.ones_like(sigma),
        x_mm=held_out.support.x_mm,
        size=held_out.support.size,
        squared_residual=squared_residual(held_out, sigma),
        width_mm=np.inf,
        matter_factor=np.ones(len(MATTERS)),
        mirror=False,
    )


def _observed(calibration: Calibration) -> Observed:
    """What h is the mean of."""
    x_mm, size = calibration.x_mm, calibration.size
    support = Support(x_mm, np.zeros((len(x_mm), 2), np.float32), size)
    return Observed(support, calibration.squared_residual)


def _scale_at(calibration: Calibration, x_mm: np.ndarray) -> np.ndarray:
    """h `(V,)` at places `(V, 3)`, MNI mm."""
    at_mm = folded(np.asarray(x_mm, np.float64), calibration.mirror)
    return local_scale(_observed(calibration), at_mm, width_mm=calibration.width_mm)


def _sd(
    residual_sd: np.ndarray, local_scale: np.ndarray, spread: np.ndarray
) -> np.ndarray:
    """s = sqrt(spread^2 + sigma^2 h), `(V, G)`."""
    return np.sqrt(spread**2 + local_scale[:, None] * residual_sd[None] ** 2)
