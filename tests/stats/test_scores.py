"""Scores against closed forms and the slow reference."""

from __future__ import annotations

import numpy as np
import pytest
import references

from inr_jax.stats.scores import score


def test_scores_equal_the_slow_reference(rng):
    truth, predicted = rng.normal(size=(2, 40, 7)) * 3 + 50
    scores = score(truth, predicted)
    for gene in range(7):
        r, r2, mse = references.score(truth[:, gene], predicted[:, gene])
        np.testing.assert_allclose(scores.r[gene], r, rtol=1e-12)
        np.testing.assert_allclose(scores.r2[gene], r2, rtol=1e-12)
        np.testing.assert_allclose(scores.mse[gene], mse, rtol=1e-12)


def test_the_truth_scores_one_and_its_mirror_image_minus_one(rng):
    truth = rng.normal(size=(30, 4))
    same, opposite = score(truth, truth), score(truth, -truth)
    np.testing.assert_allclose([same.r, same.r2], 1.0, rtol=1e-14)
    np.testing.assert_array_equal(same.mse, 0.0)
    np.testing.assert_allclose(opposite.r, -1.0, rtol=1e-14)


def test_the_mean_of_the_truth_scores_zero(rng):
    truth = rng.normal(size=(30, 4))
    scores = score(truth, np.tile(truth.mean(0), (30, 1)))
    np.testing.assert_array_equal(scores.r, 0.0)
    np.testing.assert_allclose(scores.r2, 0.0, atol=1e-14)
    np.testing.assert_allclose(scores.mse, truth.var(0), rtol=1e-12)


def test_scale_and_offset_change_r2_by_the_closed_form_but_not_r(rng):
    truth = rng.normal(size=(50, 3))
    a, b = 0.5, 2.0
    scores = score(truth, a * truth + b)
    mean, variance = truth.mean(0), truth.var(0)
    error = (1 - a) ** 2 * variance + ((1 - a) * mean - b) ** 2
    np.testing.assert_allclose(scores.r, 1.0, rtol=1e-12)
    np.testing.assert_allclose(scores.mse, error, rtol=1e-12)
    np.testing.assert_allclose(scores.r2, 1 - error / variance, rtol=1e-10)


def test_constants_give_zero_and_never_nan(rng):
    truth = rng.normal(size=(10, 3))
    truth[:, 1] = 0.1
    predicted = rng.normal(size=(10, 3))
    predicted[:, 0] = 0.1
    scores = score(truth, predicted)
    assert scores.r[0] == 0 and scores.r[1] == 0 and scores.r2[1] == 0
    assert scores.r[2] != 0 and np.isfinite(np.stack(scores)).all()


def test_float32_input_is_scored_in_float64(rng):
    truth = (rng.normal(size=(3000, 1)) + 1e4).astype(np.float32)
    predicted = truth + rng.normal(size=truth.shape).astype(np.float32)
    r, r2, _ = references.score(
        truth[:, 0].astype(np.float64), predicted[:, 0].astype(np.float64)
    )
    scores = score(truth, predicted)
    assert scores.r.dtype == np.float64
    np.testing.assert_allclose([scores.r[0], scores.r2[0]], [r, r2], rtol=1e-9)


@pytest.mark.parametrize("shape", [(10, 2), (9, 3), (10,), (10, 3, 1)])
def test_another_shape_is_refused_with_both_shapes(shape):
    with pytest.raises(ValueError, match=r"\(10, 3\)"):
        score(np.zeros((10, 3)), np.zeros(shape))


def test_no_wells_and_nan_are_refused():
    with pytest.raises(ValueError, match=r"\(0, 3\)"):
        score(np.zeros((0, 3)), np.zeros((0, 3)))
    predicted = np.zeros((4, 2))
    predicted[1, 1] = np.nan
    with pytest.raises(ValueError, match="finite predictions, found 1"):
        score(np.ones((4, 2)), predicted)
