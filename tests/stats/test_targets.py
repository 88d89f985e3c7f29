"""Random effects of anatomy against planted truths and closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from inr_jax.samples.support import Support, single_points
from inr_jax.stats import mixed_model, targets

P, PER, D, G = 12, 6, 6, 8  # parents, structures in each, donors, genes
NOISE = 0.8


def points(x_mm) -> Support:
    return single_points(x_mm, np.zeros((len(x_mm), 2)))


def picked(names, rows):
    support = names["support"].take(rows)
    return {k: v[rows] for k, v in names.items() if k != "support"} | {
        "support": support
    }


def planted(rng, genes=G, correlated=True):
    """Wells of every structure in every donor: names, truth `(S, G)` and values."""
    mix = rng.normal(size=(genes, 3 if correlated else genes))
    mix /= np.linalg.norm(mix, axis=1, keepdims=True)

    def draw(count, sd):
        return sd * rng.normal(size=(count, mix.shape[1])) @ mix.T

    parent_of = np.repeat(np.arange(P), PER)
    truth = draw(P, 0.7)[parent_of] + draw(P * PER, 0.5)
    structure = np.tile(np.arange(P * PER), D)
    donor = np.repeat(np.arange(D), P * PER)
    parent = parent_of[structure]
    batch = 0.3 * rng.normal(size=(D, P, genes))
    noise = NOISE * rng.normal(size=(len(donor), genes))
    values = truth[structure] + batch[donor, parent] + noise
    names = {"donor": donor, "structure": structure, "parent": parent}
    names["support"] = points(rng.uniform(-70, 70, (len(donor), 3)))  # says nothing
    return names, truth, values


def error(estimate, truth):
    return float(np.sqrt(((estimate - truth) ** 2).mean()))


def test_effects_are_nearer_the_truth_than_wells_and_than_means(rng):
    names, truth, values = planted(rng)
    target = truth[names["structure"]]
    means = np.stack([values[names["structure"] == s].mean(0) for s in range(P * PER)])[
        names["structure"]
    ]
    found = targets.blup_targets(values, **names)[0]
    assert error(found, target) < 0.9 * error(means, target) < error(values, target)


def test_genes_that_go_together_help_each_other(rng):
    names, truth, values = planted(rng)
    target = truth[names["structure"]]
    together = targets.blup_targets(values, **names)[0]
    alone = np.concatenate(
        [targets.blup_targets(values[:, [g]], **names)[0] for g in range(G)], axis=1
    )
    assert error(together, target) < 0.95 * error(alone, target)


def test_a_well_without_a_name_stays_as_it_is(rng):
    names, _, values = planted(rng)
    names["structure"] = np.where(np.arange(len(values)) % 7, names["structure"], -1)
    found = targets.blup_targets(values, **names)[0]
    unnamed = names["structure"] < 0
    np.testing.assert_array_equal(found[unnamed], values[unnamed])
    assert (found[~unnamed] != values[~unnamed]).any(1).all()


def test_without_any_name_nothing_changes(rng):
    values = rng.normal(size=(9, 2))
    none = np.full(9, -1)
    x_mm, donor = rng.normal(size=(9, 3)), np.zeros(9, int)
    found, _ = targets.blup_targets(
        values, donor=donor, structure=none, parent=none, support=points(x_mm)
    )
    np.testing.assert_array_equal(found, values)


def test_wells_of_one_name_get_one_value_in_any_order_of_wells(rng):
    names, _, values = planted(rng)
    found = targets.blup_targets(values, **names)[0]
    for s in (0, 17, 40):
        assert np.ptp(found[names["structure"] == s], axis=0).max() == 0
    shuffle = rng.permutation(len(values))
    shuffled = picked(names, shuffle)
    again = targets.blup_targets(values[shuffle], **shuffled)[0]
    np.testing.assert_allclose(again, found[shuffle], atol=1e-8)


def test_a_rare_structure_borrows_from_its_parent(rng):
    names, _, values = planted(rng)
    rare = names["structure"] != 3
    rare |= names["donor"] == 0  # structure 3 is left in one donor alone
    names = picked(names, rare)
    found = targets.blup_targets(values[rare], **names)[0]
    row = np.flatnonzero(names["structure"] == 3)[0]
    siblings = found[(names["parent"] == 0) & (names["structure"] != 3)].mean(0)
    own = values[rare][row]
    towards = ((found[row] - siblings) @ (own - siblings)) / (
        (own - siblings) ** 2
    ).sum()
    assert 0 < towards < 0.7


@pytest.mark.parametrize("genes", [40, 3])
def test_many_genes_are_split_and_still_denoised(rng, monkeypatch, genes):
    monkeypatch.setattr(mixed_model, "TRAITS", 2)
    names, truth, values = planted(rng, genes=genes)
    target = truth[names["structure"]]
    found = targets.blup_targets(values, **names)[0]
    assert error(found, target) < 0.6 * error(values, target)


def test_an_outlying_well_counts_for_less(rng):
    names, _, values = planted(rng)
    clean = targets.blup_targets(values, **names)[0]
    values[5] += 40.0 * rng.choice([-1, 1], G)
    spoilt = targets.blup_targets(values, **names)[0]
    shift = np.abs(spoilt - clean)[names["structure"] == names["structure"][5]].mean()
    assert shift < 40.0 / D / 3  # a plain mean would move by 40 / D


def test_two_equal_genes_do_not_break_it(rng):
    names, _, values = planted(rng)
    values[:, 1] = values[:, 0]
    found = targets.blup_targets(values, **names)[0]
    np.testing.assert_allclose(found[:, 0], found[:, 1], atol=1e-6)
