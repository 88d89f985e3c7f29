"""Errors of regions' means, against brains that were drawn with known variances."""

from __future__ import annotations

import numpy as np
import pytest

from inr_jax.stats.conformal import NORMAL_90
from inr_jax.stats.region_errors import (
    groups_of,
    held_out_coverage,
    region_errors,
    region_sd,
    scaled,
)

D, L, G, WELLS = 6, 60, 40, 4
MISFIT, DONOR, NOISE = 0.3, 0.4, 0.8  # sd


def drawn(rng):
    """Residuals of wells of donors left out, and the error of the fit of them all."""
    misfit = MISFIT * rng.normal(size=(L, G))
    donor = DONOR * rng.normal(size=(D, L, G))
    noise = NOISE * rng.normal(size=(D, L, WELLS, G))
    value = donor[:, :, None] + noise  # about a truth of 0
    mean = value.mean(2)
    left_out = misfit + (mean.sum(0) - mean) / (D - 1)
    residual = (value - left_out[:, :, None]).reshape(-1, G)
    of = np.indices((D, L, WELLS)).reshape(3, -1)
    inside = of[1][:, None] == np.arange(L)
    return residual, of[0], inside, misfit + mean.mean(0)


def test_variances_are_those_that_the_brain_was_drawn_with(rng):
    residual, donor, inside, _ = drawn(rng)
    errors = region_errors(groups_of(residual, donor, inside))
    assert errors.donors == D
    assert errors.misfit.mean() == pytest.approx(MISFIT**2, rel=0.1)
    assert errors.donor.mean() == pytest.approx(DONOR**2, rel=0.1)
    assert errors.noise.mean() == pytest.approx(NOISE**2, rel=0.05)
    of_group = DONOR**2 + NOISE**2 / WELLS
    assert errors.deviation.mean() == pytest.approx(of_group, rel=0.05)


def test_intervals_hold_the_truth_and_means_of_new_donors_nine_times_in_ten(rng):
    residual, donor, inside, error = drawn(rng)
    groups = groups_of(residual, donor, inside)
    sd = region_sd(region_errors(groups), np.zeros((L, G)))
    assert (abs(error) <= NORMAL_90 * sd).mean() == pytest.approx(0.9, abs=0.02)
    covered = held_out_coverage(groups, np.zeros((L, G)))
    assert covered == pytest.approx(0.9, abs=0.02)


def test_hard_regions_among_easy_ones_are_met_by_the_scale(rng):
    residual, donor, inside, _ = drawn(rng)
    hard = np.where(np.arange(L) < L // 10, 6.0, 1.0)  # as much, in one of ten
    residual = residual * hard[inside.argmax(1)][:, None]
    groups, spread = groups_of(residual, donor, inside), np.zeros((L, G))
    errors = region_errors(groups)
    scale = scaled(errors, groups, spread).scale
    assert scale < 0.9
    assert held_out_coverage(groups, spread) == pytest.approx(0.9, abs=0.02)
    sd = region_sd(errors._replace(scale=scale), spread)
    np.testing.assert_allclose(sd, scale * region_sd(errors, spread))


def test_groups_are_wells_of_a_donor_in_a_region(rng):
    residual, donor = rng.normal(size=(5, 2)), np.array([0, 0, 1, 1, 1])
    inside = np.array([[1, 0, 0], [1, 0, 0], [1, 0, 1], [0, 0, 0], [0, 0, 1]], bool)
    groups = groups_of(residual, donor, inside)
    assert list(zip(groups.region, groups.donor, groups.wells, strict=True)) == [
        (0, 0, 2),
        (0, 1, 1),
        (2, 1, 2),
    ]
    np.testing.assert_allclose(groups.residual[2], residual[[2, 4]].mean(0))
    np.testing.assert_allclose(groups.within[2], 2 * residual[[2, 4]].var(0))


def test_too_few_regions_or_donors_tell_nothing(rng):
    residual, donor, inside, _ = drawn(rng)
    rows = donor == 0
    assert region_errors(groups_of(residual[rows], donor[rows], inside[rows])) is None
    assert region_errors(groups_of(residual, donor, inside[:, :4])) is None
    nowhere = groups_of(residual, donor, np.zeros_like(inside))
    assert region_errors(nowhere) is None and len(nowhere.wells) == 0
    assert np.isnan(held_out_coverage(nowhere, np.zeros((L, G))))
