"""Folds: who is held out with whom, against loops over pairs of wells."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from inr_jax.errors import InputError
from inr_jax.samples.samples import make_samples
from inr_jax.stats.folds import (
    block_folds,
    block_protocol,
    block_side,
    blocks,
    donor_folds,
    well_folds,
    why_no_blocks,
)
from inr_jax.stats.hold_out import held_out_scores, hold_out, leave_one_donor_out
from inr_jax.stats.predictor import Prediction

SIDES = [20.0, 40.0]


@pytest.fixture
def samples(rng):
    """Wells of one donor; well 2 k + 1 lies at the mirror image of well 2 k."""
    one = rng.uniform([-70, -100, -45], [70, 70, 80], size=(60, 3))
    x_mm = np.stack([one, one * [-1, 1, 1]], axis=1).reshape(-1, 3)
    values = rng.normal(size=(len(x_mm), 2))
    names = {"genes": ["A", "B"], "where": "test"}
    return make_samples(x_mm=x_mm, values=values, **names)


def with_copies(samples, rng):
    """The samples, then a copy of each on the other side, rows shuffled."""
    n = len(samples.well)
    shuffled = rng.permutation(2 * n)
    return make_samples(
        x_mm=np.concatenate([samples.x_mm, samples.x_mm * [-1, 1, 1]])[shuffled],
        values=np.concatenate([samples.values, samples.values])[shuffled],
        genes=list(samples.genes),
        well=np.tile(np.arange(n), 2)[shuffled],
        mirrored=np.repeat([False, True], n)[shuffled],
        where="test",
    )


def cube(x_mm, side_mm, mirror):
    """The obvious one: whole multiples of the side, one well at a time."""
    x, y, z = (float(c) for c in x_mm)
    x = abs(x) if mirror else x
    return tuple(math.floor(c / side_mm) for c in (x, y, z))


def training_mean(training, sites):
    return Prediction(np.tile(training.values.mean(0), (len(sites.x_mm), 1)))


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("side_mm", SIDES)
def test_no_held_out_well_has_a_training_well_in_its_cube(samples, side_mm, mirror):
    folds = block_folds(samples, side_mm, mirror=mirror)
    cubes = [cube(x, side_mm, mirror) for x in samples.x_mm]
    for number in folds.numbers():
        held = {c for c, of in zip(cubes, folds.of, strict=True) if of == number}
        rest = {c for c, of in zip(cubes, folds.of, strict=True) if of != number}
        assert held and rest and not held & rest


@pytest.mark.parametrize("side_mm", SIDES)
def test_a_number_of_a_block_is_a_cube(samples, side_mm):
    for mirror in (False, True):
        cubes = [cube(x, side_mm, mirror) for x in samples.x_mm]
        pairs = set(zip(blocks(samples, side_mm, mirror=mirror), cubes, strict=True))
        assert len(pairs) == len(set(cubes)) == len({number for number, _ in pairs})


def test_mirror_images_are_held_out_together_where_left_is_right(samples):
    together = block_folds(samples, 20.0, mirror=True).of.reshape(-1, 2)
    np.testing.assert_array_equal(together[:, 0], together[:, 1])
    apart = block_folds(samples, 20.0, mirror=False).of.reshape(-1, 2)
    assert (apart[:, 0] != apart[:, 1]).any()


@pytest.mark.parametrize("mirror", [False, True])
def test_a_copy_is_held_out_with_its_well_and_shares_no_cube_with_training(
    samples, rng, mirror
):
    twice = with_copies(samples.take(np.arange(0, 120, 2)), rng)
    for folds in (block_folds(twice, 20.0, mirror=mirror), well_folds(twice)):
        of = {}
        for well, number in zip(twice.well, folds.of, strict=True):
            assert of.setdefault(well, number) == number
        predicted = hold_out(training_mean, twice, folds).mean
        assert np.isfinite(predicted).all()
        assert held_out_scores(twice, predicted, "m")[0]["n"] == 60


@pytest.mark.parametrize("side_mm", SIDES)
def test_each_well_is_predicted_once_from_the_other_folds(samples, side_mm):
    folds, seen = block_folds(samples, side_mm, mirror=True), []

    def predict(training, sites):
        seen.append(len(sites.x_mm))
        return training_mean(training, sites)

    pooled = hold_out(predict, samples, folds).mean
    assert len(seen) == 5 and sum(seen) == 120
    assert 120 - min(seen) == folds.largest_training()
    for row, number in enumerate(folds.of):
        others = np.mean(
            [samples.values[k] for k in range(120) if folds.of[k] != number], 0
        )
        np.testing.assert_allclose(pooled[row], others, rtol=1e-5)


def test_folds_are_the_same_each_time_and_of_about_one_size(samples):
    one, other = (block_folds(samples, 20.0, mirror=True) for _ in range(2))
    np.testing.assert_array_equal(one.of, other.of)
    counts = np.bincount(one.of)
    # The last to get a block had the fewest wells then.
    largest = np.bincount(blocks(samples, 20.0, mirror=True)).max()
    assert len(counts) == 5 and np.ptp(counts) <= largest
    assert np.ptp(np.bincount(well_folds(samples).of)) <= 1


def test_a_fold_a_donor_is_to_leave_one_donor_out(samples):
    donor = (np.arange(120) % 3).astype(np.int32)
    three = dataclasses.replace(samples, donor=donor, donors=("a", "b", "c"))
    np.testing.assert_array_equal(
        hold_out(training_mean, three, donor_folds(three)).mean,
        leave_one_donor_out(training_mean, three).mean,
    )


def test_the_first_folds_are_predicted_as_among_all_and_others_train(samples):
    folds = well_folds(samples)
    all_of_them = hold_out(training_mean, samples, folds).mean
    two = folds.first(2)
    found = hold_out(training_mean, samples, two).mean
    np.testing.assert_array_equal(np.isfinite(found[:, 0]), folds.of < 2)
    np.testing.assert_array_equal(found[folds.of < 2], all_of_them[folds.of < 2])


def test_wells_in_one_block_cannot_be_parted_and_few_leave_one_to_train(samples):
    near = dataclasses.replace(samples, x_mm=np.full((120, 3), 5, np.float32))
    folds = block_folds(near, 20.0, mirror=True)
    assert why_no_blocks(folds) == "all 120 wells lie in one block"
    assert why_no_blocks(block_folds(samples, 20.0, mirror=True)) is None
    two = samples.take(np.array([0, 2]))
    reason = "1 well would be left to train on"
    assert why_no_blocks(block_folds(two, 1.0, mirror=True)) == reason


def test_the_same_well_in_two_folds_is_refused(samples):
    well = samples.well.copy()
    folds = well_folds(samples)
    well[np.flatnonzero(folds.of == 1)[0]] = well[np.flatnonzero(folds.of == 0)[0]]
    twins = dataclasses.replace(samples, well=well)
    with pytest.raises(InputError, match=r"fold 1 of 5: .*1 also in training"):
        hold_out(training_mean, twins, folds)


def test_the_name_of_a_protocol_of_blocks_has_its_side():
    assert [block_protocol(mm) for mm in (20.0, 12.5)] == ["block20", "block12.5"]
    assert [block_side(name) for name in ("block20", "block12.5")] == ["20", "12.5"]
    for other in ("donor", "donor+anatomy", "block", "blockade"):
        assert block_side(other) is None
