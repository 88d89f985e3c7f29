"""Null models of a map: a covariance in each stratum.

Axis letters: M nodes, S strata.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from functools import partial
from typing import NamedTuple

import numpy as np

from inr_jax.errors import InputError
from inr_jax.maps.association_places import Ground
from inr_jax.stats.association_design import design
from inr_jax.stats.nulls import Covariance, stable
from inr_jax.stats.nulls_variogram import (
    FittedCovariance,
    VariogramPlan,
    correlation_tables,
    fit_covariance,
    plan_variogram,
    variogram,
)

log = logging.getLogger("inr_jax")
POOR_FIT = 0.25  # root mean squared relative misfit from which a warning is due
# Of a map that is as smooth as that, one variogram does not know the long waves: nearly
# all Matern maps of 40 mm, none of 8 mm (benchmarks/README.md, association.py).
SMOOTH, FAR_MM = 0.35, 30.0
UNLIKE = (
    "%s: in the %s null maps do not vary as the map does (variograms differ by "
    "%.0f %%, see variogram.png): do not trust its p-values"
)
TOO_BOLD = (
    "%s: very smooth: with a linear trend 7 of 100 such maps have a p_max below .05 by "
    "chance, with --config.associate.trend=quadratic 5"
)

FLAT = 1e-9  # variance of residuals over the map's from which it is rounding alone


def is_flat(variance: np.ndarray, y: np.ndarray) -> bool:
    """Whether what is left of a map `(M,)` varies no more than its rounding."""
    left = float(np.max(variance, initial=0))
    return left <= FLAT * float(np.var(y)) or left <= (1e-14 * abs(y).max()) ** 2


class NullModel(NamedTuple):
    """What null maps of a map are drawn with.

    Attributes:
        plans: How the variogram of each of S strata is estimated.
        fits: The fitted covariances.
        trend: What is removed, linear or quadratic where that was left open.
    """

    plans: list[VariogramPlan]
    fits: list[FittedCovariance]
    trend: str

    @property
    def covariances(self) -> list[Covariance]:
        """Of each stratum."""
        return [fit.covariance for fit in self.fits]


def fit_null_model(
    ground: Ground, y: np.ndarray, *, trend: str, seed: int, where: object
) -> NullModel:
    """Fit a covariance to a map in each stratum.

    Args:
        ground: Its nodes.
        y: `(M,)` values.
        trend: What is removed in each stratum beside its mean; "auto": a linear trend,
            a quadratic one from a map that is very smooth.
        seed: Of the points that are looked at.
        where: The map, to name in an error.

    Raises:
        InputError: A stratum has no variance left.
    """
    tables = correlation_tables(ground.nodes.lattice)
    fit = partial(_fit, ground, y, tables, seed=seed, where=where)
    model = fit(trend="linear" if trend == "auto" else trend)
    row = largest_stratum(ground)
    if model.trend == "linear" and is_smooth(model.covariances[row]):
        with suppress(InputError):  # of a stratum of a few nodes it leaves nothing
            model = fit(trend="quadratic") if trend == "auto" else model
        if model.trend == "linear":
            log.warning(TOO_BOLD, where)
        else:
            log.info("%s: very smooth, so a quadratic trend is removed", where)
    for name, part in zip(ground.strata, model.fits, strict=True):
        if part.misfit > POOR_FIT:
            log.warning(UNLIKE, where, name, 100 * part.misfit)
    return model


def _fit(
    ground: Ground,
    y: np.ndarray,
    tables: np.ndarray,
    *,
    trend: str,
    seed: int,
    where: object,
) -> NullModel:
    """As `fit_null_model`, of a trend that is named, with `correlation_tables`."""
    nodes = ground.nodes
    plans, fits = [], []
    for row, name in enumerate(ground.strata):
        inside = nodes.stratum == row
        x_mm = nodes.x_mm[inside]
        plan = plan_variogram(x_mm, design(x_mm, [], trend), tables, seed=seed)
        observed = variogram(plan, y[inside])
        if is_flat(observed, y):
            lack = f"no variation in the {name} beside a {trend} trend"
            fix = "mask this part out (--mask), or take --config.associate.strata=none"
            expected = "values that vary in each stratum"
            raise InputError(where, expected=expected, found=lack, fix=fix)
        plans.append(plan)
        fits.append(fit_covariance(plan, observed))
    return NullModel(plans, fits, trend)


def largest_stratum(ground: Ground) -> int:
    """Row of the stratum of most nodes, by which a map counts as smooth or not."""
    return int(np.bincount(ground.nodes.stratum).argmax())


def is_smooth(covariance: Covariance) -> bool:
    """Whether a map of this covariance has long waves that a linear trend leaves."""
    return correlation_at(covariance, FAR_MM) >= SMOOTH


def correlation_at(covariance: Covariance, distance_mm: float) -> float:
    """Of two values of a map so far apart, what the nugget takes included."""
    decayed = float(
        stable(np.array(distance_mm), covariance.length_mm, covariance.shape)
    )
    return decayed * covariance.sill / (covariance.sill + covariance.nugget)
