"""Where held-out donors have tested a map: the range, and matter by matter."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import references

from inr_jax.brain.matter import GREY, MATTERS, SPACES, WHITE, template_matter
from inr_jax.brain.space import folded
from inr_jax.brain.template import brain_mask, tissue_at
from inr_jax.samples.samples import make_samples
from inr_jax.samples.support import Support
from inr_jax.stats.matters import NEAR_MM, matter_at, matter_of
from inr_jax.stats.validity import (
    evidence_by_matter,
    left_out,
    make_validity,
    validated_range_mm,
)

CORTEX, CALLOSUM = [-40.0, 30.0, 24.0], [0.0, 16.0, 18.0]


@pytest.fixture
def samples(rng):
    n = 90
    return make_samples(
        x_mm=rng.uniform([-60, -90, -40], [60, 60, 70], size=(n, 3)),
        values=rng.normal(size=(n, 4)),
        genes=["G0", "G1", "G2", "G3"],
        donor=list("BAC" * 30),
        where="test",
    )


@pytest.mark.parametrize("mirror", [False, True])
def test_the_range_is_the_95th_percentile_of_distances_between_donors(samples, mirror):
    x_mm = samples.x_mm.astype(np.float64)
    x_mm = folded(x_mm, mirror)
    apart = references.distances(x_mm, x_mm)
    apart[samples.donor[:, None] == samples.donor[None]] = np.inf
    slow = np.quantile(apart.min(1), 0.95)
    found = validated_range_mm(samples, mirror=mirror)
    np.testing.assert_allclose(found, slow, rtol=1e-5)


def test_a_support_is_as_far_as_its_points_are_on_average(samples, rng):
    size = 1 + np.arange(90) % 3
    of = np.repeat(np.arange(90), size)
    x_mm = samples.x_mm[of] + rng.normal(0, 20, (len(of), 3))
    support = Support(np.float32(x_mm), np.zeros((len(of), 2), np.float32), size)
    apart = references.distances(support.x_mm, support.x_mm)
    donor = samples.donor[of]
    apart[donor[:, None] == donor[None]] = np.inf
    nearest = [apart.min(1)[of == row].mean() for row in range(90)]
    found = validated_range_mm(
        dataclasses.replace(samples, support=support), mirror=False
    )
    np.testing.assert_allclose(found, np.quantile(nearest, 0.95), rtol=1e-4)


def voxels():
    """Some of the template's own 1 mm voxels, and what is likeliest in each."""
    mask, grid = brain_mask(1)
    x_mm = grid.points_mm(mask)[::5000]
    grey, white = tissue_at(x_mm).T
    return x_mm, grey, white


def test_the_matter_of_the_template_is_the_likeliest_with_a_rim_of_grey():
    x_mm, grey, white = voxels()
    matter, spaces = template_matter(x_mm), 1 - grey - white
    assert (matter[(grey > white) & (grey > spaces)] == GREY).all()
    assert (white[matter == WHITE] >= np.maximum(grey, spaces)[matter == WHITE]).all()
    assert (spaces[matter == SPACES] > np.maximum(grey, white)[matter == SPACES]).all()
    for step in np.concatenate([np.eye(3), -np.eye(3)]):
        beside = tissue_at(x_mm[matter != GREY] + step)
        assert (beside[:, 0] <= np.maximum(beside[:, 1], 1 - beside.sum(1))).all()
    assert template_matter([[0.0, 0.0, 500.0]]) == SPACES


def test_a_place_near_a_sample_of_grey_matter_is_grey():
    x_mm, *_ = voxels()
    grey_mm = x_mm[::7] + 1
    near = references.distances(folded(x_mm), folded(grey_mm)).min(1) <= NEAR_MM
    expected = np.where(near, GREY, template_matter(x_mm))
    found = matter_at(x_mm, grey_mm, mirror=True)
    np.testing.assert_array_equal(found, expected)
    assert (found != template_matter(x_mm)).any()


def test_wells_are_of_the_matter_of_their_name_and_without_one_of_the_templates():
    samples = make_samples(
        x_mm=np.array([CALLOSUM, CALLOSUM, CORTEX, CORTEX]),
        values=np.arange(4.0)[:, None],
        genes=["APOE"],
        structure=[None, "superior frontal gyrus", None, "corpus callosum"],
        parent=[None, "frontal lobe", None, "white matter"],
        where="test",
    )
    np.testing.assert_array_equal(matter_of(samples), [WHITE, GREY, GREY, WHITE])


def test_matter_is_validated_by_six_wells_of_three_donors_and_by_what_intervals_held():
    matter = np.repeat([GREY, WHITE, SPACES], [20, 6, 5])
    donor = np.arange(31) % 3
    inside = np.ones((31, 10), bool)
    told = evidence_by_matter(matter, donor, inside)
    assert list(told) == list(MATTERS)
    expected = {"wells": 6, "donors": 3, "coverage": 1.0, "validated": True}
    assert told["white matter"] == expected
    assert not told["spaces"]["validated"] and told["grey matter"]["validated"]
    assert left_out(told) == "spaces: 5 samples of 3 donors"
    inside[matter == WHITE, :2] = False
    told = evidence_by_matter(matter, donor, inside)
    assert told["white matter"]["coverage"] == 0.8
    assert "white matter: intervals held 80% of 6 samples" in left_out(told)
    assert not evidence_by_matter(matter, donor % 2)["white matter"]["validated"]
    assert evidence_by_matter(matter, donor)["white matter"]["validated"]
    assert evidence_by_matter(matter[:20], donor[:20])["spaces"]["wells"] == 0


def test_places_are_validated_in_range_and_in_matter_that_was_tested(samples):
    x_mm, *_ = voxels()
    matters = evidence_by_matter(np.zeros(90, int), samples.donor)
    named = make_validity(samples, 20.0, matters, mirror=False)
    apart = references.distances(x_mm, samples.x_mm.astype(float)).min(1)
    grey_mm = samples.x_mm[matter_of(samples) == GREY]
    grey = matter_at(x_mm, grey_mm, mirror=False) == GREY
    np.testing.assert_array_equal(named.at(x_mm), (apart <= 20) & grey)
    whole = {name: row | {"validated": True} for name, row in matters.items()}
    everywhere = make_validity(samples, 20.0, whole, mirror=False)
    np.testing.assert_array_equal(everywhere.at(x_mm), apart <= 20)
