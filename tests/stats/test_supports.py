"""Observations that are means over points: covariances and baselines by slow loops."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern

from inr_jax.samples.samples import make_samples
from inr_jax.samples.sites import Sites
from inr_jax.samples.support import Support
from inr_jax.stats.baselines import idw10, nearest
from inr_jax.stats.kernels import matern32, mean_matern32, mean_matern32_variance
from inr_jax.stats.kriging import kriging
from inr_jax.stats.neighbours import nearest_supports

SIZE = np.array([1, 4, 2, 6, 3, 1, 2, 5, 1, 3, 2, 2], np.int32)


def make_support(rng, size=SIZE) -> Support:
    centre = np.repeat(rng.uniform(-50, 50, (len(size), 3)), size, axis=0)
    x_mm = (centre + rng.normal(0, 8, centre.shape)).astype(np.float32)
    return Support(x_mm, np.zeros((len(x_mm), 2), np.float32), size)


def parts(support: Support) -> list[np.ndarray]:
    return np.split(np.float64(support.x_mm), np.cumsum(support.size)[:-1])


@pytest.fixture
def samples(rng):
    support = make_support(rng)
    values = rng.normal(size=(len(SIZE), 3))
    x_mm = support.x_mm[support.first]
    genes = ["A", "B", "C"]
    return make_samples(
        x_mm=x_mm, values=values, genes=genes, where="test", support=support
    )


@pytest.fixture
def sites(rng) -> Sites:
    support = make_support(rng, np.array([2, 1, 4], np.int32))
    nothing = np.full(3, -1, np.int32)
    x_mm, tissue = support.x_mm[support.first], support.tissue[support.first]
    return Sites(x_mm, tissue, nothing, nothing, support)


def test_the_covariance_of_means_is_the_mean_of_covariances(rng):
    left, right = make_support(rng), make_support(rng, SIZE[:5])
    slow = [[matern32(a, b, 20.0).mean() for b in parts(right)] for a in parts(left)]
    np.testing.assert_allclose(mean_matern32(left, right, 20.0), slow, rtol=1e-6)
    variance = np.diag(mean_matern32(left, left, 20.0))
    np.testing.assert_allclose(mean_matern32_variance(left, 20.0), variance, rtol=1e-6)


def test_kriging_of_supports_is_a_gaussian_process_seen_through_means(samples, sites):
    """scikit-learn's kernel over all points, averaged by a matrix; the textbook."""
    wells, at = samples.points(), sites.points()
    both = np.concatenate([wells.x_mm, at.x_mm]).astype(np.float64)
    kernel = GaussianProcessRegressor(Matern(20.0, nu=1.5)).kernel(both)
    mean = np.zeros((len(SIZE) + 3, len(both)))
    for row, part in enumerate(
        np.split(np.arange(len(both)), np.cumsum([*wells.size, *at.size])[:-1])
    ):
        mean[row, part] = 1 / len(part)
    covariance = mean @ kernel @ mean.T / 2
    n = len(SIZE)
    gain = covariance[n:, :n] @ np.linalg.inv(covariance[:n, :n] + np.eye(n) / 2)
    values = np.float64(samples.values)
    offset, scale = values.mean(0), values.std(0)
    wanted = gain @ ((values - offset) / scale) * scale + offset
    variance = np.diag(covariance[n:, n:] - gain @ covariance[:n, n:])
    given = kriging(samples, sites, mirror=False)
    np.testing.assert_allclose(given.mean, wanted, atol=1e-5)
    spread = np.sqrt(variance)[:, None] * scale
    np.testing.assert_allclose(given.spread, spread, atol=1e-5)


def test_the_nearest_observation_is_the_one_of_the_nearest_point(rng, samples, sites):
    support, at_mm = make_support(rng), rng.uniform(-60, 60, (40, 3))
    slow = np.array(
        [
            [np.linalg.norm(part - x, axis=1).min() for part in parts(support)]
            for x in at_mm
        ]
    )
    distance, row = nearest_supports(support, at_mm, count=4)
    np.testing.assert_allclose(distance, np.sort(slow, axis=1)[:, :4], rtol=1e-6)
    np.testing.assert_array_equal(row, np.argsort(slow, axis=1)[:, :4])
    for method in (nearest, idw10):  # a support's value is the mean of its points'
        points = sites.points()
        single = Sites(points.x_mm, points.tissue, *np.full((2, 7), -1, np.int32))
        at_points = method(samples, single, mirror=True).mean
        given = method(samples, sites, mirror=True).mean
        slow_mean = [part.mean(0) for part in np.split(at_points, [2, 3])]
        np.testing.assert_allclose(given, slow_mean, rtol=1e-6)
