"""The structure model: blind to held-out donors, better where names say all."""

from __future__ import annotations

import csv
import dataclasses
import json
import logging

import jax
import numpy as np
import pytest
from given import structured_samples as study

from inr_jax.fitting.held_out_fit import make_predictor
from inr_jax.report.tables import scores_table
from inr_jax.run import build, config
from inr_jax.run.run import Run
from inr_jax.run.stages import render
from inr_jax.run.stages.evaluate import evaluate_stage
from inr_jax.run.workdir import Workdir
from inr_jax.samples.sites import UNNAMED
from inr_jax.samples.source import Source
from inr_jax.stats import hold_out
from inr_jax.stats.baselines import baselines, structure_baselines
from inr_jax.stats.predictor import Prediction
from inr_jax.stats.scores import score

pytestmark = pytest.mark.usefixtures("quick_compiling")

G = 4
TINY = {
    "fit.steps": 2,
    "fit.members": 1,
    "field.hidden": 8,
    "anatomy.steps": 3,
    "anatomy.hidden": 8,
    "anatomy.width": 3,
}


def settings(**overrides):
    c = config.default()
    c.update_from_flattened_dict({**TINY, **overrides})
    return c


def assert_same(one, two):
    jax.tree.map(np.testing.assert_array_equal, one, two)


def test_a_field_that_sees_no_anatomy_is_blind_to_names(rng):
    samples = study(rng)
    bare = dataclasses.replace(
        samples,
        structure=np.full_like(samples.structure, UNNAMED),
        parent=np.full_like(samples.parent, UNNAMED),
    )
    plan = build.make_recipe(settings(**{"fit.targets": "wells"}), G)
    predict = make_predictor(plan, 72)
    assert_same(
        predict(samples, samples.sites()).mean, predict(bare, bare.sites()).mean
    )


@pytest.mark.slow
def test_where_names_say_all_they_beat_coordinates(rng):
    samples = study(rng, per=48)
    steps = {"fit.steps": 60, "anatomy.steps": 60, "anatomy.hidden": 32}
    found = {}
    for named, plan in (
        (False, build.make_recipe(settings(**steps), G)),
        (True, build.make_structure_recipe(settings(**steps), samples)),
    ):
        predict = make_predictor(plan, len(samples.well))
        held_out = hold_out.leave_one_donor_out(predict, samples, named=named).mean
        found[named] = score(samples.values, held_out).r2.mean()
    assert found[True] > 0.8 > 0.3 > found[False]


def test_a_held_out_donor_does_not_reach_the_fit(rng):
    # Names and expression of the held-out donor are changed; a well of the training
    # donors, put to the fitted field, is predicted bit for bit as before.
    samples = study(rng)
    held = samples.donor == 0
    values = np.where(held[:, None], np.float32(1e9), samples.values)
    structure = np.where(held, samples.structure[::-1], samples.structure)
    spoilt = dataclasses.replace(samples, values=values, structure=structure)
    plan = build.make_structure_recipe(settings(), samples)
    predict = make_predictor(plan, 72)
    known = samples.take(~held).sites()
    honest, spoilt = (predict(s.take(~held), known).mean for s in (samples, spoilt))
    assert_same(honest, spoilt)


def test_names_are_given_in_the_protocol_of_anatomy_alone(rng):
    samples, seen = study(rng), []

    def spy(training, sites):
        seen.append(sites)
        return Prediction(np.zeros((len(sites.x_mm), G)))

    for named in (False, True):
        hold_out.leave_one_donor_out(spy, samples, named=named)
    hidden, given = seen[:3], seen[3:]
    for bare, full, donor in zip(hidden, given, range(3), strict=True):
        held = samples.donor == donor
        assert (bare.structure == UNNAMED).all() and (bare.parent == UNNAMED).all()
        assert_same(bare.x_mm, full.x_mm)
        assert_same(full.structure, samples.structure[held])
        assert_same(full.parent, samples.parent[held])


def test_anatomy_needs_names_in_two_donors(rng):
    samples = study(rng)
    assert hold_out.why_no_structures(samples) is None
    assert hold_out.why_no_structures(study(rng, named=False)) == (
        "no well has a structure"
    )
    structure = np.where(samples.donor == 1, samples.structure, UNNAMED)
    one = dataclasses.replace(samples, structure=structure)
    assert hold_out.why_no_structures(one) == "only wells of donor b have structures"


def cut_down(samples, counts):
    """The first so many wells of each donor."""
    rows = [np.flatnonzero(samples.donor == d)[:n] for d, n in enumerate(counts)]
    return samples.take(np.concatenate(rows))


def test_donors_of_two_wells_are_trained_on_and_scored(rng):
    samples = study(rng)
    for counts in ((2, 24, 24), (2, 2, 2)):
        few = cut_down(samples, counts)
        plan = build.make_structure_recipe(settings(), few)
        methods = {**structure_baselines(True), **baselines(True)}
        for predict in (make_predictor(plan, 72), *methods.values()):
            found = hold_out.leave_one_donor_out(predict, few, named=True).mean
            assert np.isfinite(found).all()
            assert np.isfinite(score(few.values, found).r).all()
    one = cut_down(samples, (3, 1, 0))
    assert hold_out.why_no_donors(one) == (
        "1 well is left to learn from without donor a"
    )


def evaluated(tmp_path, samples, **overrides):
    workdir = Workdir(tmp_path)
    source = Source(samples, {}, "test", {"warnings": []})
    c = settings(**overrides)
    models = build.make_models(c, samples)
    evaluate_stage(Run(c, workdir, source, build.make_canvas(c), models))
    with open(workdir.scores, newline="") as file:
        rows = list(csv.DictReader(file))
    return rows, json.loads(workdir.summary.read_text())["scores"]


@pytest.mark.slow
def test_both_protocols_stand_in_the_scores(tmp_path, rng, capsys):
    rows, summary = evaluated(tmp_path, study(rng))
    methods = {
        "donor": [
            "inr",
            "nearest",
            "idw10",
            "kriging",
            "kriging_targets",
            "kriging_local",
        ],
        "donor+anatomy": [
            "inr",
            "structure_mean",
            "kriging_anatomy",
            "kriging_anatomy_targets",
            "noise_ceiling",
        ],
    }
    found = list(dict.fromkeys((row["protocol"], row["method"]) for row in rows))
    assert found == [(p, m) for p, names in methods.items() for m in names]
    assert {p: list(names) for p, names in summary.items()} == methods
    assert summary["donor+anatomy"]["structure_mean"]["r2_mean"] > 0.8
    assert "structures known: 4 genes, 72 wells" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("named", "overrides", "reason"),
    [
        (False, {}, "no well has a structure"),
        (True, {"anatomy.enabled": False}, "config.anatomy.enabled is False"),
    ],
)
def test_a_protocol_that_is_left_out_says_why(
    tmp_path, rng, caplog, named, overrides, reason
):
    with caplog.at_level(logging.INFO, "inr_jax"):
        _, summary = evaluated(tmp_path, study(rng, named=named), **overrides)
    assert list(summary) == ["donor"]
    lines = [text for text in caplog.messages if "donor+anatomy" in text]
    assert lines == [f"evaluate: no protocol donor+anatomy, {reason}"]


def rows_of(protocol, methods):
    numbers = {"n": 9, "r": 0.5, "r2": 0.2, "mse": 1.0}
    return [
        {"method": m, "protocol": protocol, "gene": "A", **numbers} for m in methods
    ]


def test_each_protocol_has_its_picture_and_its_rival(tmp_path):
    rows = rows_of("donor", ["inr", "kriging_targets"])
    render.draw_scores(tmp_path, rows)
    assert [path.name for path in tmp_path.iterdir()] == ["held_out.png"]
    rows += rows_of(
        "donor+anatomy", ["inr", "structure_mean", "kriging_anatomy_targets"]
    )
    render.draw_scores(tmp_path, rows)
    assert (tmp_path / "held_out_anatomy.png").read_bytes()[:4] == b"\x89PNG"
    text = scores_table(rows)
    assert (
        "inr beats kriging_targets in" in text
        and "inr beats kriging_anatomy_targets in" in text
    )
