"""The normal law of columns is that of SciPy, its slope that of differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from inr_jax.stats import normal_law


@pytest.fixture
def law(rng):
    half = rng.normal(size=(7, 9))
    return half @ half.T, rng.normal(size=(7, 4))


def test_the_likelihood_is_that_of_the_normal_law(law):
    covariance, z = law
    exact = multivariate_normal(np.zeros(7), covariance).logpdf(z.T).mean()
    found = normal_law.log_likelihood(covariance, z)
    np.testing.assert_allclose(normal_law.log_likelihood_slope(covariance, z)[0], found)
    np.testing.assert_allclose(found, exact, rtol=1e-9)


def test_the_likelihoods_derivative_is_that_of_differences(law, rng):
    covariance, z = law
    _, derivative = normal_law.log_likelihood_slope(covariance, z)
    for _ in range(5):
        way = rng.normal(size=(7, 7))
        way = 1e-5 * (way + way.T)
        ahead, behind = (
            normal_law.log_likelihood_slope(covariance + sign * way, z)[0]
            for sign in (1, -1)
        )
        slope = (derivative * way).sum()
        np.testing.assert_allclose(slope, (ahead - behind) / 2, rtol=1e-4)
