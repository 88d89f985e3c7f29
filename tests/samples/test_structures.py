"""Known structures: memberships, shares, and what one donor alone has."""

from __future__ import annotations

import dataclasses

import numpy as np
from given import structured_samples as study

from inr_jax.samples.sites import UNNAMED
from inr_jax.samples.structures import (
    KnownStructures,
    in_one_donor,
    known_structures,
    memberships,
)


def test_a_well_is_a_whole_member_of_its_structure_and_parent():
    anatomy = KnownStructures(np.float32([0.25, 0.75, 0]), np.array([True, False]))
    found = memberships(
        anatomy, np.array([0, 1, UNNAMED, 0, UNNAMED]), np.array([1, 0, 1, -1, 2])
    )
    expected = [
        [0, 1, 0, 1, 0],
        [1, 0, 0, 0, 0],  # structure never seen: its parent alone
        [0, 1, 0, 0, 0],  # no structure
        [0.25, 0.75, 0, 1, 0],  # no parent: each by its share
        [0.25, 0.75, 0, 0, 0],  # a parent never seen says nothing
    ]
    np.testing.assert_array_equal(found, np.float32(expected))
    assert found.dtype == np.float32


def test_shares_and_names_are_those_of_the_training_wells(rng):
    every = study(rng)
    training = every.take(every.structure != 7)
    anatomy = known_structures(training)
    np.testing.assert_allclose(anatomy.parent_share, [4 / 7, 3 / 7], rtol=1e-6)
    np.testing.assert_array_equal(anatomy.present, np.arange(8) != 7)
    assert memberships(anatomy, every.structure, every.parent).shape == (72, 10)


def test_samples_without_names_have_no_memberships(rng):
    bare = study(rng, named=False)
    found = memberships(known_structures(bare), bare.structure, bare.parent)
    assert found.shape == (72, 0)


def test_a_structure_of_one_donor_is_alone(rng):
    samples = study(rng, per=8)
    structure = np.array(samples.structure)
    structure[samples.donor != 1] = np.minimum(structure[samples.donor != 1], 6)
    structure[0] = UNNAMED
    changed = dataclasses.replace(samples, structure=structure)
    np.testing.assert_array_equal(in_one_donor(changed), structure == 7)
