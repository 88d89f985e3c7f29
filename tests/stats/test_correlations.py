"""Correlations of a map with genes, and their p-values, against plain statistics."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from inr_jax.stats.association import (
    add_nulls,
    chances,
    correlations,
    false_discovery,
    make_level,
    no_nulls,
    tail_p,
)
from inr_jax.stats.association_design import design
from inr_jax.stats.nulls_pairs import orthonormal


def residuals(values, columns):
    """What is left of values `(n, c)` after least squares on columns `(n, q)`."""
    return values - columns @ np.linalg.lstsq(columns, values, rcond=None)[0]


@pytest.fixture
def parts(rng):
    x_mm = rng.uniform(-60, 60, (400, 3))
    columns = design(x_mm, [rng.integers(3, size=400)], "linear")
    features = rng.standard_normal((400, 9)) + 20
    weights = rng.standard_normal((30, 9))
    maps = rng.standard_normal((400, 5)) + features[:, :1]
    return columns, features, weights, maps


def test_r_is_that_of_residuals_whether_genes_are_factors_or_themselves(parts):
    columns, features, weights, maps = parts
    genes, y = residuals(features @ weights.T, columns), residuals(maps, columns)
    expected = np.corrcoef(genes.T, y.T)[:30, 30:]
    basis = orthonormal(columns)
    factored = make_level(np.float32(features), weights, basis)
    whole = make_level(np.float32(features @ weights.T), None, basis)
    for level in (factored, whole):
        found = correlations(level, np.float32(maps))
        np.testing.assert_allclose(found, expected, atol=2e-4)


def test_a_constant_gene_or_map_correlates_with_nothing(parts):
    columns, features, weights, maps = parts
    basis = orthonormal(columns)
    features[:, 8] = 1  # as the feature of a gene's offset
    weights[4] = np.eye(9)[8]
    level = make_level(np.float32(features), weights, basis)
    r = correlations(level, np.float32(maps))
    assert (r[4] == 0).all() and (r[3] != 0).all()
    assert (correlations(level, np.ones((400, 1), np.float32)) == 0).all()
    nulls = correlations(level, maps.astype(np.float32))
    outcome = chances(add_nulls(no_nulls(30), r[:, 0], nulls), r[:, 0])
    assert outcome.p_null[4] == outcome.p_tail[4] == outcome.p_max[4] == 1


def test_sums_over_many_places_keep_their_digits(rng):
    """More places than are summed in float32 at a time."""
    values = rng.standard_normal((40_000, 2)).astype(np.float32) + 300
    basis = orthonormal(np.ones((40_000, 1)))
    level = make_level(values.copy(), None, basis)
    expected = np.corrcoef(values.T.astype(np.float64))[0, 1]
    assert correlations(level, values)[0, 1] == pytest.approx(expected, abs=1e-5)


def test_p_values_count_null_maps(rng):
    observed, nulls = rng.uniform(-1, 1, 6), rng.uniform(-1, 1, (6, 50))
    tally = no_nulls(6)
    for first in range(0, 50, 20):
        tally = add_nulls(tally, observed, nulls[:, first : first + 20])
    outcome = chances(tally, observed)
    for gene, r in enumerate(observed):
        reached = sum(abs(z) >= abs(r) for z in nulls[gene])
        assert outcome.p_null[gene] == pytest.approx((1 + reached) / 51)
        largest = sum(max(abs(column)) >= abs(r) for column in nulls.T)
        assert outcome.p_max[gene] == pytest.approx((1 + largest) / 51)
        mean_square = np.mean(nulls[gene] ** 2)
        assert outcome.n_eff[gene] == pytest.approx(1 + 1 / mean_square)


def test_the_tail_is_pearsons_where_observations_are_independent(rng):
    x, y = rng.standard_normal((2, 25))
    r, p = scipy.stats.pearsonr(x, y)
    assert tail_p(np.array([r]), np.array([25.0]))[0] == pytest.approx(p)
    assert 0 < tail_p(np.array([0.95]), np.array([400.0]))[0] < 1e-150


def test_independent_nulls_have_as_many_observations_as_places(rng):
    genes, basis = rng.standard_normal((60, 40)), orthonormal(np.ones((60, 1)))
    level = make_level(np.float32(genes), None, basis)
    r = correlations(level, rng.standard_normal((60, 2000)).astype(np.float32))
    outcome = chances(add_nulls(no_nulls(40), r[:, 0], r), r[:, 0])
    assert np.mean(outcome.n_eff) == pytest.approx(60, rel=0.03)


def test_q_values_are_those_of_scipy(rng):
    p = rng.uniform(size=200) ** 3
    expected = scipy.stats.false_discovery_control(p)
    np.testing.assert_allclose(false_discovery(p), expected)
    assert len(false_discovery(np.empty(0))) == 0


@pytest.mark.parametrize(("trend", "columns"), [("none", 2), ("linear", 5)])
def test_groups_and_trends_are_columns_once(rng, trend, columns):
    x_mm = rng.uniform(-60, 60, (50, 3))
    group = np.arange(50) % 2
    made = design(x_mm, [group, group], trend)  # twice the same says nothing new
    assert orthonormal(made).shape == (50, columns)
    quadratic = orthonormal(design(x_mm, [group], "quadratic"))
    assert quadratic.shape == (50, 11)
    leftover = residuals((x_mm[:, :1] * x_mm[:, 1:2] + x_mm[:, 2:] ** 2), quadratic)
    assert abs(leftover).max() < 1e-6
