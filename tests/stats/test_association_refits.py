"""Intervals of r from refits without donors, and p against random and matched genes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from inr_jax.stats.association import correlations, make_level
from inr_jax.stats.association_refits import (
    jackknife_interval,
    matched_p,
    moments_of,
    r_of_weights,
    specific_p,
)
from inr_jax.stats.nulls_pairs import orthonormal


def test_r_of_any_weights_is_that_of_the_map_they_make(rng):
    features = rng.standard_normal((300, 7)).astype(np.float32)
    weights = rng.standard_normal((5, 7))
    basis = orthonormal(np.c_[np.ones(300), np.arange(300)])
    level = make_level(features.copy(), weights, basis)
    y = features[:, 0] + rng.standard_normal(300) + 40
    moments = moments_of(level, y)
    expected = correlations(level, y[:, None])[:, 0]
    np.testing.assert_allclose(r_of_weights(moments, weights), expected, atol=1e-5)
    others = rng.standard_normal((3, 7))
    residual = np.eye(300) - basis @ basis.T
    direct = np.corrcoef((residual @ np.c_[features @ others.T, y]).T)[-1, :3]
    np.testing.assert_allclose(r_of_weights(moments, others), direct, atol=1e-5)
    assert not r_of_weights(moments, np.zeros((1, 7))).any()


def test_with_equal_donors_it_is_the_classical_jackknife(rng):
    without = rng.uniform(0.2, 0.5, (6, 4))
    z = np.arctanh(without)
    everything = rng.uniform(0.2, 0.5, 4)
    r = np.array([0.3, 0.4, 0.2, -0.5])
    low, high = jackknife_interval(r, everything, without, np.full(6, 50))
    sd = np.sqrt(5 / 6 * ((z - z.mean(0)) ** 2).sum(0))
    half = stats.t.ppf(0.975, 5) * sd
    np.testing.assert_allclose(low, np.tanh(np.arctanh(r) - half))
    np.testing.assert_allclose(high, np.tanh(np.arctanh(r) + half))


def test_intervals_of_a_mean_over_unequal_donors_hold_in_95_of_100(rng):
    """The mean of values with a donor's own offset, on Fisher's z."""
    size, truth, covered = np.array([60, 50, 20, 30, 25, 30]), 0.3, []
    donor = np.repeat(np.arange(6), size)
    for _ in range(400):
        x = truth + 0.4 * rng.standard_normal(len(donor))
        whole = np.tanh([x.mean()])
        without = np.tanh([[x[donor != k].mean()] for k in range(6)])
        low, high = jackknife_interval(whole, whole, without, size)
        covered.append(low[0] < np.tanh(truth) < high[0])
    assert np.mean(covered) == pytest.approx(0.95, abs=0.035)


def test_two_donors_give_no_interval():
    low, _ = jackknife_interval(*(np.full(1, 0.5),) * 2, np.full((2, 1), 0.5), [3, 4])
    assert np.isnan(low).all()


def test_p_of_random_genes_is_counted_within_the_kind():
    random = np.array([[0.1, -0.2, 0.3, 0.05], [0.6, 0.7, -0.8, 0.9]])
    p = specific_p(np.array([0.25, 0.25, -0.85]), np.array([0, 1, 1]), random)
    np.testing.assert_allclose(p, [2 / 5, 1, 2 / 5])


def test_a_gene_is_compared_with_genes_that_are_as_predictable():
    score = np.r_[np.full(30, 0.1), np.full(30, 0.6), np.nan]
    r = np.r_[np.linspace(0.5, 0.9, 30), np.linspace(0, 0.2, 30), 0.4]
    p = matched_p(r, score)
    assert p[59] == 1 / 20  # the largest of its like, though half of all are larger
    assert p[29] == 1 / 20 and p[30] == 1
    assert np.isnan(p[60])
    assert np.isnan(matched_p(r[:20], score[:20])).all()
