"""Kriging on cleaned targets: its constants are chosen; it is kriging of targets."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from inr_jax.samples.samples import make_samples
from inr_jax.stats import kriging_targets as module
from inr_jax.stats.kernels import matern32
from inr_jax.stats.kriging import kriging
from inr_jax.stats.targets import blup_targets

N, G, DONORS = 240, 12, 4


@pytest.fixture
def smooth(rng):
    """Wells of four donors in one smooth field of 20 mm, with noise; no structures."""
    x_mm = rng.uniform(-60, 60, (N, 3))
    covariance = matern32(x_mm, x_mm, 20.0) + 1e-9 * np.eye(N)
    field = np.linalg.cholesky(covariance) @ rng.normal(size=(N, G))
    return make_samples(
        x_mm=x_mm,
        values=field + 0.4 * rng.normal(size=(N, G)),
        genes=[f"G{g}" for g in range(G)],
        donor=[f"d{n % DONORS}" for n in range(N)],
        where="test",
    )


def kernels_of(samples, lengths_mm):
    x_mm = np.asarray(samples.x_mm, np.float64)
    return [matern32(x_mm, x_mm, length_mm) for length_mm in lengths_mm]


def test_the_kernel_that_the_values_come_from_is_chosen(smooth):
    row, nugget, _ = module.choose(
        smooth, kernels_of(smooth, (3, 20, 150)), mirror=False
    )
    assert row == 1 and nugget in module.NUGGETS


def test_pure_noise_gets_the_smoothest_choice_of_nuggets(rng, smooth):
    # A white kernel tells nothing; the choice must be the smooth one beside it.
    kernels = [np.eye(N), *kernels_of(smooth, (20,))]
    assert module.choose(smooth, kernels, mirror=False).row == 1


def test_one_donor_takes_the_middle_constants(smooth):
    alone = smooth.take(smooth.donor == 0)
    kernels = kernels_of(alone, module.LENGTHS_MM)
    middle = module.Choice(1, module.NUGGETS[1])
    assert module.choose(alone, kernels, mirror=False) == middle
    given = module.choose(alone, kernels, mirror=False, variances=(0.1, 0.3))
    assert given == middle._replace(variance=0.1)


def test_it_is_kriging_of_the_targets_with_what_was_chosen(smooth):
    training, sites = smooth.take(smooth.donor > 0), smooth.take(smooth.donor == 0)
    parent = np.where(training.x_mm[:, 0] > 0, 1, 0).astype(np.int32)
    training = dataclasses.replace(
        training,
        structure=parent,
        parent=parent,
        structures=("left", "right"),
        parents=("l", "r"),
    )
    values = np.float64(training.values)
    offset, scale = values.mean(0), values.std(0)
    targets, _ = blup_targets(
        (values - offset) / scale,
        donor=training.donor,
        structure=training.structure,
        parent=training.parent,
        support=training.points(),
    )
    cleaned = dataclasses.replace(training, values=targets * scale + offset)
    row, nugget, _ = module.choose(
        training, kernels_of(training, module.LENGTHS_MM), mirror=False
    )
    wanted = kriging(
        cleaned,
        sites.sites(),
        mirror=False,
        length_mm=module.LENGTHS_MM[row],
        nugget=nugget,
    ).mean
    given = module.kriging_targets(training, sites.sites(), mirror=False).mean
    np.testing.assert_allclose(given, wanted, atol=1e-4)


def test_wells_without_two_donors_are_the_same_whichever_goes_first(smooth):
    many = 12 * N  # more than constants are chosen on
    rows = np.arange(many) % N
    samples = dataclasses.replace(
        smooth.take(rows), well=np.arange(many, dtype=np.int32) * 7 + 9
    )

    def left(first, second):
        training = module.chosen_on(samples.take(samples.donor != first))
        return training.take(training.donor != second)

    one, other = left(0, 2), left(2, 0)
    np.testing.assert_array_equal(one.well, other.well)
    chosen = module.chosen_on(samples)
    assert 0.4 * module.CHOSEN_ON < len(chosen.well) <= module.CHOSEN_ON
    shares = np.bincount(chosen.donor) / many * DONORS
    assert (abs(shares - shares.mean()) < 0.1).all()  # no donor is left aside
    assert module.chosen_on(smooth) is smooth
