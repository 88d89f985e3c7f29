"""Null models of a map: a covariance in each stratum, and how sure it is.

A covariance fitted to one map is itself a guess, the worse the smoother the map. So
null maps are drawn in groups, each with covariances refitted to a map that was drawn
with the fitted ones; else tests of very smooth maps would reject too often.

Axis letters: M nodes, S strata, B bins of distance.
"""

from __future__ import annotations

import logging
from typing import NamedTuple

import numpy as np

from inr_jax.errors import InputError
from inr_jax.maps.association_places import Ground
from inr_jax.stats.association_design import design
from inr_jax.stats.nulls import Covariance, null_pair, roots_of
from inr_jax.stats.nulls_variogram import (
    FittedCovariance,
    VariogramPlan,
    correlation_tables,
    fit_covariance,
    plan_variogram,
    variogram,
)

log = logging.getLogger("inr_jax")
GROUPS = 20  # of null maps, each with covariances of its own
POOR_FIT = 0.25  # root mean squared relative misfit from which a warning is due
REFIT_PAIRS = 2**31  # numbers of pairs that are drawn to refit, apart from null maps


class NullModel(NamedTuple):
    """What null maps of a map are drawn with.

    Attributes:
        plans: How the variogram of each of S strata is estimated.
        fits: The fitted covariances.
        groups: Covariances of each group of null maps, S each.
    """

    plans: list[VariogramPlan]
    fits: list[FittedCovariance]
    groups: list[list[Covariance]]


def fit_null_model(
    ground: Ground, y: np.ndarray, *, trend: str, seed: int, where: object
) -> NullModel:
    """Fit a covariance to a map in each stratum.

    Args:
        ground: Its nodes.
        y: `(M,)` values.
        trend: What is removed in each stratum beside its mean.
        seed: Of the points that are looked at, and of what is drawn to refit.
        where: The map, to name in an error.

    Raises:
        InputError: A stratum has no variance left.
    """
    nodes = ground.nodes
    tables = correlation_tables(nodes.lattice)
    plans, fits = [], []
    for row, name in enumerate(ground.strata):
        inside = nodes.stratum == row
        x_mm = nodes.x_mm[inside]
        plan = plan_variogram(x_mm, design(x_mm, [], trend), tables, seed=seed)
        try:
            fit = fit_covariance(plan, variogram(plan, y[inside]))
        except ValueError as error:
            raise InputError(
                where,
                expected="values that vary in each stratum",
                found=f"no variation in the {name} beside a {trend} trend",
                fix="mask this part out (--mask), or take --config.associate.strata="
                "none",
            ) from error
        if fit.misfit > POOR_FIT:
            text = "%s: in the %s null maps do not vary as the map does (variograms "
            text += "differ by %.0f %%, see variogram.png): do not trust its p-values"
            log.warning(text, where, name, 100 * fit.misfit)
        plans.append(plan)
        fits.append(fit)
    return NullModel(plans, fits, _refitted(ground, plans, fits, seed))


def _refitted(
    ground: Ground, plans: list[VariogramPlan], fits: list[FittedCovariance], seed: int
) -> list[list[Covariance]]:
    """Covariances refitted to maps drawn with the fitted ones, `GROUPS` times."""
    nodes = ground.nodes
    rows = [np.flatnonzero(nodes.stratum == row) for row in range(len(plans))]
    seen = np.concatenate([at[plan.rows] for at, plan in zip(rows, plans, strict=True)])
    points = nodes._replace(
        flat=nodes.flat[seen], stratum=nodes.stratum[seen], x_mm=nodes.x_mm[seen]
    )
    covariances = [fit.covariance for fit in fits]
    roots = roots_of(nodes.lattice, covariances)
    groups: list[list[Covariance]] = []
    for pair in range(GROUPS // 2):
        number = REFIT_PAIRS + pair
        drawn = null_pair(points, covariances, roots, seed=seed, pair=number)
        for values in drawn.T:
            groups.append(
                [
                    _refit(plan, values[points.stratum == row])
                    for row, plan in enumerate(plans)
                ]
            )
    return groups


def _refit(plan: VariogramPlan, values: np.ndarray) -> Covariance:
    """The covariance of values at the points of a plan alone."""
    at_points = plan._replace(rows=np.arange(len(plan.rows)))
    return fit_covariance(at_points, variogram(at_points, values)).covariance
