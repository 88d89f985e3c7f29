"""Random genes at wells: their covariance, and the kind that a fit tells them to be."""

from __future__ import annotations

import numpy as np
import pytest

from inr_jax.samples.support import Support
from inr_jax.stats.nulls import stable
from inr_jax.stats.nulls_genes import STEP_MM, GeneKind, kinds_of, random_genes

KIND = GeneKind(20.0, 1.0, 0.7)


@pytest.fixture(scope="module")
def support():
    x_mm = np.random.default_rng(1).uniform(-40, 40, (240, 3))
    ones = np.ones(240, np.int32)
    return Support(x_mm, np.zeros((240, 2), np.float32), ones)


def test_values_have_the_covariance_of_field_and_noise(support):
    values = random_genes(KIND, support, 500, seed=2)
    node = np.rint((support.x_mm - support.x_mm.min(0)) / STEP_MM) * STEP_MM
    apart = np.linalg.norm(node[:, None] - node[None], axis=-1)
    expected = 0.7 * stable(apart, 20.0, 1.0) + 0.3 * np.eye(240)
    assert abs(np.cov(values) - expected).max() < 0.25
    assert np.mean((np.cov(values) - expected)[apart < 30]) == pytest.approx(
        0, abs=0.02
    )


def test_the_same_seed_gives_the_same_genes_and_means_over_supports_are_taken(support):
    one, again = (random_genes(KIND, support, 5, seed=3) for _ in range(2))
    np.testing.assert_array_equal(one, again)
    pairs = support._replace(size=np.full(120, 2, np.int32))
    smooth = KIND._replace(share=0.999)
    means = support.mean(random_genes(smooth, support, 4, seed=3))
    means = means.reshape(120, 2, 4).mean(1)
    r = np.corrcoef(random_genes(smooth, pairs, 4, seed=3).ravel(), means.ravel())
    assert r[0, 1] > 0.98


def test_kinds_are_those_that_genes_were_drawn_with(support):
    both = KIND._replace(share=0.8), KIND._replace(share=0.2)
    values = np.hstack([random_genes(k, support, 30, seed=4) for k in both])
    donor = np.arange(240) % 4
    shifted = values + 3 * donor[:, None]  # donors' offsets are not looked at
    kinds, row = kinds_of(support.x_mm, donor, shifted)
    share = np.array([kind.share for kind in kinds])[row]
    assert np.median(share[:30]) == 0.8
    assert share[30:].mean() < share[:30].mean() - 0.2
