"""The noise ceiling against planted variances, a loop and its limits."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from inr_jax.samples.samples import make_samples
from inr_jax.stats.noise_ceiling import noise_ceiling
from inr_jax.stats.scores import score

S, D = 300, 4


def study(rng, values, structure, donor):
    n = len(values)
    return make_samples(
        x_mm=rng.uniform([-60, -90, -40], [60, 60, 70], size=(n, 3)),
        values=values,
        genes=[f"G{g}" for g in range(values.shape[1])],
        structure=structure,
        donor=donor,
        where="test",
    )


def planted(rng, noise, genes=30):
    """Every structure in every donor; returns also what donors share, `(N, G)`."""
    structure, donor = np.tile(np.arange(S), D), np.repeat(np.arange(D), S)
    shared = rng.normal(size=(S, genes))[structure]
    values = shared + noise * rng.normal(size=shared.shape)
    return study(rng, values, [f"s{s}" for s in structure], donor), shared


@pytest.mark.parametrize("noise", [0.5, 1.0, 2.0])
def test_it_is_the_score_of_the_truth_itself(rng, noise):
    samples, shared = planted(rng, noise)
    found, n = noise_ceiling(samples)
    exact = score(samples.values, shared)
    assert n == S * D
    assert found.r.mean() == pytest.approx(exact.r.mean(), abs=0.02)
    assert found.r2.mean() == pytest.approx(1 / (1 + noise**2), abs=0.02)
    assert found.mse.mean() == pytest.approx(noise**2, rel=0.05)


def test_donors_that_agree_have_no_ceiling_but_one(rng):
    samples, _ = planted(rng, 0.0)
    found, _ = noise_ceiling(samples)
    np.testing.assert_allclose(found.r, 1, atol=1e-6)
    np.testing.assert_allclose(found.mse, 0, atol=1e-6)


def test_it_equals_a_loop_over_pairs(rng):
    names = ["a", "a", "a", "b", "b", "c", "c", "d", None, None]
    donor = ["x", "x", "y", "x", "y", "z", "z", "y", "x", "y"]
    values = rng.normal(size=(10, 2)) + np.array([3.0, 0.0])
    samples = study(rng, values, names, donor)
    # c lies in one donor alone, d is one well, two have no name.
    paired = [0, 1, 2, 3, 4]
    z = samples.values.astype(float)
    z = z - z[paired].mean(0)
    others = {0: [2], 1: [2], 2: [0, 1], 3: [4], 4: [3]}
    shared = np.mean([z[i] * z[others[i]].mean(0) for i in paired], axis=0)
    rho = np.clip(shared / (z[paired] ** 2).mean(0), 0, 1)
    found, n = noise_ceiling(samples)
    assert n == 5
    np.testing.assert_allclose(found.r2, rho, rtol=1e-6)
    np.testing.assert_allclose(found.r, np.sqrt(rho), rtol=1e-6)


def test_mirrored_copies_do_not_raise_it(rng):
    samples, _ = planted(rng, 1.0, genes=3)
    twice = samples.take(np.tile(np.arange(S * D), 2))
    copies = np.repeat([False, True], S * D)
    twice = dataclasses.replace(twice, mirrored=copies)
    for one, other in zip(noise_ceiling(twice)[0], noise_ceiling(samples)[0], strict=1):
        np.testing.assert_array_equal(one, other)


def test_without_a_structure_of_two_donors_there_is_none(rng):
    values = rng.normal(size=(6, 2))
    samples = study(rng, values, list("aabbcc"), list("xxyyzz"))
    assert noise_ceiling(samples) is None
