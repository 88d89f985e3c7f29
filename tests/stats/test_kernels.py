"""Kernels against libraries and slow loops."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.gaussian_process.kernels import Matern

from inr_jax.samples.support import Support
from inr_jax.stats import kernels
from inr_jax.stats.lattice import lattice_of


def test_the_matern_kernel_is_scikit_learns(rng):
    x_mm, other_mm = rng.uniform(-60, 60, (30, 3)), rng.uniform(-60, 60, (20, 3))
    exact = Matern(length_scale=17.0, nu=1.5)(x_mm, other_mm)
    found = kernels.matern32(x_mm, other_mm, 17.0)
    np.testing.assert_allclose(found, exact, rtol=1e-12)


def test_a_covariance_in_blocks_is_the_covariance(rng, monkeypatch):
    x_mm = rng.uniform(-60, 60, (30, 3))
    exact = Matern(length_scale=17.0, nu=1.5)(x_mm)
    monkeypatch.setattr(kernels, "ROWS", 7)
    for other_mm in (x_mm, x_mm.copy()):  # half of the blocks, and all of them
        found = kernels.matern32(x_mm, other_mm, 17.0)
        np.testing.assert_allclose(found, exact, rtol=1e-12)


def test_a_mean_kernel_is_that_of_four_loops(rng):
    def support(*size):
        points = sum(size)
        x_mm = rng.uniform(-30, 30, (points, 3))
        return Support(x_mm, np.zeros((points, 2)), np.array(size, np.int32))

    one, other = support(3, 1, 5), support(2, 4)
    for left, right in ((one, other), (one, one), (one, support(1, 1, 1))):
        exact = [
            [
                np.mean(
                    [[kernels.matern32(p[None], q[None], 12.0) for q in b] for p in a]
                )
                for b in np.split(right.x_mm, right.first[1:])
            ]
            for a in np.split(left.x_mm, left.first[1:])
        ]
        found = kernels.mean_matern32(left, right, 12.0)
        np.testing.assert_allclose(found, exact, rtol=1e-12)


def test_a_group_shares_with_itself_and_no_name_with_none():
    found = kernels.same_group(np.array([0, 1, -1]), np.array([1, 0, 1, -1]))
    expected = [[0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]]
    np.testing.assert_array_equal(found, np.array(expected, bool))


def test_a_shared_variance_is_added_where_groups_are_the_same(rng):
    group, other = rng.integers(-1, 4, 20), rng.integers(-2, 5, 15)
    covariance = rng.normal(size=(20, 15))
    expected = covariance + 0.3 * kernels.same_group(group, other)
    kernels.add_shared(covariance, group, other, 0.3)
    np.testing.assert_array_equal(covariance, expected)


@pytest.mark.parametrize("upright", [False, True])  # the points of a lattice, or any
@pytest.mark.parametrize("shape", [(), (3,)])
def test_a_gaussian_mean_is_that_of_two_loops(rng, monkeypatch, shape, upright):
    monkeypatch.setattr(kernels, "ROWS", 4)
    x_mm, at_mm = rng.uniform(-30, 30, (12, 3)), rng.uniform(-30, 30, (9, 3))
    if upright:
        steps = rng.permutation(np.argwhere(np.ones((2, 3, 4))))[:9]
        at_mm = np.stack([at_mm[n, axis] for axis, n in enumerate(steps.T)], axis=1)
    assert (lattice_of(at_mm) is not None) == upright
    y, prior, weight = (
        rng.normal(size=(12, *shape)),
        rng.normal(size=shape),
        rng.random(12),
    )
    exact = []
    for at in at_mm:
        above, below = 0.5 * prior, 0.5
        for x, value, w in zip(x_mm, y, weight, strict=True):
            k = w * np.exp(-((at - x) ** 2).sum() / (2 * 8.0**2))
            above, below = above + k * value, below + k
        exact.append(above / below)
    found = kernels.gaussian_mean(
        x_mm, y, at_mm, width_mm=8.0, prior=prior, pseudo_count=0.5, weight=weight
    )
    np.testing.assert_allclose(found, exact, rtol=1e-12)
    far = kernels.gaussian_mean(
        x_mm, y, at_mm + 1e4, width_mm=8.0, prior=prior, pseudo_count=0.5
    )
    np.testing.assert_array_equal(far, np.tile(prior, (9, *(1,) * len(shape))))
