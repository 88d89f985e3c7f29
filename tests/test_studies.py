"""Studies: what is perturbed, what agreement and chance are, and their files."""

from __future__ import annotations

import argparse
import csv
import json

import numpy as np
import pytest
import references
from given import random_samples
from lib import grid, studies, study_figures, study_files
from lib.held_out import beside

from inr_jax.fields.gene_codes import pc1_order, spectral_order
from inr_jax.stats.folds import well_folds

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def samples(rng):
    return random_samples(rng, 40, 5)


@pytest.mark.parametrize("percent", [0, 1, 20, 100])
def test_so_many_percent_of_values_move_by_the_share_of_their_genes_range(rng, percent):
    values = rng.normal(size=(50, 6)) * [1, 10, 100, 1, 2, 3]
    found = studies.perturbed(values, percent, share=0.1, seed=3)
    moved = found != values
    assert moved.sum() == percent * 3
    for g in range(6):
        size = 0.1 * (max(values[:, g]) - min(values[:, g]))
        steps = (found - values)[moved[:, g], g] / size
        np.testing.assert_allclose(abs(steps), 1, rtol=1e-9)


def test_noise_goes_both_ways_by_its_seed_and_more_noise_keeps_the_less(rng):
    values = rng.normal(size=(100, 20))
    few, more = (
        studies.perturbed(values, percent, share=0.1, seed=1) - values
        for percent in (5, 20)
    )
    np.testing.assert_array_equal(more[few != 0], few[few != 0])
    assert 0.4 < (more[more != 0] > 0).mean() < 0.6
    other = studies.perturbed(values, 5, share=0.1, seed=2) - values
    assert ((few != 0) != (other != 0)).any()


def test_only_training_values_are_perturbed_and_the_samples_stay(samples):
    before, seen = samples.values.copy(), []

    def spy(training, sites):
        seen.append((training, sites))
        return np.zeros((len(sites.x_mm), 5))

    noisy = studies.trained_on_perturbed(spy, 20, share=0.1, seed=0)
    noisy(samples, samples.sites())
    np.testing.assert_array_equal(samples.values, before)
    training, sites = seen[0]
    assert (training.values != before).sum() == 40
    np.testing.assert_array_equal(training.x_mm, samples.x_mm)
    assert not hasattr(sites, "values")


def test_means_of_scores_are_those_of_the_held_out_wells_alone(samples, rng):
    folds = well_folds(samples).first(2)
    held = folds.of >= 0
    predicted = np.where(held[:, None], rng.normal(size=(40, 5)), np.nan)
    slow = [
        references.score(samples.values[held, g].astype(float), predicted[held, g])
        for g in range(5)
    ]
    found = studies.mean_scores(samples, folds, predicted)
    np.testing.assert_allclose(list(found.values()), np.mean(slow, 0), atol=5.1e-5)
    assert list(found) == ["r", "r2", "mse"]


def test_spearman_is_of_order_alone_and_the_closed_form_without_ties(rng):
    x, y = rng.normal(size=(2, 12))
    d = [sum(x < a) - sum(y < b) for a, b in zip(x, y, strict=True)]
    closed = 1 - 6 * sum(k * k for k in d) / (12 * (144 - 1))
    assert studies.spearman(x, y) == pytest.approx(closed)
    assert studies.spearman(np.exp(x), -y) == pytest.approx(-closed)


def donors_of_one_order(rng, genes=30, wells=200):
    """Two donors in whom genes form a chain: neighbours share their wells' values."""
    place = np.linspace(0, np.pi, genes)
    return [
        rng.normal(size=(wells, 1)) * np.cos(place)
        + 0.5 * rng.normal(size=(wells, 1)) * np.sin(place)
        + 0.2 * rng.normal(size=(wells, genes))
        for _ in range(2)
    ]


@pytest.mark.parametrize("order", [spectral_order, pc1_order])
def test_donors_with_one_chain_of_genes_agree_and_shuffled_genes_do_not(rng, order):
    one, other = donors_of_one_order(rng)
    shuffles = studies.shuffles(30, 200)
    rho, chance = studies.order_agreement(order(one), order(other), shuffles)
    # An end of a symmetric chain is as good as the other.
    assert abs(rho) > 0.9 > 0.6 > chance > 0.2
    mixed = order(other)[rng.permutation(30)]
    assert abs(studies.order_agreement(order(one), mixed, shuffles)[0]) < 0.6


def test_orders_are_read_from_the_end_that_agrees_with_the_reference(rng):
    reference = np.linspace(0, 1, 9)
    like, turned = reference**2, 1 - reference**3
    found = studies.aligned([like, turned], reference)
    np.testing.assert_allclose(found, [like, reference**3], atol=1e-15)


def test_agreement_of_correlations_is_mantels_whatever_the_genes_order(rng):
    one, other = map(studies.gene_correlation, donors_of_one_order(rng))
    shuffles = studies.shuffles(30, 100)
    rho, chance = studies.correlation_agreement(one, other, shuffles)
    assert rho > 0.9 > 0.5 > chance
    pairs = [(i, j) for i in range(30) for j in range(i + 1, 30)]
    flat = [np.array([m[i, j] for i, j in pairs]) for m in (one, other)]
    assert rho == pytest.approx(studies.spearman(*flat))
    p = rng.permutation(30)
    both = [m[np.ix_(p, p)] for m in (one, other)]
    assert studies.correlation_agreement(*both, shuffles)[0] == pytest.approx(rho)
    lone = studies.correlation_agreement(one, other[np.ix_(p, p)], shuffles)[0]
    assert abs(lone) < 0.5


def test_five_percent_of_chance_lies_beyond_what_is_called_chance(rng):
    shuffles = studies.shuffles(20, 1000)
    one, other = rng.normal(size=(2, 20))
    _, chance = studies.order_agreement(one, other, shuffles)
    # 1.96 / sqrt(G - 1), the large-sample quantile of Spearman's rho.
    assert chance == pytest.approx(1.96 / np.sqrt(19), abs=0.05)


def test_shuffles_are_permutations_the_same_each_time():
    found = studies.shuffles(7, 50)
    assert (np.sort(found, axis=1) == np.arange(7)).all()
    np.testing.assert_array_equal(found, studies.shuffles(7, 50))
    assert len(np.unique(found, axis=0)) > 40


def test_a_table_is_csv_and_json_and_a_tiny_study_leaves_this_folder_alone(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    rows = [{"method": "inr", "r": 0.5}, {"method": "kriging", "r": 0.25}]
    parser = study_files.study_flags("Why?", "why")
    given = parser.parse_args(["--tiny"])
    study_files.write_table(given, study_files.study_folder(given), rows)
    assert not list(tmp_path.iterdir())
    given = parser.parse_args(["--json=why.json"])
    study_files.write_table(given, study_files.study_folder(given), rows)
    assert json.loads((tmp_path / "why.json").read_text()) == rows
    with open(tmp_path / "why" / "why.csv", newline="") as file:
        assert [float(row["r"]) for row in csv.DictReader(file)] == [0.5, 0.25]
    assert "why.csv" in capsys.readouterr().out
    asked = argparse.Namespace(tiny=True, out=str(tmp_path / "a" / "b"), name="why")
    assert study_files.study_folder(asked).is_dir()


def test_curves_show_each_method_in_each_panel_and_cut_what_fails(tmp_path):
    rows = [
        {"method": method, "percent": percent, "r": r, "r2": r2}
        for percent, r in ((20, 0.1), (0, 0.4))
        for method, r2 in (("inr", 0.2), ("other", -3.0))
    ]
    how = {"along": "percent", "label": "noise, %"}
    figure = study_figures.curves_figure({"one": rows, "two": rows}, **how)
    assert len(figure.axes) == 4
    lines = {line.get_label(): line for line in figure.axes[0].get_lines()}
    np.testing.assert_array_equal(lines["inr"].get_xdata(), [0, 20])
    np.testing.assert_array_equal(lines["inr"].get_ydata(), [0.4, 0.1])
    below = figure.axes[2]
    drawn = {line.get_label(): line.get_ydata() for line in below.get_lines()}
    assert list(drawn["other"]) == [study_figures.LOWEST_DRAWN] * 2
    assert [text.get_text() for text in below.texts] == ["other below"]
    study_figures.curves(tmp_path / "c.png", {"one": rows}, **how)
    assert (tmp_path / "c.png").read_bytes().startswith(PNG)


def test_a_nan_parts_a_line_and_ticks_have_names():
    rows = [{"method": "inr", "at": at, "r": r} for at, r in ((0, 0.3), (2, 0.1))]
    rows.append({"method": "inr", "at": 1, "r": np.nan})
    how = {"along": "at", "label": "", "names": ("r",), "ticks": {0: "a", 2: "b"}}
    (axes,) = study_figures.curves_figure({"one": rows}, **how).axes
    np.testing.assert_array_equal(axes.get_lines()[0].get_ydata(), [0.3, np.nan, 0.1])
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "b"]


def test_agreement_writes_every_number_on_its_square(tmp_path):
    donors, matrix = (
        ("a", "b", "c"),
        np.array([[1, 0.1, 0.2], [0.1, 1, -0.3], [0.2, -0.3, 1]]),
    )
    pair = {"a": np.eye(4), "b": np.ones((4, 4))}
    figure = study_figures.agreement_figure(donors, pair, {"one": matrix})
    heat = figure.axes[2]
    shown = {t.get_position(): t.get_text() for t in heat.texts}
    assert shown == {
        (column, row): f"{matrix[row, column]:.2f}"
        for row in range(3)
        for column in range(3)
    }
    np.testing.assert_array_equal(figure.axes[1].images[0].get_array(), pair["b"])
    study_figures.agreement(tmp_path / "a.png", donors, pair, {"one": matrix})
    assert (tmp_path / "a.png").read_bytes().startswith(PNG)


def test_seeds_that_a_kept_fold_lacks_are_made_and_added(tmp_path):
    path, asked = tmp_path / "donor" / "cell.npz", []

    def make(seeds):
        asked.append(list(seeds))
        mean = np.array(seeds, np.float32)[:, None, None]
        return grid.Fold(mean, float(mean.mean()), np.nan)

    def kept(seeds, **made_from):
        return grid.kept(path, made_from, seeds, make)

    assert kept(2, steps=6).mean.ravel().tolist() == [0, 1]
    assert kept(4, steps=6).mean.ravel().tolist() == [0, 1, 2, 3]
    assert kept(1, steps=6).mean.ravel().tolist() == [0]
    assert kept(4, steps=6).fit == pytest.approx(np.mean([0, 1, 2, 3]))
    kept(1, steps=7)
    assert asked == [[0, 1], [2, 3], [0]]


def test_methods_are_compared_gene_by_gene_over_the_wells_that_were_predicted(rng):
    values = rng.normal(size=(30, 5))
    noise = [0.1 * rng.normal(size=(30, 5)) for _ in range(2)]
    draws = [values + part for part in noise]
    draws[1][20:] = np.nan
    rows = beside(values, {"near": draws, "far": [values[::-1]] * 2}, "far")
    each = [
        np.corrcoef(values[:n, g], draw[:n, g])[0, 1]
        for draw, n in zip(draws, (30, 20), strict=True)
        for g in range(5)
    ]
    assert rows[0]["r"] == pytest.approx(np.mean(each), abs=1e-6)
    far = [np.corrcoef(values[:, g], values[::-1, g])[0, 1] for g in range(5)]
    apart = np.reshape(each, (2, 5)).mean(0) - far
    assert rows[0]["difference"] == pytest.approx(apart.mean(), abs=1e-6)
    half = 1.96 * apart.std(ddof=1) / 5**0.5
    assert rows[0]["half_interval"] == pytest.approx(half, abs=1e-6)
    assert rows[1]["difference"] == rows[1]["half_interval"] == 0
