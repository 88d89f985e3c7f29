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

from typing import NamedTuple

import numpy as np

from inr_jax.brain.space import folded
from inr_jax.samples.gene_blocks import gene_blocks
from inr_jax.samples.support import Support
from inr_jax.stats.local_scale import Observed, local_scale
from inr_jax.stats.matters import matter_at
from inr_jax.stats.residuals import HeldOut

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
    s = sd_of(residual_sd, local.scale, spread) * local.factor[:, None]
    return (s * (quantile / NORMAL_90)).astype(np.float32)


def local_at(calibration: Calibration, x_mm: np.ndarray) -> Local:
    """Local scale and factor at places `(V, 3)`, MNI mm."""
    factor, mirror = calibration.matter_factor, calibration.mirror
    if (factor == 1).all():  # no template is asked for what makes no difference
        return Local(_scale_at(calibration, x_mm), np.ones(len(x_mm)))
    matter = matter_at(x_mm, calibration.x_mm, mirror=mirror)
    return Local(_scale_at(calibration, x_mm), factor[matter])


def held_out_sd(
    calibration: Calibration, held_out: HeldOut, rows: np.ndarray | None = None
) -> np.ndarray:
    """As `predictive_sd`, `(n, G)`, of wells whose support and matter are known.

    Args:
        calibration: Of the same genes.
        held_out: N wells.
        rows: `(N,)` mask of the n wells; None takes all.
    """
    rows = np.ones(len(held_out.donor), bool) if rows is None else rows
    support = held_out.support.take(rows)
    scale = support.mean(_scale_at(calibration, support.x_mm))
    local = Local(scale, calibration.matter_factor[held_out.matter[rows]])
    sd = np.empty((len(scale), held_out.residual.shape[1]), np.float32)
    for block in gene_blocks(*held_out.residual.shape):
        spread = held_out.part(rows, block).spread
        sigma, quantile = calibration.residual_sd[block], calibration.quantile[block]
        sd[:, block] = scaled_sd(sigma, quantile, local, spread)
    return sd


def observed_of(calibration: Calibration) -> Observed:
    """What h is the mean of."""
    x_mm, size = calibration.x_mm, calibration.size
    support = Support(x_mm, np.zeros((len(x_mm), 2), np.float32), size)
    return Observed(support, calibration.squared_residual)


def _scale_at(calibration: Calibration, x_mm: np.ndarray) -> np.ndarray:
    """h `(V,)` at places `(V, 3)`, MNI mm."""
    at_mm = folded(np.asarray(x_mm, np.float64), calibration.mirror)
    return local_scale(observed_of(calibration), at_mm, width_mm=calibration.width_mm)


def sd_of(
    residual_sd: np.ndarray, local_scale: np.ndarray, spread: np.ndarray
) -> np.ndarray:
    """s = sqrt(spread^2 + sigma^2 h), `(V, G)`."""
    return np.sqrt(spread**2 + local_scale[:, None] * residual_sd[None] ** 2)
