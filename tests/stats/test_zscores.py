"""Predictions of z-scores: as the data are made, and from nothing that was measured."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from inr_jax.samples.samples import make_samples
from inr_jax.stats.baselines import baselines
from inr_jax.stats.folds import block_folds, donor_folds
from inr_jax.stats.hold_out import hold_out, leave_one_donor_out
from inr_jax.stats.predictor import Prediction
from inr_jax.stats.scores import score
from inr_jax.stats.zscores import are_zscores, as_measured

N, G = 120, 4


@pytest.fixture
def atlas(rng):
    """One field, of which each donor has wells in another part; z-scores in each."""
    donor = np.repeat([0, 1, 2], N // 3)
    x_mm = rng.uniform(-40, 40, (N, 3))
    x_mm[:, 1] += 40.0 * (donor - 1)
    field = x_mm[:, 1:2] / 40 * np.arange(1, G + 1) + 0.3 * rng.normal(size=(N, G))
    for d in range(3):
        field[donor == d] -= field[donor == d].mean(0)
        field[donor == d] /= field[donor == d].std(0)
    return make_samples(
        x_mm=x_mm,
        values=field,
        genes=[f"G{g}" for g in range(G)],
        donor=[f"d{d}" for d in donor],
        where="test",
    )


def test_zscores_are_known_by_their_means_in_every_donor(atlas):
    assert are_zscores(atlas)
    shifted = np.array(atlas.values)
    shifted[atlas.donor == 1, 2] += 0.1
    assert not are_zscores(dataclasses.replace(atlas, values=shifted))
    alone = dataclasses.replace(atlas, donor=np.zeros_like(atlas.donor), donors=("d",))
    assert not are_zscores(alone)  # one donor says nothing of others


def test_predictions_get_the_mean_that_values_have_and_nothing_else(atlas, rng):
    predicted = rng.normal(size=(N, G)) + 3
    given = as_measured(atlas, predicted.copy())
    for d in range(3):
        rows = atlas.donor == d
        np.testing.assert_allclose(given[rows].mean(0), 0, atol=1e-12)
        change = given[rows] - predicted[rows]
        np.testing.assert_allclose(change, np.tile(change[0], (len(change), 1)))


def test_other_values_are_left_as_they_are(atlas, rng):
    logs = dataclasses.replace(atlas, values=atlas.values + 5)
    predicted = rng.normal(size=(N, G))
    np.testing.assert_array_equal(as_measured(logs, predicted.copy()), predicted)


def test_a_field_known_exactly_is_scored_as_such_wherever_a_donors_wells_lie(atlas):
    def truth(training, sites):
        del training
        return Prediction(np.tile(sites.x_mm[:, 1:2] / 40, (1, G)))

    shift = np.tile(atlas.x_mm[:, 1:2] / 40, (1, G))
    raw = score(atlas.values, shift).r.mean()
    held_out = leave_one_donor_out(truth, atlas).mean
    within = [
        score(atlas.values[atlas.donor == d], shift[atlas.donor == d]).r.mean()
        for d in range(3)
    ]
    assert score(atlas.values, held_out).r.mean() == pytest.approx(
        np.mean(within), abs=0.02
    )
    assert raw < np.mean(within) - 0.1


def test_copies_take_the_mean_of_the_wells_they_are_of(atlas, rng):
    mirrored = np.zeros(2 * N, bool)
    mirrored[N:] = True
    both = atlas.take(np.tile(np.arange(N), 2))
    both = dataclasses.replace(both, mirrored=mirrored)
    predicted = rng.normal(size=(N, G))
    twice = as_measured(both, np.concatenate([predicted, predicted + 1]))
    given = as_measured(atlas, predicted.copy())
    np.testing.assert_allclose(twice[:N], given)
    np.testing.assert_allclose(twice[N:], given + 1)


def test_nothing_that_was_measured_in_a_donor_moves_its_predictions(atlas):
    method = baselines(False)["kriging"]
    clean = leave_one_donor_out(method, atlas).mean
    held = atlas.donor == 2
    values = np.array(atlas.values)
    values[held] = -values[held][::-1]
    other = leave_one_donor_out(method, dataclasses.replace(atlas, values=values)).mean
    np.testing.assert_array_equal(clean[held], other[held])


def test_blocks_of_space_are_predicted_as_they_are(atlas):
    method = baselines(False)["kriging"]
    folds = block_folds(atlas, 30.0, mirror=False)
    given = hold_out(method, atlas, folds).mean
    assert abs(given[atlas.donor == 0].mean(0)).max() > 1e-3
    donors = hold_out(method, atlas, donor_folds(atlas)).mean
    assert abs(donors[atlas.donor == 0].mean(0)).max() < 1e-6
