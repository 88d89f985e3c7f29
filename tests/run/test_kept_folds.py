"""A stopped evaluation goes on at the fold that it was at, as if never stopped."""

from __future__ import annotations

import numpy as np
import pytest
from given import random_samples

from inr_jax.run.kept_folds import kept, made_from
from inr_jax.stats import hold_out
from inr_jax.stats.folds import donor_folds
from inr_jax.stats.predictor import Prediction


class Killed(BaseException):
    """In the place of a signal that cannot be heard."""


@pytest.fixture
def samples(rng):
    return random_samples(rng, 30, 4, donors=("a", "b", "c"))


def method(folds, *, until=9):
    """A method that is killed before a fold; `folds` counts those it predicted."""

    def predict(training, sites):
        if len(folds) == until:
            raise Killed
        folds.append(len(sites.x_mm))
        mean = training.values.mean(0) + sites.x_mm[:, :1]
        return Prediction(mean, abs(mean))

    return predict


def held_out(samples, predict):
    return hold_out.hold_out(predict, samples, donor_folds(samples))


def test_folds_that_are_kept_are_not_predicted_again(samples, tmp_path):
    exact, done = held_out(samples, method([])), []
    with pytest.raises(Killed):
        held_out(samples, kept(method(done, until=2), tmp_path / "e", "this"))
    again = []
    whole = held_out(samples, kept(method(again), tmp_path / "e", "this"))
    assert (len(done), len(again)) == (2, 1)
    np.testing.assert_array_equal(whole.mean, exact.mean)
    np.testing.assert_array_equal(whole.spread, exact.spread)


def test_folds_of_another_run_and_damaged_ones_are_predicted_again(samples, tmp_path):
    held_out(samples, kept(method([]), tmp_path, "this"))
    other, damaged = [], []
    held_out(samples, kept(method(other), tmp_path, "another"))
    assert len(other) == 3
    first = sorted(tmp_path.glob("fold-*.npz"))[0]
    first.write_bytes(first.read_bytes()[:-40])
    held_out(samples, kept(method(damaged), tmp_path, "another"))
    assert len(damaged) == 1


def test_a_fold_is_of_settings_inputs_and_version():
    one = made_from("{}", {"a.csv": "12"})
    assert one == made_from("{}", {"renamed.csv": "12"})
    assert one != made_from("{}", {"a.csv": "13"}) != made_from("{ }", {"a.csv": "12"})
