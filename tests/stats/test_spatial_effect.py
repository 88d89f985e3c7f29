"""What is smooth in space beside names, against planted fields and textbooks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import nnls

from inr_jax.samples.support import Support, single_points
from inr_jax.stats import mixed_model, spatial_effect, targets
from inr_jax.stats.kernels import matern32, same_group

N, G, D = 400, 20, 5


def points(x_mm) -> Support:
    return single_points(x_mm, np.zeros((len(x_mm), 2)))


def shared(values, x_mm, donor, structure=None):
    """The field of wells of these structures, all of one parent; without, unnamed."""
    none = np.full(len(x_mm), -1)
    structure = none if structure is None else structure
    names = spatial_effect.WellGroups(donor, structure, np.minimum(structure, 0))
    return spatial_effect.spatial_effect(values, points(x_mm), names)


def field(x_mm, rng, genes=G):
    """Smooth functions of place with variance about 1."""
    wave = rng.normal(size=(3, 64)) / 25
    phase = x_mm @ wave + rng.uniform(0, 2 * np.pi, 64)
    return np.cos(phase) @ rng.normal(size=(64, genes)) * np.sqrt(2 / 64)


@pytest.fixture
def wells(rng):
    return rng.uniform(-60, 60, (N, 3)), rng.integers(0, D, N)


def test_a_field_is_found_with_its_share_and_cleaned_of_noise(wells, rng):
    x_mm, donor = wells
    truth = field(x_mm, rng)
    noisy = truth + rng.normal(size=truth.shape)
    found, share = shared(noisy, x_mm, donor)
    assert share == pytest.approx(0.5, abs=0.1)
    assert ((found - truth) ** 2).mean() < 0.4


def test_pure_noise_leaves_nothing(wells, rng):
    found, share = shared(rng.normal(size=(N, G)), *wells)
    assert share == 0
    assert (found == 0).all()


def test_what_each_donor_has_to_itself_is_no_field(wells, rng):
    x_mm, donor = wells
    own = np.stack([field(x_mm, rng) for _ in range(D)])[donor, np.arange(N)]
    _, share = shared(own + 0.5 * rng.normal(size=own.shape), x_mm, donor)
    assert share < 0.1


def test_with_one_donor_all_pairs_count(wells, rng):
    x_mm, _ = wells
    noisy = field(x_mm, rng) + rng.normal(size=(N, G))
    _, share = shared(noisy, x_mm, np.zeros(N, int))
    assert share == pytest.approx(0.5, abs=0.1)


def test_coarse_structures_do_not_cost_the_gradient_within_them(wells, rng):
    # Structures that say nothing of a smooth field: the targets must keep the field.
    x_mm, donor = wells
    truth = field(x_mm, rng)
    noisy = truth + 0.7 * rng.normal(size=truth.shape)
    names = {"structure": (x_mm[:, 0] > 0).astype(int), "parent": np.zeros(N, int)}
    found, _ = targets.blup_targets(noisy, donor=donor, support=points(x_mm), **names)
    r = np.corrcoef(found.ravel(), truth.ravel())[0, 1]
    assert r > 0.85
    effect, _ = mixed_model.structure_blup(
        noisy, donor, names["structure"], names["parent"]
    )
    assert r > np.corrcoef(effect.ravel(), truth.ravel())[0, 1] + 0.2


def test_of_nothing_nothing_is_found():
    zero = np.zeros((5, 2))
    found, share = shared(zero, np.eye(5, 3), np.arange(5))
    assert share == 0
    np.testing.assert_array_equal(found, zero)


def blocks(x_mm):
    """Structures that are cubes of 24 mm: names that follow place."""
    return np.unique((x_mm // 24).astype(int), axis=0, return_inverse=True)[1].ravel()


def test_a_field_is_told_from_names_that_follow_place(wells, rng):
    x_mm, donor = wells
    structure = blocks(x_mm)
    effect = rng.normal(size=(structure.max() + 1, G))[structure]
    noise = rng.normal(size=effect.shape)
    alone, share = shared(effect + noise, x_mm, donor, structure)
    assert share == 0 and (alone == 0).all()
    truth = field(x_mm, rng)
    found, share = shared(truth + effect + noise, x_mm, donor, structure)
    assert share == pytest.approx(1 / 3, abs=0.12)
    blind, _ = shared(truth + effect + noise, x_mm, donor)
    errors = [((guess - truth) ** 2).mean() for guess in (found, blind)]
    assert errors[0] < 0.7 * errors[1] and errors[0] < 0.4


def test_variances_of_structures_and_donors_are_those_planted(rng):
    n, genes = 600, 60
    donor, parent = rng.integers(0, 6, n), rng.integers(0, 8, n)
    structure = 5 * parent + rng.integers(0, 5, n)
    z = np.sqrt(0.3) * rng.normal(size=(8, genes))[parent]
    z += np.sqrt(0.5) * rng.normal(size=(40, genes))[structure]
    z += np.sqrt(0.2) * rng.normal(size=(6, 8, genes))[donor, parent]
    z += np.sqrt(0.6) * rng.normal(size=z.shape)
    names = spatial_effect.WellGroups(donor, structure, parent)
    found = spatial_effect.fitted_variances(
        z, points(rng.uniform(-60, 60, (n, 3))), names
    )
    assert found.place == 0
    np.testing.assert_allclose(found[1:5], [0.5, 0.3, 0.2, 0.6], atol=0.1)


def test_a_well_without_a_name_gets_what_its_place_tells(wells, rng):
    x_mm, donor = wells
    truth = field(x_mm, rng)
    noisy = truth + rng.normal(size=truth.shape)
    structure = np.where(np.arange(N) % 2, (x_mm[:, 0] > 0).astype(int), -1)
    names = {"structure": structure, "parent": np.minimum(structure, 0)}
    found, _ = targets.blup_targets(noisy, donor=donor, support=points(x_mm), **names)
    unnamed = structure < 0
    assert ((found - truth)[unnamed] ** 2).mean() < 0.45


def test_the_effect_is_the_textbooks_posterior_mean(wells, rng):
    x_mm, donor = wells
    structure = rng.integers(-1, 8, N)
    names = spatial_effect.WellGroups(donor, structure, np.minimum(structure, 1))
    values = field(x_mm, rng) + rng.normal(size=(N, G))
    support = points(x_mm)
    v = spatial_effect.fitted_variances(values, support, names)
    assert v.place > 0
    kernel = v.place * matern32(x_mm, x_mm, v.length_mm)
    whole = kernel + v.noise * np.eye(N)
    of_donor = np.equal.outer(donor, donor)
    whole += v.structure * same_group(names.structure, names.structure)
    whole += v.parent * same_group(names.parent, names.parent)
    whole += v.donor_parent * (same_group(names.parent, names.parent) & of_donor)
    expected = kernel @ np.linalg.solve(whole, values)
    found, _ = spatial_effect.spatial_effect(values, support, names)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_weights_of_matrices_are_those_of_all_their_elements(rng):
    kinds = [np.cov(rng.normal(size=(12, 30))) for _ in range(3)]
    product = kinds[0] + 0.5 * kinds[1] - 0.3 * kinds[2]
    pairs = np.not_equal.outer(np.arange(12) % 4, np.arange(12) % 4)
    expected, _ = nnls(np.stack([kind[pairs] for kind in kinds], 1), product[pairs])
    counted = [kind * pairs for kind in kinds]
    found = spatial_effect._least_squares(counted, product)
    assert expected[2] == 0
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)
    found = spatial_effect._least_squares([0 * product, *counted], product)
    np.testing.assert_allclose(found, [0, *expected], rtol=1e-6, atol=1e-9)


def test_of_matrices_without_an_element_none_has_a_weight():
    nothing = np.zeros((4, 4))
    assert not spatial_effect._least_squares([nothing] * 2, nothing).any()
