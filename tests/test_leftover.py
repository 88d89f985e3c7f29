"""What is left of wells, smoothed in space, against planted fields and kriging."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.gaussian_process.kernels import Matern

from inr_jax import effects, leftover

N, G, D = 400, 20, 5


def field(x_mm, rng, genes=G):
    """Smooth functions of place with variance about 1."""
    wave = rng.normal(size=(3, 64)) / 25
    phase = x_mm @ wave + rng.uniform(0, 2 * np.pi, 64)
    return np.cos(phase) @ rng.normal(size=(64, genes)) * np.sqrt(2 / 64)


@pytest.fixture
def wells(rng):
    return rng.uniform(-60, 60, (N, 3)), rng.integers(0, D, N)


def test_the_kernel_is_scikit_learns(rng):
    x_mm = rng.uniform(-60, 60, (30, 3))
    exact = Matern(length_scale=17.0, nu=1.5)(x_mm)
    np.testing.assert_allclose(leftover.matern(x_mm, 17.0), exact, atol=1e-6)


def test_a_field_is_found_with_its_share_and_cleaned_of_noise(wells, rng):
    x_mm, donor = wells
    truth = field(x_mm, rng)
    noisy = truth + rng.normal(size=truth.shape)
    found, share = leftover.smoothed(noisy, x_mm, donor)
    assert share == pytest.approx(0.5, abs=0.1)
    assert ((found - truth) ** 2).mean() < 0.4


def test_pure_noise_leaves_nothing(wells, rng):
    found, share = leftover.smoothed(rng.normal(size=(N, G)), *wells)
    assert share == 0
    assert (found == 0).all()


def test_what_each_donor_has_to_itself_is_no_field(wells, rng):
    x_mm, donor = wells
    own = np.stack([field(x_mm, rng) for _ in range(D)])[donor, np.arange(N)]
    _, share = leftover.smoothed(own + 0.5 * rng.normal(size=own.shape), x_mm, donor)
    assert share < 0.1


def test_with_one_donor_all_pairs_count(wells, rng):
    x_mm, _ = wells
    noisy = field(x_mm, rng) + rng.normal(size=(N, G))
    _, share = leftover.smoothed(noisy, x_mm, np.zeros(N, int))
    assert share == pytest.approx(0.5, abs=0.1)


def test_coarse_structures_do_not_cost_the_gradient_within_them(wells, rng):
    # Structures that say nothing of a smooth field: the targets must keep the field.
    x_mm, donor = wells
    truth = field(x_mm, rng)
    noisy = truth + 0.7 * rng.normal(size=truth.shape)
    names = {"structure": (x_mm[:, 0] > 0).astype(int), "parent": np.zeros(N, int)}
    found = effects.denoised(noisy, donor=donor, x_mm=x_mm, **names)
    r = np.corrcoef(found.ravel(), truth.ravel())[0, 1]
    assert r > 0.85
    effect, _ = effects.anatomy(noisy, donor, names["structure"], names["parent"])
    assert r > np.corrcoef(effect.ravel(), truth.ravel())[0, 1] + 0.2


def test_nothing_left_stays_nothing():
    zero = np.zeros((5, 2))
    found, share = leftover.smoothed(zero, np.eye(5, 3), np.arange(5))
    assert share == 0
    np.testing.assert_array_equal(found, zero)
