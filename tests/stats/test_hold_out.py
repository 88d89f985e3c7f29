"""Protocols: folds, pooling, and that nothing held out reaches training."""

from __future__ import annotations

import dataclasses
import statistics

import numpy as np
import pytest
import references

from inr_jax.errors import InputError
from inr_jax.samples.samples import make_samples
from inr_jax.samples.sites import Sites
from inr_jax.stats.baselines import baselines
from inr_jax.stats.hold_out import (
    COLUMNS,
    held_out_scores,
    leave_one_donor_out,
    summarise,
    why_no_donors,
)
from inr_jax.stats.predictor import Prediction

DONORS = ("B", "A", "C")


@pytest.fixture
def samples(rng):
    n = 60
    return make_samples(
        x_mm=rng.uniform([-60, -90, -40], [60, 60, 70], size=(n, 3)),
        values=rng.normal(size=(n, 4)) + 3,
        genes=["G0", "G1", "G2", "G3"],
        well=1000 + rng.permutation(n),
        donor=[DONORS[i] for i in rng.permutation(np.arange(n) % 3)],
        structure=[f"S{i % 5}" for i in range(n)],
        where="test",
    )


def with_values(samples, values):
    return dataclasses.replace(samples, values=values.astype(np.float32))


def training_mean(training, sites):
    return Prediction(np.tile(training.values.mean(0), (len(sites.x_mm), 1)))


def test_each_well_is_predicted_once_from_the_other_donors(samples):
    pooled = leave_one_donor_out(training_mean, samples).mean
    for row, donor in enumerate(samples.donor):
        others = samples.values[samples.donor != donor].mean(0)
        np.testing.assert_allclose(pooled[row], others, rtol=1e-6)


def test_a_predictor_sees_sites_without_expression_and_foreign_wells_only(samples):
    seen, folds = [], []

    def spy(training, sites):
        assert type(sites) is Sites and not hasattr(sites, "values")
        donors = {samples.donors[d] for d in training.donor}
        here = {tuple(x) for x in sites.x_mm}
        assert not here & {tuple(x) for x in training.x_mm}
        held = set(samples.well) - set(training.well)
        assert len(held) == len(sites.x_mm) and folds[-1] not in donors
        for leaf in (training.values, training.x_mm, sites.x_mm):
            # No view whose base would lead back to the held-out rows.
            assert not np.shares_memory(leaf, samples.values) and leaf.base is None
        seen.extend(held)
        return training_mean(training, sites)

    leave_one_donor_out(spy, samples, on_fold=folds.append)
    assert sorted(seen) == sorted(samples.well)
    assert sorted(folds) == sorted(DONORS)


@pytest.mark.parametrize("poison", [np.nan, 1e9])
@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("name", list(baselines(True)))
def test_poisoned_values_of_a_donor_leave_its_predictions_bit_for_bit(
    samples, name, mirror, poison
):
    predict, donor = baselines(mirror)[name], samples.donors.index("A")
    held = samples.donor == donor
    values = samples.values.copy()
    values[held] = poison

    def only_without_the_poison(training, sites):
        if donor in training.donor:
            return Prediction(np.zeros((len(sites.x_mm), 4)))
        return predict(training, sites)

    clean = leave_one_donor_out(predict, samples).mean
    found = leave_one_donor_out(
        only_without_the_poison, with_values(samples, values)
    ).mean
    np.testing.assert_array_equal(found[held], clean[held])


@pytest.mark.parametrize("name", list(baselines(True)))
def test_a_poisoned_donor_does_reach_the_other_folds(samples, name):
    predict = baselines(True)[name]
    held = samples.donor == samples.donors.index("A")
    values = samples.values.copy()
    values[held] = 1e9
    poisoned = leave_one_donor_out(predict, with_values(samples, values)).mean
    clean = leave_one_donor_out(predict, samples).mean
    assert (poisoned[~held] != clean[~held]).any()


def test_a_single_donor_is_refused_with_the_reason(samples):
    one = samples.take(samples.donor == samples.donors.index("A"))
    assert why_no_donors(samples) is None
    assert why_no_donors(one) == "all 20 wells are of one donor (A)"
    with pytest.raises(InputError, match="two donors, found all 20 wells"):
        leave_one_donor_out(training_mean, one)


def test_a_well_of_two_donors_is_refused(samples):
    well = samples.well.copy()
    of = {name: np.flatnonzero(samples.donor == d)[0] for d, name in enumerate("BAC")}
    well[of["A"]] = well[of["B"]] = 4711
    with pytest.raises(InputError, match="1 also in training \\(4711\\)"):
        leave_one_donor_out(training_mean, dataclasses.replace(samples, well=well))


def test_predictions_of_another_shape_or_nan_are_refused(samples):
    with pytest.raises(ValueError, match=r"shape \(20, 4\), found \(20,\)"):
        leave_one_donor_out(lambda t, s: Prediction(np.zeros(len(s.x_mm))), samples)
    told = "donor A: expected finite predictions, found 80 of 80 that are not; lower"
    with pytest.raises(InputError, match=told):
        leave_one_donor_out(
            lambda t, s: Prediction(np.full((len(s.x_mm), 4), np.nan)), samples
        )


def test_rows_hold_the_slow_scores_in_the_order_of_the_columns(samples, rng):
    predictions = samples.values + rng.normal(size=samples.values.shape)
    rows = held_out_scores(samples, predictions, "inr")
    assert [row["gene"] for row in rows] == list(samples.genes)
    for g, row in enumerate(rows):
        assert tuple(row) == COLUMNS
        assert (row["method"], row["protocol"], row["n"]) == ("inr", "donor", 60)
        slow = references.score(samples.values[:, g].astype(float), predictions[:, g])
        np.testing.assert_allclose([row["r"], row["r2"], row["mse"]], slow, rtol=1e-10)


def test_a_summary_is_the_mean_and_median_over_genes(samples, rng):
    noise = rng.normal(size=samples.values.shape)
    rows = held_out_scores(samples, samples.values + noise, "inr")
    rows += held_out_scores(samples, samples.values - 3 * noise, "nearest", "block")
    summary = summarise(rows)
    assert list(summary) == ["donor", "block"] and list(summary["block"]) == ["nearest"]
    r2 = [row["r2"] for row in rows[:4]]
    inr = summary["donor"]["inr"]
    assert set(inr) == {"r_mean", "r2_mean", "r_median", "r2_median"}
    np.testing.assert_allclose(inr["r2_mean"], sum(r2) / 4)
    np.testing.assert_allclose(inr["r2_median"], statistics.median(r2))


def test_mirrored_copies_are_in_their_wells_fold_and_are_not_scored(rng):
    x_mm = rng.uniform([-40, -60, 0], [40, 20, 50], (12, 3))
    values = rng.normal(size=(12, 2))
    well, donor = np.arange(12), np.repeat(["a", "b", "c"], 4)
    twice = make_samples(
        x_mm=np.concatenate([x_mm, x_mm * [-1, 1, 1]]),
        values=np.concatenate([values, values]),
        genes=["A", "B"],
        where="here",
        well=np.tile(well, 2),
        donor=[*donor, *donor],
        mirrored=np.repeat([False, True], 12),
    )
    seen = []

    def predict(training, sites):
        seen.append(set(training.well.tolist()))
        return Prediction(np.tile(sites.x_mm[:, :1], (1, 2)))

    held_out = leave_one_donor_out(predict, twice).mean
    assert [sorted(set(well.tolist()) - some) for some in seen] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9, 10, 11],
    ]
    once = twice.originals()
    assert held_out_scores(twice, held_out, "m") == held_out_scores(
        once, held_out[:12], "m"
    )
    assert held_out_scores(twice, held_out, "m")[0]["n"] == 12
