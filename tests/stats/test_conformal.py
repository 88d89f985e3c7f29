"""Intervals that hold what they say: known laws, slow references, limit cases."""

from __future__ import annotations

import numpy as np
import pytest

from inr_jax.samples.support import Support, single_points
from inr_jax.stats.conformal import (
    LEVEL,
    NORMAL_90,
    held_out_sd,
    local_at,
    predictive_sd,
)
from inr_jax.stats.conformal_fit import calibrate, conformal_quantile
from inr_jax.stats.residuals import HeldOut

DONORS = 6


def held_out(rng, n=900, genes=5, *, sd=None, spread=0.0):
    """Wells whose residuals are normal with sd `(n, genes)`, about a spread."""
    x_mm = rng.uniform([-60, -90, -40], [60, 60, 70], (n, 3))
    sd = np.ones((n, genes)) if sd is None else sd(x_mm)
    spread = np.broadcast_to(spread, sd.shape)
    residual = np.sqrt(sd**2 + spread**2) * rng.normal(size=sd.shape)
    points = single_points(x_mm, np.zeros((n, 2)))
    return HeldOut(residual, spread, np.arange(n) % DONORS, points, np.zeros(n, int))


def covered(calibration, held):
    sd = held_out_sd(calibration, held)
    return abs(held.residual) <= NORMAL_90 * sd


def test_the_quantile_is_the_ceil_of_n_plus_1_times_the_level(rng):
    for n in (3, 9, 10, 19, 99, 100):
        scores = rng.normal(size=(n, 2))
        rank = next((k for k in range(1, n + 1) if k >= LEVEL * (n + 1) - 1e-9), n)
        slow = [sorted(column)[rank - 1] for column in scores.T]
        np.testing.assert_array_equal(conformal_quantile(scores, LEVEL), slow)


def test_the_next_of_exchangeable_scores_is_covered_at_the_level(rng):
    draws = rng.exponential(size=(20, 20_000))
    quantile = conformal_quantile(draws[:19], LEVEL)  # ceil(.9 * 20) / 20 = .9
    assert abs((draws[19] <= quantile).mean() - LEVEL) < 0.007


def test_normal_residuals_get_back_their_own_standard_deviation(rng):
    scale = np.array([0.2, 1.0, 3.0, 10.0, 50.0])
    held = held_out(rng, 1500, sd=lambda x: np.tile(scale, (len(x), 1)))
    sd = held_out_sd(calibrate(held, mirror=False), held)
    np.testing.assert_allclose(np.median(sd, 0), scale, rtol=0.08)


def test_ensemble_spread_and_noise_add_as_squares(rng):
    held = held_out(rng, 1500, spread=2.0)
    sd = held_out_sd(calibrate(held, mirror=False), held)
    np.testing.assert_allclose(np.median(sd), np.sqrt(1 + 4), rtol=0.05)
    certain = held._replace(spread=0 * held.spread)
    sure = held_out_sd(calibrate(held, mirror=False), certain)
    np.testing.assert_allclose(np.median(sure), 1, rtol=0.1)


def noisy_behind(x_mm):
    """Noise that grows fivefold from front to back."""
    return np.exp(-x_mm[:, 1:2] * np.log(5) / 150) * np.ones((1, 5))


def test_a_new_donor_is_covered_where_noise_is_large_and_where_it_is_small(rng):
    known, new = (held_out(rng, 1500, sd=noisy_behind) for _ in range(2))
    calibration = calibrate(known, mirror=False)
    inside = covered(calibration, new).mean(1)
    same = covered(calibrate(known, mirror=False, widths_mm=[1e6]), new).mean(1)
    slabs = np.digitize(new.support.x_mm[:, 1], [-50, -10, 30])
    for slab in range(4):
        assert abs(inside[slabs == slab].mean() - LEVEL) < 0.05
    assert same[slabs == 0].mean() < 0.8 and same[slabs == 3].mean() > 0.97


def test_the_width_is_chosen_by_what_the_noise_does_in_space(rng):
    narrow = calibrate(held_out(rng, 1500, sd=noisy_behind), mirror=False)
    broad = calibrate(held_out(rng, 1500), mirror=False)
    assert narrow.width_mm <= 18 and broad.width_mm >= 27


def test_heavy_tails_are_covered_though_no_law_is_assumed(rng):
    known, new = held_out(rng, 2000), held_out(rng, 2000)
    heavy = [h._replace(residual=rng.standard_t(2, (2000, 5))) for h in (known, new)]
    inside = covered(calibrate(heavy[0], mirror=False), heavy[1])
    np.testing.assert_allclose(inside.mean(0), LEVEL, atol=0.03)


def test_the_local_scale_is_the_slow_kernel_mean_and_far_away_that_of_the_brain(rng):
    held = held_out(rng, 60, sd=noisy_behind)
    found = calibrate(held, mirror=True, widths_mm=[12.0])
    places = rng.uniform(-60, 60, (7, 3))
    mean = found.squared_residual.mean()
    for place, h in zip(places, local_at(found, places).scale, strict=True):
        folded = np.array([abs(place[0]), *place[1:]])
        weight = [np.exp(-((folded - x) ** 2).sum() / 288) for x in found.x_mm]
        slow = (np.dot(weight, found.squared_residual) + mean) / (sum(weight) + 1)
        np.testing.assert_allclose(h, max(slow, 0.05 * mean), rtol=1e-9)
    np.testing.assert_allclose(local_at(found, np.full((1, 3), 500.0)).scale, mean)


def with_support(held, rng, most=4):
    """The same values as means over one to `most` points about the wells."""
    size = 1 + rng.integers(most, size=len(held.donor))
    of = np.repeat(np.arange(len(size)), size)
    x_mm = held.support.x_mm[of] + rng.normal(0, 9, (len(of), 3))
    return held._replace(support=Support(x_mm, np.zeros((len(of), 2)), size))


def test_the_scale_of_a_support_is_the_mean_over_its_points_each_weighing_a_part(rng):
    held = with_support(held_out(rng, 60, sd=noisy_behind), rng)
    found = calibrate(held, mirror=False, widths_mm=[12.0])
    mean, size = found.squared_residual.mean(), held.support.size
    mine = np.split(found.x_mm, np.cumsum(size)[:-1])

    def h(place):
        weight = [np.exp(-((x - place) ** 2).sum(1) / 288).mean() for x in mine]
        slow = (np.dot(weight, found.squared_residual) + mean) / (sum(weight) + 1)
        return max(slow, 0.05 * mean)

    slow = np.array([np.mean([h(place) for place in points]) for points in mine])
    sd = np.sqrt(held.spread**2 + slow[:, None] * found.residual_sd**2)
    sd *= found.quantile / NORMAL_90
    np.testing.assert_allclose(held_out_sd(found, held), sd, rtol=1e-6)


def test_a_value_that_is_said_of_one_point_many_times_is_evidence_of_one(rng):
    held = held_out(rng, 200, sd=noisy_behind)
    size = 1 + np.arange(200) % 5
    repeated = held.support._replace(
        x_mm=np.repeat(held.support.x_mm, size, axis=0),
        tissue=np.repeat(held.support.tissue, size, axis=0),
        size=size,
    )
    places, spread = rng.uniform(-60, 60, (20, 3)), np.ones((20, 5))
    one, many = (
        calibrate(held._replace(support=support), mirror=True)
        for support in (held.support, repeated)
    )
    assert one.width_mm == many.width_mm
    np.testing.assert_allclose(
        predictive_sd(one, places, spread), predictive_sd(many, places, spread)
    )


def test_left_is_right_where_the_fit_is_mirrored_and_nowhere_else(rng):
    held = held_out(rng, 300, sd=noisy_behind)
    x_mm = held.support.x_mm * [-1, 1, 1]
    other_side = held._replace(support=held.support._replace(x_mm=x_mm))
    places, spread = rng.uniform(-60, 60, (20, 3)), np.zeros((20, 5))
    one, two = (calibrate(h, mirror=True) for h in (held, other_side))
    assert one.width_mm == two.width_mm
    np.testing.assert_array_equal(
        predictive_sd(one, places, spread),
        predictive_sd(two, places * [-1, 1, 1], spread),
    )
    apart = calibrate(held, mirror=False, widths_mm=[12.0])
    mirrored = local_at(apart, places * [-1, 1, 1]).scale
    assert not np.allclose(local_at(apart, places).scale, mirrored)


def test_genes_in_blocks_and_voxels_in_chunks_are_the_whole(rng):
    held, places = held_out(rng, 200), rng.uniform(-60, 60, (2100, 3))
    spread = rng.uniform(0, 1, (2100, 5))
    calibration = calibrate(held, mirror=True)
    whole = predictive_sd(calibration, places, spread)
    local = local_at(calibration, places)
    for block in (slice(0, 2), slice(2, 5)):
        some, few = calibration.genes(block), spread[:, block]
        found = predictive_sd(some, places, few, local=local)
        np.testing.assert_array_equal(found, whole[:, block])
    chunk = predictive_sd(calibration, places[2000:], spread[2000:])
    np.testing.assert_allclose(chunk, whole[2000:], rtol=1e-6)


def mostly_grey(rng, n=1200):
    """One well in forty of white matter and of spaces: residuals 2 and 3 times."""
    held = held_out(rng, n)
    matter = np.select([np.arange(n) % 40 == 7, np.arange(n) % 40 == 22], [1, 2], 0)
    times = np.array([1.0, 2.0, 3.0])[matter]
    return held._replace(residual=held.residual * times[:, None], matter=matter)


def test_each_matter_has_intervals_as_wide_as_its_own_residuals(rng):
    known, new = mostly_grey(rng), mostly_grey(rng)
    found = calibrate(known, mirror=False)
    np.testing.assert_allclose(found.matter_factor, [1, 2, 3], rtol=0.2)
    inside = covered(found, new)
    for matter in range(3):
        assert abs(inside[new.matter == matter].mean() - LEVEL) < 0.05


def test_grey_matter_is_calibrated_as_if_the_others_were_not_there(rng):
    held = mostly_grey(rng, 400)
    both = calibrate(held, mirror=False, widths_mm=[12.0])
    alone = calibrate(held.take(held.matter == 0), mirror=False, widths_mm=[12.0])
    for name, array in alone._asdict().items():
        if name != "matter_factor":
            np.testing.assert_array_equal(getattr(both, name), array)


def test_the_factor_is_the_quantile_of_all_genes_of_a_matters_wells(rng):
    held = mostly_grey(rng, 400)
    found = calibrate(held, mirror=False, widths_mm=[1e6])
    scores = np.empty(held.residual.shape)
    for donor in range(DONORS):
        rest = held.take((held.donor != donor) & (held.matter == 0))
        sigma = np.sqrt((rest.residual**2).mean(0))
        scores[held.donor == donor] = abs(held.residual[held.donor == donor]) / sigma
    grey = scores[held.matter == 0]
    pooled = (scores / conformal_quantile(grey, LEVEL))[held.matter == 1].ravel()
    rank = int(np.ceil(0.9 * (len(pooled) + 1)))
    np.testing.assert_allclose(found.matter_factor[1], sorted(pooled)[rank - 1])


def test_a_place_has_the_factor_of_its_matter(rng):
    found = calibrate(mostly_grey(rng), mirror=True)
    white, grey = [-24.0, -12.0, 34.0], [-24.0, 8.0, -6.0]
    far = found._replace(x_mm=found.x_mm + np.array([0, 0, 900]))
    factor = local_at(far, np.array([white, grey])).factor
    np.testing.assert_array_equal(factor, far.matter_factor[[1, 0]])
    beside = far._replace(x_mm=np.array([[24.0, -12.0, 37.0]]), size=np.ones(1, int))
    beside = beside._replace(squared_residual=np.ones(1))
    assert local_at(beside, np.array([white])).factor == 1  # by a sample of grey


@pytest.mark.parametrize("matter", [0, 1])
def test_wells_of_one_matter_alone_calibrate_each_other(rng, matter):
    held = held_out(rng, 300)
    found = calibrate(held._replace(matter=np.full(300, matter)), mirror=False)
    alone = calibrate(held, mirror=False)
    np.testing.assert_array_equal(found.quantile, alone.quantile)
    np.testing.assert_array_equal(found.matter_factor, 1)


@pytest.mark.parametrize("donors", [1, 2])
def test_few_donors_calibrate_too_and_a_gene_without_error_is_finite(rng, donors):
    held = held_out(rng, 40)
    residual = held.residual * [0, 1, 1, 1, 1]
    held = held._replace(residual=residual, donor=np.arange(40) % donors)
    sd = held_out_sd(calibrate(held, mirror=True), held)
    assert np.isfinite(sd).all() and (sd[:, 1:] > 0).all() and (sd[:, 0] < 1e-9).all()
