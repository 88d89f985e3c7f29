"""Methods that know the anatomy, against loops, closed forms and planted truths."""

from __future__ import annotations

import numpy as np
import pytest
import references

from inr_jax.samples.samples import make_samples
from inr_jax.samples.sites import Sites
from inr_jax.samples.sources import allen_export
from inr_jax.stats import kriging as kriging_module
from inr_jax.stats.baselines import structure_baselines, structure_mean
from inr_jax.stats.hold_out import held_out_scores, leave_one_donor_out, summarise
from inr_jax.stats.kriging import (
    KINDS,
    START,
    fitted_variances,
    kriging,
    kriging_anatomy,
)

NAMES = ("structure_mean", "kriging_anatomy", "kriging_anatomy_targets")
# Structures of the wells, and the parent of each.
STRUCTURE = ["a1", "a1", "a2", "a2", "a2", "b1", "b1", "b2", "c1", None]
PARENT = {"a": "A", "b": "B", "c": "C"}
# Real wells, leave one donor out, mean over genes.
MEASURED = {"structure_mean": (0.497, 0.244), "kriging_anatomy": (0.500, 0.307)}


def wells(rng, times=4, genes=3):
    structure = STRUCTURE * times
    n = len(structure)
    return make_samples(
        x_mm=rng.uniform([-60, -90, -40], [60, 60, 70], size=(n, 3)),
        values=rng.normal(size=(n, genes)) * 2 + 5,
        genes=[f"G{i}" for i in range(genes)],
        structure=structure,
        parent=[name and PARENT[name[0]] for name in structure],
        where="test",
    )


def slow_mean(train, sites):
    rows = []
    for structure, parent in zip(sites.structure, sites.parent, strict=True):
        groups = (
            [i for i, s in enumerate(train.structure) if s == structure >= 0],
            [i for i, p in enumerate(train.parent) if p == parent >= 0],
            range(len(train.well)),
        )
        rows.append(train.values[list(next(g for g in groups if g))].mean(0))
    return np.array(rows)


def test_a_structure_never_seen_takes_its_parent_then_the_mean_of_all(rng):
    every = wells(rng)
    gone = {every.structures.index("a1"), every.structures.index("c1")}
    train = every.take(~np.isin(every.structure, list(gone)))
    found = structure_mean(train, every.sites()).mean
    np.testing.assert_allclose(found, slow_mean(train, every.sites()), rtol=1e-6)
    of_c = every.structure == every.structures.index("c1")
    expected = np.tile(train.values.mean(0), (of_c.sum(), 1))
    np.testing.assert_allclose(found[of_c], expected, rtol=1e-6)


@pytest.mark.parametrize("mirror", [False, True])
def test_kriging_with_given_variances_equals_the_closed_form(rng, mirror):
    every, variances = wells(rng), (0.1, 0.3, 0.2, 0.5)
    train, sites = every.take(np.arange(27)), every.take(np.arange(20, 40)).sites()
    points = [references.folded(x) if mirror else x for x in (train.x_mm, sites.x_mm)]

    def covariance(one, other, ours, theirs):
        k = variances[0] * references.matern32(
            references.distances(one, other), length_mm=30.0
        )
        for i, (s, p) in enumerate(zip(*ours, strict=True)):
            for j, (t, q) in enumerate(zip(*theirs, strict=True)):
                k[i, j] += variances[1] * (s == t >= 0) + variances[2] * (p == q >= 0)
        return k

    mine, others = ((w.structure, w.parent) for w in (train, sites))
    within = covariance(points[0], points[0], mine, mine) + 0.5 * np.eye(27)
    between = covariance(points[1], points[0], others, mine)
    mean, sd = train.values.mean(0), train.values.std(0)
    exact = mean + sd * (between @ np.linalg.solve(within, (train.values - mean) / sd))
    found = kriging_anatomy(train, sites, mirror=mirror, variances=variances)
    np.testing.assert_allclose(found.mean, exact, rtol=1e-5)
    prior = covariance(points[1], points[1], others, others)
    left = np.diag(prior - between @ np.linalg.solve(within, between.T))
    np.testing.assert_allclose(found.spread, np.outer(np.sqrt(left), sd), rtol=1e-5)


def test_without_names_it_is_kriging_on_coordinates(rng, monkeypatch):
    every = wells(rng)
    none = np.full(len(every.well), -1, np.int32)
    bare = every.__class__(**{**vars(every), "structure": none, "parent": none})
    exact = kriging(bare, bare.sites(), mirror=True, length_mm=30.0, nugget=0.5).mean
    found = kriging_anatomy(
        bare, bare.sites(), mirror=True, variances=(2.0, 0.7, 0.7, 1.0)
    ).mean
    np.testing.assert_allclose(found, exact, rtol=1e-6)


def planted(rng, variances, genes=60):
    """Sites of 12 parents with 4 structures each, and values of that law."""
    n, per = 240, 4
    structure = rng.integers(0, 12 * per, n).astype(np.int32)
    x_mm = rng.uniform([-60, -90, -40], [60, 60, 70], size=(n, 3))
    sites = Sites(x_mm, np.zeros((n, 2)), structure, structure // per)
    kinds = kriging_module.covariances(sites, sites, 30.0, True)
    law = np.tensordot(variances[:3], kinds, 1) + variances[3] * np.eye(n)
    return sites, np.linalg.cholesky(law) @ rng.normal(size=(n, genes))


@pytest.mark.parametrize("variances", [(0.3, 0.2, 0.3, 0.4), (0.05, 0.4, 0.1, 0.8)])
def test_fitted_variances_are_those_planted(rng, variances):
    sites, z = planted(rng, variances)
    found = fitted_variances(sites, z, mirror=True)
    assert len(found) == len(KINDS)
    np.testing.assert_allclose(found, variances, rtol=0.25, atol=0.01)


def test_an_effect_that_is_not_there_gets_no_variance(rng):
    sites, z = planted(rng, (0.3, 0.0, 0.4, 0.5))
    place, structure, parent, noise = fitted_variances(sites, z, mirror=True)
    assert structure < 0.02 < 0.2 < min(place, parent, noise)


def test_of_many_wells_some_are_fitted(rng, monkeypatch):
    sites, z = planted(rng, (0.3, 0.2, 0.3, 0.4))
    thinned = sites.take(slice(None, None, 4))
    exact = fitted_variances(thinned, z[::4], mirror=True)
    monkeypatch.setattr(kriging_module, "FITTED", 60)
    assert fitted_variances(sites, z, mirror=True) == exact


def test_the_slope_of_the_misfit_is_that_of_differences(rng):
    sites, z = planted(rng, START, genes=3)
    kinds = kriging_module.covariances(sites, sites, 30.0, True)
    kinds = np.concatenate([kinds, np.eye(len(z))[None]])
    at = np.log(START) + 0.3
    _, slope = kriging_module._misfit(at, kinds, z)
    step = 1e-5 * np.eye(4)
    slow = [
        (
            kriging_module._misfit(at + one, kinds, z)[0]
            - kriging_module._misfit(at - one, kinds, z)[0]
        )
        / 2e-5
        for one in step
    ]
    np.testing.assert_allclose(slope, slow, rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_sites_in_parts_are_predicted_as_sites_at_once(rng, monkeypatch, name):
    every = wells(rng)
    predict = structure_baselines(True)[name]
    whole = predict(every, every.sites()).mean
    monkeypatch.setattr(kriging_module, "FITTED", 40)
    parts = [
        predict(every, every.take(rows).sites()).mean
        for rows in (np.arange(9), np.arange(9, 40))
    ]
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-9)


@pytest.mark.parametrize(
    "name",
    ["structure_mean", pytest.param("kriging_anatomy", marks=pytest.mark.slow)],
)
def test_real_donors_give_the_measured_table(cyp, name):
    samples = allen_export.load(cyp).samples
    assert tuple(structure_baselines(True)) == NAMES
    predict = structure_baselines(True)[name]
    pooled = leave_one_donor_out(predict, samples, named=True).mean
    mean = summarise(held_out_scores(samples, pooled, name))["donor"][name]
    found = (mean["r_mean"], mean["r2_mean"])
    np.testing.assert_allclose(found, MEASURED[name], atol=0.003)
