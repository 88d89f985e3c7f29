"""The mixed model of structures against closed forms and its own likelihood."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from inr_jax.stats import mixed_model
from inr_jax.stats.mixed_model import MixedModelSettings, fit_effects
from inr_jax.stats.posteriors import EffectGroups, groups_of, structures


def test_one_gene_with_known_variances_is_shrunk_as_in_the_textbook():
    # One parent, known covariances: the best linear unbiased predictor, worked out
    # from the joint normal law of wells and effects.
    rng = np.random.default_rng(5)
    structure = np.array([0, 0, 0, 1, 2, 2])
    z = rng.normal(size=(6, 1, 1))
    groups = EffectGroups(structure, np.arange(6), np.array([0, 0, 1]))
    v = {"parent": 0.4, "structure": 0.2, "noise": 0.5}
    covariance = {name: np.full((1, 1), value) for name, value in v.items()}
    effect, *_ = structures(z, np.ones(6), groups, covariance)
    parent = groups.parent
    of_structure = v["structure"] * np.eye(3) + v["parent"] * (
        parent[:, None] == parent
    )
    wells = of_structure[:, structure]
    noisy = of_structure[np.ix_(structure, structure)] + v["noise"] * np.eye(6)
    exact = wells @ np.linalg.solve(noisy, z[:, 0, 0])
    np.testing.assert_allclose(effect[:, 0, 0], exact, atol=1e-12)


def test_means_over_many_wells_weigh_more_but_not_as_many_wells():
    # Precision 1 / (c + (1 - c) / m) each: effects of the first round are those of
    # the joint normal law with noise of these variances.
    rng = np.random.default_rng(6)
    structure, size = np.array([0, 0, 0, 1, 1, 2]), np.array([1, 4, 40, 2, 1, 9])
    z = rng.normal(size=(6, 1, 1))
    groups = EffectGroups(structure, np.arange(6), np.array([0, 0, 1]), size)
    settings = MixedModelSettings(common=0.25, rounds=1)
    noise = 0.25 + 0.75 / size
    noise = noise * (1 / noise).mean()
    v = mixed_model.START
    of_structure = v["structure"] * np.eye(3) + v["parent"] * np.array(
        [[1, 1, 0], [1, 1, 0], [0, 0, 1]]
    )
    wells = of_structure[:, structure]
    noisy = of_structure[np.ix_(structure, structure)] + v["noise"] * np.diag(noise)
    exact = wells @ np.linalg.solve(noisy, z[:, 0, 0])
    effects = fit_effects(z, groups, settings)
    np.testing.assert_allclose(effects.structure[:, 0, 0], exact, atol=1e-12)
    alike = fit_effects(z, groups._replace(size=np.full(6, 7)), settings)
    ones = fit_effects(z, groups._replace(size=1.0), settings)
    np.testing.assert_allclose(alike.structure, ones.structure, atol=1e-12)


def log_likelihood(z, groups, covariance):
    """Of wells `(N, T)`, from their joint normal law, written out."""
    structure, parent = groups.structure, groups.parent[groups.structure]
    pairs = {"structure": structure, "parent": parent}
    joint = np.kron(np.eye(len(z)), covariance["noise"])
    for name, group in pairs.items():
        joint += np.kron(group[:, None] == group, covariance[name])
    return multivariate_normal.logpdf(z.ravel(), np.zeros(z.size), joint)


def test_every_round_raises_the_likelihood(rng, monkeypatch):
    monkeypatch.setattr(mixed_model, "RIDGE", 1e-12)
    monkeypatch.setitem(mixed_model.START, "donor_parent", 1e-12)
    structure = rng.integers(0, 12, 60)
    groups = groups_of(np.zeros(60, int), structure, structure // 4)
    mix = rng.normal(size=(2, 2))
    z = rng.normal(size=(3, 2))[structure // 4] + rng.normal(size=(12, 2))[structure]
    z = z @ mix + rng.normal(size=(60, 2))
    values = []
    for rounds in (1, 2, 3, 5, 8, 13, 30):
        settings = MixedModelSettings(degrees=1e12, shrinkage=0.0, rounds=rounds)
        effects = fit_effects(z[:, :, None], groups, settings)
        values.append(log_likelihood(z, groups, effects.covariance))
    assert (np.diff(values) > 0).all()
    assert values[-1] > values[0] + 0.5


@pytest.mark.parametrize("shape", [(9, 30), (30, 9), (12, 12)])
def test_leading_directions_are_those_of_the_decomposition(rng, shape):
    values = rng.normal(size=shape)
    _, _, exact = np.linalg.svd(values, full_matrices=False)
    directions = mixed_model._leading(values, 4)
    np.testing.assert_allclose(abs(directions @ exact[:4].T), np.eye(4), atol=1e-8)


@pytest.mark.parametrize("shape", [(60, 40), (40, 60)])
def test_a_few_directions_of_many_are_the_first_of_all(rng, monkeypatch, shape):
    standard = rng.normal(size=shape) * np.geomspace(1, 0.1, shape[1])
    whole = mixed_model._leading(standard, 5)
    monkeypatch.setattr(mixed_model, "WHOLE", 10)
    few = mixed_model._leading(standard, 5)
    np.testing.assert_allclose(few @ few.T, np.eye(5), atol=1e-9)
    np.testing.assert_allclose(few.T @ few, whole.T @ whole, atol=1e-6)
