"""Null models of regional values: block covariances and their variograms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from inr_jax.errors import InputError
from inr_jax.maps.association_places import Averages
from inr_jax.maps.association_regions import (
    fit_regions,
    plan_regions,
    region_covariances,
    region_nulls,
)
from inr_jax.run.association.regions import check_values
from inr_jax.stats.association_design import design
from inr_jax.stats.nulls import stable
from inr_jax.stats.nulls_variogram import GRID, TABLE_MM, variogram


@pytest.fixture(scope="module")
def regions():
    """40 regions of 8 nodes each, 4 mm around a place."""
    rng = np.random.default_rng(0)
    middle = rng.uniform(-60, 60, (40, 3))
    x_mm = np.repeat(middle, 8, axis=0) + rng.uniform(-4, 4, (320, 3))
    place = np.repeat(np.arange(40), 8)
    weight = csr_matrix((np.full(320, 1 / 8), (place, np.arange(320))))
    rows = np.arange(1, 41)
    return Averages(weight, rows, weight @ x_mm, np.zeros(40, int)), x_mm


@pytest.fixture(scope="module")
def covariances(regions):
    knots = TABLE_MM * np.arange(1200)
    tables = np.array([stable(knots, *key) for key in GRID], np.float32)
    return region_covariances(*regions, tables)


def test_the_covariance_of_regions_is_the_mean_over_pairs_of_nodes(
    regions, covariances
):
    averages, x_mm = regions
    apart = np.linalg.norm(x_mm[:, None] - x_mm[None], axis=-1)
    for row in (3, 30, 60):
        dense = averages.weight @ stable(apart, *GRID[row]) @ averages.weight.T
        np.testing.assert_allclose(covariances[row], dense, atol=0.02)


def test_null_maps_have_the_fitted_covariance_and_its_variogram(regions, covariances):
    averages, _ = regions
    design = np.concatenate([np.ones((40, 1)), averages.x_mm], axis=1)
    plan = plan_regions(averages.x_mm, design, covariances)
    row = GRID.index(next(key for key in GRID if key[0] > 30 and key[1] == 1.0))
    truth = 2.0 * covariances[row] + 0.5 * np.eye(40)
    draw = region_nulls(truth, seed=1)
    maps = np.concatenate([draw(pair) for pair in range(1500)], axis=1)
    np.testing.assert_allclose(np.cov(maps), truth, atol=0.3)
    seen = np.mean([variogram(plan, y) for y in maps.T], axis=0)
    expected = 2.0 * plan.expected[row] + 0.5 * plan.rough
    np.testing.assert_allclose(seen, expected, rtol=0.1)
    np.testing.assert_array_equal(draw(7), region_nulls(truth, seed=1)(7))
    fit, matrix = fit_regions(plan, covariances, maps[:, 0])
    assert fit.covariance.sill + fit.covariance.nugget > 0
    assert np.linalg.eigvalsh(matrix).min() > -1e-5


@pytest.mark.parametrize("slope", [0.0, 0.01], ids=["constant", "gradient"])
def test_values_that_a_trend_tells_wholly_are_refused(slope):
    x_mm = np.random.default_rng(0).uniform(-60, 60, (40, 3))
    columns = design(x_mm, [np.zeros(40, int)], "linear")
    with pytest.raises(InputError, match="tau: expected values that vary"):
        check_values("tau", 0.1 + slope * x_mm[:, 0], columns)
    check_values("tau", x_mm[:, 0] ** 2, columns)
