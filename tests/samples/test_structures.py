"""Anatomy as a condition: memberships, tables, fits and the protocol that gives it."""

from __future__ import annotations

import csv
import dataclasses
import json
import logging
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_jax.brain.space import Box
from inr_jax.fields.architectures import make_field
from inr_jax.fields.conditioning import (
    StructureEmbedding,
    make_conditioning,
    with_structures,
)
from inr_jax.fields.inputs import Inputs, make_places
from inr_jax.fitting import fit, recipe
from inr_jax.fitting.data import pack
from inr_jax.fitting.optimizer import make_adam
from inr_jax.report.tables import scores_table
from inr_jax.run import build, config
from inr_jax.run.run import Run
from inr_jax.run.stages import render
from inr_jax.run.stages.evaluate import evaluate_stage
from inr_jax.run.workdir import Workdir
from inr_jax.samples.samples import UNNAMED, make_samples
from inr_jax.samples.source import Source
from inr_jax.samples.structures import (
    KnownStructures,
    in_one_donor,
    known_structures,
    memberships,
)
from inr_jax.stats import hold_out
from inr_jax.stats.baselines import baselines, structure_baselines
from inr_jax.stats.predictor import Prediction
from inr_jax.stats.scores import score

pytestmark = pytest.mark.usefixtures("quick_compiling")

P, S, W, G, N = 2, 5, 6, 4, 30
EMBEDDING = StructureEmbedding(
    parents=P, structures=S, width=W, spread=0.6, scale=0.5, penalty=0.3
)
BOX = Box(np.array([30.0, -20.0, 5.0], np.float32), np.float32(80))
FIELD = partial(make_field, "siren", hidden=12, depth=2, omega=4.0)
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


def trainer(batch=0, jitter=3.0):
    inner = make_conditioning("heads", FIELD, genes=G, features=3 + W)
    made = with_structures(inner, EMBEDDING, 3)
    adam = make_adam(1e-2, decay=1.0, decay_steps=1, weight_decay=0.0)
    return fit.Trainer(made, adam, jitter, 2, batch, 0)


def data_for(rng, plan, rows=N, unseen=4):
    """Wells of every structure but one."""
    structure = rng.choice([s for s in range(S) if s != unseen], N)
    anatomy = KnownStructures(np.float32([0.5, 0.5]), np.arange(S) != unseen)
    return pack(
        plan.conditioning,
        Inputs(BOX),
        places=make_places(
            rng.uniform(-70, 70, (N, 3)),
            np.zeros((N, 2)),
            memberships(anatomy, structure, structure // 3),
        ),
        standard=rng.normal(size=(N, G)),
        codes=np.zeros((G, 0), np.float32),
        rows=rows,
    )


def fitted(plan, data, steps=12):
    state = fit.init(plan, jax.random.key(0))
    return fit.fit(plan, state, data, steps=steps, chunk=4)


def assert_same(one, two):
    jax.tree.map(np.testing.assert_array_equal, one, two)


def study(rng, per=24, donors=("a", "b", "c"), named=True, genes=G):
    """Structures whose effects are scattered in space: coordinates say nothing."""
    n = per * len(donors)
    structure = np.arange(n) % 8
    effect = rng.normal(size=(8, genes))
    return make_samples(
        x_mm=rng.uniform([-60, -90, -40], [60, 60, 70], size=(n, 3)),
        values=effect[structure] + 0.2 * rng.normal(size=(n, genes)) + 7,
        genes=[f"G{g}" for g in range(genes)],
        donor=[donors[i // per] for i in range(n)],
        structure=[f"s{s}" for s in structure] if named else None,
        parent=[f"p{s // 4}" for s in structure] if named else None,
        where="test",
    )


def test_a_well_is_a_whole_member_of_its_structure_and_parent():
    anatomy = KnownStructures(np.float32([0.25, 0.75, 0]), np.array([True, False]))
    found = memberships(
        anatomy, np.array([0, 1, UNNAMED, 0, UNNAMED]), np.array([1, 0, 1, -1, 2])
    )
    expected = [
        [0, 1, 0, 1, 0],
        [1, 0, 0, 0, 0],  # structure never seen: its parent alone
        [0, 1, 0, 0, 0],  # no structure
        [0.25, 0.75, 0, 1, 0],  # no parent: each by its share
        [0.25, 0.75, 0, 0, 0],  # a parent never seen says nothing
    ]
    np.testing.assert_array_equal(found, np.float32(expected))
    assert found.dtype == np.float32


def test_shares_and_names_are_those_of_the_training_wells(rng):
    every = study(rng)
    training = every.take(every.structure != 7)
    anatomy = known_structures(training)
    np.testing.assert_allclose(anatomy.parent_share, [4 / 7, 3 / 7], rtol=1e-6)
    np.testing.assert_array_equal(anatomy.present, np.arange(8) != 7)
    assert memberships(anatomy, every.structure, every.parent).shape == (72, 10)


def test_samples_without_names_have_no_memberships(rng):
    bare = study(rng, named=False)
    found = memberships(known_structures(bare), bare.structure, bare.parent)
    assert found.shape == (72, 0)


def test_the_field_sees_the_scaled_place_and_the_sum_of_its_rows(rng):
    inner = make_conditioning("heads", FIELD, genes=G, features=3 + W)
    made = with_structures(inner, EMBEDDING, 3)
    params = made.init(jax.random.key(1))
    tables = params["shared"]
    assert not tables["structure"].any() and tables["structure"].shape == (S, W)
    tables["structure"] = jnp.asarray(rng.normal(size=(S, W)), jnp.float32)
    place = rng.normal(size=3).astype(np.float32)
    x = np.concatenate([place, [0, 1], np.eye(S)[3]]).astype(np.float32)
    inside = {"shared": tables["inner"], "genes": params["genes"]}
    seen = np.concatenate([0.5 * place, tables["parent"][1] + tables["structure"][3]])
    codes = np.zeros((G, 0), np.float32)
    np.testing.assert_allclose(
        made.apply(params, codes, x), inner.apply(inside, codes, seen), 1e-5
    )
    squares = float((np.asarray(tables["structure"], np.float64) ** 2).sum())
    assert float(made.penalty(params)) == pytest.approx(0.3 * squares, rel=1e-5)
    twice = with_structures(made, EMBEDDING._replace(width=P + S), 3)
    more = {"structure": jnp.ones((S, P + S)), "parent": None}
    outer = {**params, "shared": {"inner": tables, **more}}
    expected = 0.3 * squares + 0.3 * S * (P + S)
    assert float(twice.penalty(outer)) == pytest.approx(expected, rel=1e-5)


def test_parents_start_apart_by_the_spread():
    inner = make_conditioning("heads", FIELD, genes=G, features=3 + 50)
    wide = EMBEDDING._replace(parents=40, width=50)
    parent = with_structures(inner, wide, 3).init(jax.random.key(0))["shared"]["parent"]
    assert float(parent.std()) == pytest.approx(0.6, rel=0.05)


@pytest.mark.parametrize("batch", [0, 16])
def test_the_penalty_is_added_to_the_error_by_the_well(rng, batch):
    plan = trainer(batch=batch, jitter=0.0)
    data = data_for(rng, plan)
    params = plan.conditioning.init(jax.random.key(0))
    params["shared"]["structure"] += 0.7
    bare = plan.conditioning._replace(penalty=None)
    values = [
        float(
            fit.loss(some, params, data.of_network(0), jax.random.key(3), batch=batch)
        )
        for some in (plan.conditioning, bare)
    ]
    expected = 0.3 * S * W * 0.7**2 / N
    assert values[0] - values[1] == pytest.approx(expected, rel=1e-4)


def test_a_structure_never_seen_stays_its_parent(rng):
    plan = trainer()
    state, _ = fitted(plan, data_for(rng, plan, unseen=4))
    moved = np.abs(np.asarray(state.params["shared"]["structure"])).sum((0, 2))
    assert moved[4] == 0 and (moved[:4] > 0).all()


def test_padding_rows_do_not_matter_and_are_never_drawn(rng):
    for batch in (0, 16):
        plan = trainer(batch=batch)
        data = data_for(rng, plan, rows=40)
        state, _ = fitted(plan, data)
        junk = data.places.membership.at[N:].set(1e3)
        junk = data._replace(places=data.places._replace(membership=junk))
        assert_same(fitted(plan, junk)[0].params, state.params)


def test_cutting_a_fit_between_chunks_changes_no_bit(rng):
    plan = trainer()
    data = data_for(rng, plan)
    whole, _ = fitted(plan, data, steps=12)
    part, _ = fitted(plan, data, steps=8)
    rest, _ = fit.fit(plan, part, data, steps=12, chunk=4)
    assert_same(rest, whole)


def test_a_field_that_sees_no_anatomy_is_blind_to_names(rng):
    samples = study(rng)
    bare = dataclasses.replace(
        samples,
        structure=np.full_like(samples.structure, UNNAMED),
        parent=np.full_like(samples.parent, UNNAMED),
    )
    plan = build.make_recipe(settings(**{"fit.targets": "wells"}), G)
    predict = recipe.make_predictor(plan, 72)
    assert_same(
        predict(samples, samples.sites()).mean, predict(bare, bare.sites()).mean
    )


def test_where_names_say_all_they_beat_coordinates(rng):
    samples = study(rng, per=48)
    steps = {"fit.steps": 60, "anatomy.steps": 60, "anatomy.hidden": 32}
    found = {}
    for named, plan in (
        (False, build.make_recipe(settings(**steps), G)),
        (True, build.make_structure_recipe(settings(**steps), samples)),
    ):
        predict = recipe.make_predictor(plan, len(samples.well))
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
    predict = recipe.make_predictor(plan, 72)
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


def test_a_structure_of_one_donor_is_alone(rng):
    samples = study(rng, per=8)
    structure = np.array(samples.structure)
    structure[samples.donor != 1] = np.minimum(structure[samples.donor != 1], 6)
    structure[0] = UNNAMED
    changed = dataclasses.replace(samples, structure=structure)
    np.testing.assert_array_equal(in_one_donor(changed), structure == 7)


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
        for predict in (recipe.make_predictor(plan, 72), *methods.values()):
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


def test_both_protocols_stand_in_the_scores(tmp_path, rng, capsys):
    rows, summary = evaluated(tmp_path, study(rng))
    methods = {
        "donor": ["inr", "nearest", "idw10", "kriging"],
        "donor+anatomy": ["inr", "structure_mean", "kriging_anatomy", "noise_ceiling"],
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
    rows = rows_of("donor", ["inr", "kriging"])
    render.draw_scores(tmp_path, rows)
    assert [path.name for path in tmp_path.iterdir()] == ["held_out.png"]
    rows += rows_of("donor+anatomy", ["inr", "structure_mean", "kriging_anatomy"])
    render.draw_scores(tmp_path, rows)
    assert (tmp_path / "held_out_anatomy.png").read_bytes()[:4] == b"\x89PNG"
    text = scores_table(rows)
    assert "inr beats kriging in" in text and "inr beats kriging_anatomy in" in text
