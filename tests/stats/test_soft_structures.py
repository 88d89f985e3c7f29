"""Structures' effects at places without a name, against the joint normal law."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from inr_jax.samples.averages import averaged
from inr_jax.samples.samples import make_samples
from inr_jax.samples.support import Support, single_points
from inr_jax.stats import soft_structures as module
from inr_jax.stats.kriging_targets import choose
from inr_jax.stats.local_kriging import fit_local, mean_local_matern32, point_lengths
from inr_jax.stats.scores import score

STRUCTURE = np.array([4, 4, -1, 2, 2, 9])
SIZE = np.array([1, 3, 2, 1, 2, 1])


@pytest.fixture
def support(rng):
    return Support(rng.uniform(0, 12, (SIZE.sum(), 3)), np.zeros((10, 2)), SIZE)


def shares_by_hand(support, x_mm):
    """p of structures 2, 4 and 9 at one place, and what no name has."""
    kernel = np.exp(-((support.x_mm - x_mm) ** 2).sum(1) / (2 * 3.0**2))
    of = np.repeat(STRUCTURE, SIZE)
    return np.array([kernel[of == s].sum() for s in (2, 4, 9)]) / kernel.sum()


def test_shares_are_the_wells_of_a_structure_among_those_around(rng, support):
    at_mm = rng.uniform(0, 12, (5, 3))
    shares = module.structure_points(STRUCTURE, support).shares(at_mm)
    wanted = [shares_by_hand(support, place) for place in at_mm]
    np.testing.assert_allclose(shares, wanted, rtol=1e-4)
    assert (shares.sum(1) < 1).all()  # the rest is what no one named


def test_far_from_all_wells_there_are_no_effects(support):
    points = module.structure_points(STRUCTURE, support)
    assert points.shares(np.full((1, 3), 60.0)).max() < 1e-3


def test_wells_without_names_have_no_effects_at_all(support, rng):
    nobody = np.full(6, -1)
    points = module.structure_points(nobody, support)
    assert points.shares(rng.normal(size=(4, 3))).shape == (4, 0)
    assert module.effects(nobody, rng.normal(size=(6, 2)), 1.0).shape == (0, 2)


def named_samples(x_mm, values, structure, donor):
    return make_samples(
        x_mm=x_mm,
        values=values,
        genes=[f"G{g}" for g in range(values.shape[1])],
        donor=donor,
        structure=structure,
        parent=["all"] * len(values),
        where="test",
    )


def test_a_place_is_told_the_mean_of_the_joint_law_of_wells_and_place(rng):
    # f(x) = u(x) + sum_s p_s(x) e_s and values u + e, written out as one normal law.
    x_mm = rng.uniform(0, 40, (30, 3))
    names = [f"s{n % 5}" for n in range(30)]
    donor = ["d"] * 30  # one donor: L and the nugget are the middle ones
    samples = named_samples(x_mm, rng.normal(size=(30, 2)), names, donor)
    field = fit_local(samples, samples.values, mirror=False)
    points = single_points(np.float64(samples.x_mm), np.zeros((30, 2)))
    length_mm, _ = point_lengths(points, field.scale_mm)
    same = np.equal.outer(samples.structure, samples.structure)
    variance = module.VARIANCES[0]  # of one donor, which says nothing of it
    joint = mean_local_matern32(points, length_mm) + variance * same
    values = np.float64(samples.values)
    standard = (values - values.mean(0)) / values.std(0)
    weights = np.linalg.solve(joint + 0.1 * np.eye(30), standard)
    at_mm = rng.uniform(0, 40, (6, 3))
    shares = module.structure_points(samples.structure, points).shares(at_mm)
    smooth_alone = field._replace(effects=np.zeros_like(field.effects))
    added = (field.at(at_mm) - smooth_alone.at(at_mm)) / values.std(0)
    wanted = variance * shares[:, samples.structure] @ weights
    np.testing.assert_allclose(added, wanted, atol=1e-5)


def layered(rng, thickness=5.0):
    """Single wells of four donors in layers (mm), each a structure of its value."""
    x_mm = rng.uniform(0, 40, (480, 3))
    layer = (x_mm[:, 2] // thickness).astype(int)
    values = rng.normal(size=(layer.max() + 1, 8))[layer] + 0.3 * rng.normal(
        size=(480, 8)
    )
    donor = [f"d{n % 4}" for n in range(480)]
    return named_samples(x_mm, values, [f"s{k}" for k in layer], donor)


def test_covariances_are_those_of_names_and_of_shares(rng):
    samples = layered(rng)
    training, held = samples.take(samples.donor > 0), samples.take(samples.donor == 0)
    within, between = module.structure_covariances(training, held.sites(), mirror=False)
    same = np.equal.outer(training.structure, training.structure)
    np.testing.assert_array_equal(within, same)
    points = module.structure_points(training.structure, training.points())
    shares = points.shares(np.float64(held.x_mm))
    np.testing.assert_allclose(between, shares[:, training.structure])


def test_they_are_chosen_where_structures_differ_and_left_where_they_do_not(rng):
    # Means over layers of which a kernel of 30 mm sees little; and means of waves.
    strips = averaged(layered(rng, thickness=2.5), "structure")
    points = strips.points().folded(False)
    waves = points.mean(np.sin(points.x_mm / 15) @ rng.normal(size=(3, 8)))
    waves = waves + 0.3 * rng.normal(size=waves.shape)
    smooth = dataclasses.replace(strips, values=waves.astype(np.float32))
    kernel = mean_local_matern32(points, np.full(len(points.x_mm), 30.0))
    for wells, there in ((strips, True), (smooth, False)):
        chosen = choose(wells, [kernel], mirror=False, variances=module.VARIANCES)
        assert bool(chosen.variance) == there
    assert choose(strips, [kernel], mirror=False).variance == 0


def test_averages_of_structures_tell_single_wells_of_another_donor_better(rng):
    # What a web export gives: a value a donor and layer, the mean over its wells.
    singles = layered(rng)
    means = averaged(singles, "structure")
    training = means.take(means.donor > 0)
    held = singles.take(singles.donor == 0)
    nameless = dataclasses.replace(
        training, structure=np.full_like(training.structure, -1), parent=training.parent
    )
    r = [
        score(
            held.values,
            fit_local(wells, training.values, mirror=False).at(np.float64(held.x_mm)),
        ).r.mean()
        for wells in (training, nameless)
    ]
    assert r[0] > r[1] + 0.02
