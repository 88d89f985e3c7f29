"""Baselines against slow loops, closed forms, limits and the measured table."""

from __future__ import annotations

import numpy as np
import pytest
import references

from inr_jax.samples.samples import make_samples
from inr_jax.samples.sites import Sites
from inr_jax.samples.sources import allen_export
from inr_jax.stats.baselines import baselines, idw10, nearest
from inr_jax.stats.hold_out import held_out_scores, leave_one_donor_out, summarise
from inr_jax.stats.kriging import kriging
from inr_jax.stats.neighbours import nearest_distance_mm

# Real wells, leave one donor out, mean over genes.
MEASURED = {
    True: {
        "nearest": (0.272, -0.446),
        "idw10": (0.347, 0.090),
        "kriging": (0.365, 0.164),
    },
    False: {
        "nearest": (0.267, -0.453),
        "idw10": (0.342, 0.088),
        "kriging": (0.361, 0.159),
    },
}
NAMES = ("nearest", "idw10", "kriging", "kriging_targets", "kriging_local")


def brain(rng, n):
    return rng.uniform([-60, -90, -40], [60, 60, 70], size=(n, 3)).astype(np.float32)


def wells(rng, n=40, g=3):
    return make_samples(
        x_mm=brain(rng, n),
        values=rng.normal(size=(n, g)) * 2 + 5,
        genes=[f"G{i}" for i in range(g)],
        where="test",
    )


def sites(x_mm):
    n = len(x_mm)
    x_mm = np.asarray(x_mm, np.float32)
    return Sites(x_mm, np.zeros((n, 2), np.float32), *np.full((2, n), -1, np.int32))


def maybe_folded(x_mm, mirror):
    return references.folded(x_mm) if mirror else x_mm.astype(np.float64)


@pytest.mark.parametrize("mirror", [False, True])
def test_baselines_equal_the_slow_references(rng, mirror):
    train, test = wells(rng), sites(brain(rng, 25))
    a, b = maybe_folded(train.x_mm, mirror), maybe_folded(test.x_mm, mirror)
    y = train.values.astype(np.float64)
    slow = {
        "nearest": references.nearest(a, y, b),
        "idw10": references.inverse_distance(a, y, b, k=10),
        "kriging": references.kriging(a, y, b, length_mm=20.0, nugget=1.0),
    }
    methods = baselines(mirror)
    assert tuple(methods) == NAMES
    for name in slow:  # the last two have references of their own
        predict = methods[name]
        # Kriging standardises by float32 numbers, the reference by float64 ones.
        np.testing.assert_allclose(predict(train, test).mean, slow[name], rtol=3e-6)


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_training_wells_is_irrelevant(rng, name):
    train, test = wells(rng), sites(brain(rng, 25))
    shuffled = train.take(rng.permutation(40))
    predict = baselines(True)[name]
    np.testing.assert_allclose(
        predict(shuffled, test).mean, predict(train, test).mean, rtol=1e-5
    )


@pytest.mark.parametrize("name", NAMES)
def test_mirrored_methods_give_both_sides_one_value(rng, name):
    train, right = wells(rng), brain(rng, 25)
    left = right * np.float32([-1, 1, 1])
    predict, plain = baselines(True)[name], baselines(False)[name]
    np.testing.assert_array_equal(
        predict(train, sites(left)).mean, predict(train, sites(right)).mean
    )
    assert (plain(train, sites(left)).mean != plain(train, sites(right)).mean).any()


@pytest.mark.parametrize("name", NAMES)
def test_a_single_well_is_predicted_everywhere(rng, name):
    one = wells(rng).take(np.array([7]))
    predicted = baselines(False)[name](one, sites(brain(rng, 5))).mean
    np.testing.assert_allclose(predicted, np.tile(one.values, (5, 1)), rtol=1e-6)


def test_fewer_wells_than_ten_are_all_used(rng):
    few, test = wells(rng).take(np.arange(4)), sites(brain(rng, 6))
    slow = references.inverse_distance(
        few.x_mm.astype(float), few.values.astype(float), test.x_mm.astype(float), k=4
    )
    np.testing.assert_allclose(idw10(few, test, mirror=False).mean, slow, rtol=1e-9)


def test_a_site_on_a_well_gets_its_value_and_on_two_wells_their_mean(rng):
    train = wells(rng)
    x_mm = train.x_mm.copy()
    x_mm[1] = x_mm[0]
    at = sites(x_mm[[0, 5]])
    train = train.__class__(**{**vars(train), "x_mm": x_mm})
    expected = np.stack([train.values[:2].mean(0), train.values[5]])
    np.testing.assert_allclose(idw10(train, at, mirror=False).mean, expected, rtol=1e-6)
    np.testing.assert_array_equal(
        nearest(train, sites(x_mm[[5]]), mirror=False).mean, train.values[[5]]
    )


def test_kriging_far_away_returns_the_training_mean(rng):
    train = wells(rng)
    far = kriging(train, sites([[1e5, 0, 0]]), mirror=False).mean
    np.testing.assert_allclose(far[0], train.values.mean(0), rtol=1e-6)


def test_krigings_spread_is_that_of_its_posterior(rng):
    train, at = wells(rng), brain(rng, 25)
    a, b = train.x_mm.astype(np.float64), at.astype(np.float64)

    def kernel(one, other):  # z has variance 1: a third of it signal
        return references.matern32(references.distances(one, other), length_mm=20) / 3

    between = kernel(b, a)
    within = kernel(a, a) + 2 / 3 * np.eye(len(a))
    left = np.diag(kernel(b, b) - between @ np.linalg.solve(within, between.T))
    exact = np.outer(np.sqrt(left), train.values.std(0))
    found = kriging(train, sites(at), mirror=False, nugget=2.0).spread
    np.testing.assert_allclose(found, exact, rtol=1e-5)


def test_kriging_with_hardly_any_nugget_passes_through_the_wells(rng):
    train = wells(rng)
    at = kriging(train, train.sites(), mirror=False, nugget=1e-10).mean
    np.testing.assert_allclose(at, train.values, atol=1e-5)
    with_noise = kriging(train, train.sites(), mirror=False).mean
    assert (abs(with_noise - train.values) > 0.1).any()


@pytest.mark.parametrize("mirror", [False, True])
def test_nearest_distance_equals_the_slow_minimum(rng, mirror):
    a, b = brain(rng, 30), brain(rng, 40)
    slow = references.distances(maybe_folded(b, mirror), maybe_folded(a, mirror)).min(1)
    fast = nearest_distance_mm(a, b, mirror=mirror)
    assert fast.dtype == np.float32
    np.testing.assert_allclose(fast, slow, rtol=1e-6)
    assert nearest_distance_mm(a, a).max() == 0


@pytest.mark.parametrize("mirror", [True, False])
def test_real_donors_give_the_measured_table(cyp, mirror):
    samples = allen_export.load(cyp).samples
    assert samples.values.shape == (841, 61) and len(samples.donors) == 6
    for name in MEASURED[mirror]:
        pooled = leave_one_donor_out(baselines(mirror)[name], samples).mean
        mean = summarise(held_out_scores(samples, pooled, name))["donor"][name]
        found = (mean["r_mean"], mean["r2_mean"])
        np.testing.assert_allclose(found, MEASURED[mirror][name], atol=0.003)
