"""Nested cross-validation against two nested loops."""

from __future__ import annotations

import numpy as np
from given import random_samples

from inr_jax.stats import nested_cv
from inr_jax.stats.scores import score


def study(rng, donors=4, per=7, genes=3):
    names = [f"d{donor}" for donor in range(donors)]
    return random_samples(rng, donors * per, genes, donors=names)


def guesses(samples, rng, count=3):
    """K predictors: the truth with more or less noise, another in every fold."""

    def predict(row, training, rows):
        seed = [row, len(training.well), int(training.well.sum())]
        noise = np.random.default_rng(seed).normal(size=(rows.sum(), 3))
        return samples.values[rows] + (0.8 + 0.1 * row) * noise

    return [
        lambda training, rows, k=k: predict(k, training, rows) for k in range(count)
    ]


def test_the_choice_is_that_of_two_nested_loops(rng):
    samples = study(rng)
    predictors, donors = guesses(samples, rng), [0, 1, 2, 3]
    predictions = {}
    for held in nested_cv.folds(donors, donors):
        rows = nested_cv.rows_of(samples, held)
        training = samples.take(~rows)
        predictions[held] = np.stack([p(training, rows) for p in predictors])
    found = nested_cv.choose(samples, predictions, donors)

    expected = np.full(samples.values.shape, np.nan)
    for d in donors:
        rest = samples.donor != d
        scores = []
        for predict in predictors:
            pooled = np.full(samples.values.shape, np.nan)
            for e in set(donors) - {d}:
                # The fit sees neither; it predicts both, and only e is looked at.
                both = np.isin(samples.donor, (d, e))
                every = np.full_like(pooled, np.nan)
                every[both] = predict(samples.take(~both), both)
                pooled[samples.donor == e] = every[samples.donor == e]
            scores.append(score(samples.values[rest], pooled[rest]).r.mean())
        np.testing.assert_allclose(found.inner[:, d, 0], scores, rtol=1e-12)
        best = int(np.argmax(scores))
        assert found.chosen[d] == best
        own = ~rest
        expected[own] = predictors[best](samples.take(rest), own)
    np.testing.assert_array_equal(found.predicted, expected)
    assert found.nested[0] == score(samples.values, expected).r.mean()


def test_scores_are_means_over_seeds_and_differences_are_paired_by_gene(rng):
    samples, donors = study(rng), [0, 1, 2, 3]
    held = nested_cv.folds(donors, donors)
    shape = {fold: nested_cv.rows_of(samples, fold).sum() for fold in held}
    both = {fold: rng.normal(size=(4, n, 3)) for fold, n in shape.items()}
    found = nested_cv.choose(samples, both, donors, seeds=2)
    alone = [
        nested_cv.choose(samples, {f: p[k::2] for f, p in both.items()}, donors)
        for k in (0, 1)
    ]
    for name in ("inner", "outer"):
        mean = np.mean([getattr(seed, name) for seed in alone], axis=0)
        np.testing.assert_allclose(getattr(found, name), mean, rtol=1e-12)
    apart = found.inner[1, :, 0].mean() - found.inner[0, :, 0].mean()
    np.testing.assert_allclose(found.difference[:, 0], [0, apart], atol=1e-12)


def test_half_an_interval_is_that_of_the_mean_of_pairs():
    r = np.array([[0.1, 0.2, 0.6], [0.2, 0.2, 0.8]])
    mean, half = nested_cv.paired(r, 0)[1]
    np.testing.assert_allclose(mean, 0.1)
    np.testing.assert_allclose(half, 1.96 * 0.1 / 3**0.5)  # of .1, 0 and .2


def test_ties_in_r_are_broken_by_r2(rng):
    samples, donors = study(rng), [0, 1, 2, 3]
    predictions = {}
    for held in nested_cv.folds(donors, donors):
        truth = samples.values[nested_cv.rows_of(samples, held)].astype(np.float64)
        predictions[held] = np.stack([truth * 4, truth * 2])  # r is 1 for both
    assert (nested_cv.choose(samples, predictions, donors).chosen == 1).all()


def test_each_fold_is_fitted_once():
    six = list(range(6))
    assert len(nested_cv.folds(six, six)) == 6 + 15
    assert len(set(nested_cv.folds(six, six))) == 21
    assert nested_cv.folds([0, 1, 2], [1]) == [(1,), (0, 1), (1, 2)]
