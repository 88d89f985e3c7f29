"""Memberships of places in and beside regions: closed forms, limits, no edges."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from inr_jax.brain.label_images import LabelImage, one_sided, shares_at
from inr_jax.brain.space import Grid
from inr_jax.maps import crosswalk, memberships
from inr_jax.samples.samples import make_samples
from inr_jax.samples.structures import known_structures

EDGE = 11.0  # mm, the region fills x below; a face between voxels of 2 mm
SIDE = 48


def half_space() -> LabelImage:
    """Region "r" of parent "Q" below x = EDGE, on voxels of 2 mm, wide in y and z."""
    region = np.zeros((SIDE, SIDE, SIDE), np.int16)
    affine = np.diag([2.0, 2, 2, 1])
    affine[:3, 3] = -38, -48, -48
    region[:25] = 1  # centres at -38, -36, ..., 10
    return LabelImage(region, Grid(region.shape, affine), ("", "r"), ("", "Q"))


@pytest.fixture(scope="module")
def samples():
    """Six wells in the region, of parent A; one far outside it, of parent B."""
    x_mm = np.array([[-20.0 + 3 * i, 2 * i, 0] for i in range(6)] + [[45.0, 0, 0]])
    return make_samples(
        x_mm=x_mm,
        values=np.random.default_rng(0).normal(size=(7, 2)),
        genes=["G", "H"],
        structure=["a"] * 6 + ["b"],
        parent=["A"] * 6 + ["B"],
        where="test",
    )


@pytest.fixture(scope="module")
def places(samples):
    labels, anatomy = half_space(), known_structures(samples)
    shares = shares_at(labels, samples.x_mm, 1.0)
    above = memberships.above_of(labels, samples, anatomy, shares)
    table = crosswalk.learn(
        samples, anatomy, labels.names, shares, above.member[above.row]
    )
    beyond = memberships.beyond_of(samples, anatomy, samples.x_mm, shares)
    return memberships.RegionMemberships(labels, 1.0, table, above, beyond)


def line(x):
    return np.stack([x, 0 * x, 0 * x], axis=-1)


def test_parents_sum_to_one_everywhere(places, rng):
    found = places.at(rng.uniform(-40, 60, (500, 3)))
    np.testing.assert_allclose(found[:, :2].sum(1), 1, atol=1e-5)
    assert found.min() >= 0 and found[:, 2:].sum(1).max() <= 1 + 1e-5


def test_across_an_edge_they_follow_the_closed_form(places, samples):
    x = np.linspace(EDGE - 8, EDGE + 16, 61)
    s, t = norm.cdf(EDGE - x), norm.cdf((EDGE - x) / memberships.FADE_MM)
    p, u = crosswalk.PSEUDO_COUNT, np.array([6 / 7, 1 / 7])
    # In the region: six wells of A and a; near it: parent A, and as prior the mean.
    above_a = (6 + p * u[0]) / (6 + p)
    inside_a = (6 + p * above_a) / (6 + p)
    kernel = np.exp(-((x - 45) ** 2) / (2 * memberships.REACH_MM**2))
    far_a = p * u[0] / (kernel + p)
    expected = s * inside_a + (1 - s) * (t * above_a + (1 - t) * far_a)
    found = places.at(line(x))
    # Read between voxels of 2 mm, of a blur of 1 mm.
    np.testing.assert_allclose(found[:, 0], expected, atol=0.03)
    own = s * 6 / (6 + p)
    np.testing.assert_allclose(found[:, 2], own, atol=0.08)


def test_nowhere_is_there_an_edge(places):
    x = np.linspace(-35, 60, 1901)  # every .05 mm
    steps = abs(np.diff(places.at(line(x)), axis=0)).max()
    # The steepest is a structure's own share: 1 / (blur sqrt(2 pi)) a mm.
    assert steps < 1.2 * 0.05 / np.sqrt(2 * np.pi)


def test_far_from_all_regions_and_wells_a_place_is_the_mean_of_wells(places):
    found = places.at(np.array([[200.0, 0, 0]]))
    np.testing.assert_allclose(found[0], [6 / 7, 1 / 7, 0, 0], atol=1e-5)


def test_wells_outside_speak_for_places_near_them(places):
    found = places.at(np.array([[45.0, 0, 0]]))[0]
    p = crosswalk.PSEUDO_COUNT
    expected = (np.array([0, 1, 0, 1]) + p * np.array([6 / 7, 1 / 7, 0, 0])) / (1 + p)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_row_of_ones_own_is_used_as_far_as_one_likes(places):
    table = np.array(places.table)
    table[0] = [0.25, 0.75, 0, 0]
    mine = places._replace(table=table, beyond=None)
    found = mine.at(np.array([[200.0, 0, 0], [-20, 0, 0]]))
    np.testing.assert_allclose(found[0], [0.25, 0.75, 0, 0], atol=1e-6)
    inside = places.at(np.array([[-20.0, 0, 0]]))
    np.testing.assert_allclose(found[1:], inside, atol=1e-6)


def test_an_atlas_parent_named_as_a_parent_is_that_parent(samples):
    labels = half_space()._replace(parents=("", "b"))
    anatomy = known_structures(samples)
    shares = shares_at(labels, samples.x_mm, 1.0)
    above = memberships.above_of(labels, samples, anatomy, shares)
    np.testing.assert_array_equal(above.member[1], [0, 1, 0, 0])
    nameless = half_space()._replace(parents=("", ""))
    above = memberships.above_of(nameless, samples, anatomy, shares)
    assert above.row.tolist() == [0, 1] and above.member[1, 0] > 0.95


def test_labels_on_the_left_alone_serve_both_sides():
    left = half_space()._replace(region=np.array(half_space().region))
    left.region[18:] = 0  # x above -4 mm
    x_mm = np.array([[-20.0, 0, 0], [20, 0, 0]])
    assert shares_at(one_sided(left), x_mm, 0)[:, 1].tolist() == [0, 1]
    assert one_sided(half_space()).grid.affine[0, 0] == 2
