"""The normal law of columns is that of SciPy, its slope that of differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from threadpoolctl import threadpool_info

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


def test_a_solution_by_cholesky_solves(law):
    covariance, z = law
    found = normal_law.solved(covariance.copy(), z)
    np.testing.assert_allclose(covariance @ found, z, atol=1e-9)


def test_a_solution_asks_for_a_positive_definite_matrix(law):
    with pytest.raises(np.linalg.LinAlgError):
        normal_law.solved(-law[0], law[1])


def test_blas_has_its_threads_again_after_a_loop_of_small_matrices():
    def threads():
        return [pool["num_threads"] for pool in threadpool_info()]

    before = threads()
    with normal_law.one_thread():
        inside = [
            pool["num_threads"]
            for pool in threadpool_info()
            if pool["user_api"] == "blas"
        ]
    assert set(inside) == {1}
    assert threads() == before
