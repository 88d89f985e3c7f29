"""Null models of a map: a covariance in each stratum.

Axis letters: M nodes, S strata.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
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
    if trend != "auto":
        model = _fit(ground, y, trend=trend, seed=seed, where=where)
        if trend == "linear" and is_smooth(ground, model.fits):
            log.warning(TOO_BOLD, where)
        return model
    model = _fit(ground, y, trend="linear", seed=seed, where=where)
    if not is_smooth(ground, model.fits):
        return model
    try:
        again = _fit(ground, y, trend="quadratic", seed=seed, where=where)
    except InputError:  # of a stratum of a few nodes it leaves nothing
        log.warning(TOO_BOLD, where)
        return model
    log.info("%s: very smooth, so a quadratic trend is removed", where)
    return again


def _fit(
    ground: Ground, y: np.ndarray, *, trend: str, seed: int, where: object
) -> NullModel:
    """As `fit_null_model`, of a trend that is named."""
    nodes = ground.nodes
    tables = correlation_tables(nodes.lattice)
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
        fit = fit_covariance(plan, observed)
        if fit.misfit > POOR_FIT:
            text = "%s: in the %s null maps do not vary as the map does (variograms "
            text += "differ by %.0f %%, see variogram.png): do not trust its p-values"
            log.warning(text, where, name, 100 * fit.misfit)
        plans.append(plan)
        fits.append(fit)
    return NullModel(plans, fits, trend)


def is_smooth(ground: Ground, fits: Sequence[FittedCovariance]) -> bool:
    """Whether a map's largest stratum has long waves that a linear trend leaves."""
    row = int(np.bincount(ground.nodes.stratum, minlength=len(fits)).argmax())
    return correlation_at(fits[row].covariance, FAR_MM) >= SMOOTH


def correlation_at(covariance: Covariance, distance_mm: float) -> float:
    """Of two values of a map so far apart, what the nugget takes included."""
    decayed = float(
        stable(np.array(distance_mm), covariance.length_mm, covariance.shape)
    )
    return decayed * covariance.sill / (covariance.sill + covariance.nugget)
