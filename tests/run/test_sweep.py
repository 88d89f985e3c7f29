"""Sweeps: what is chosen, what is shared, what is kept, what is refused."""

from __future__ import annotations

import csv
import json
import re
import runpy
from pathlib import Path

import numpy as np
import pytest
from given import random_samples, refused

from inr_jax import cli
from inr_jax.errors import InputError
from inr_jax.fitting import fit, joint, recipe
from inr_jax.fitting.joint import Reading
from inr_jax.run import build, config
from inr_jax.run.sweep import candidates, fold_cache
from inr_jax.run.sweep import plan as config_sweep
from inr_jax.stats import hold_out, nested_cv
from inr_jax.stats.scores import score

pytestmark = pytest.mark.usefixtures("quick_compiling")

TINY = {"phantom.n_wells": 60, "phantom.n_genes": 3, "field.hidden": 8}
TINY |= {"field.depth": 1, "fit.members": 2, "fit.steps": 20, "fit.chunk": 10}
FLAGS = [f"--config.{key}={value}" for key, value in TINY.items()]
SWEEPS = Path(__file__).resolve().parents[2] / "configs" / "sweeps"
SOME = [
    {},
    {"fit.steps": 10},
    {"fit.members": 1},
    {"fit.learning_rate": 1e-2, "fit.decay": 0.5, "fit.decay_steps": 10},
    {"fit.targets": "wells", "fit.jitter_mm": 0.0},
]


def study(rng, donors=4, per=7, genes=3):
    names = [f"d{donor}" for donor in range(donors)]
    return random_samples(rng, donors * per, genes, donors=names)


def tiny(**changes):
    c = config.default()
    c.update_from_flattened_dict({**TINY, **changes})
    return c


# Choosing


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


# Fitting together


def test_candidates_read_along_and_together_are_those_fitted_alone():
    some = [tiny(**changes) for changes in SOME]
    samples = build.load_source(some[0]).samples
    held = samples.donor == 2
    training, sites = samples.take(~held), samples.take(held).sites().unnamed()
    plans = [build.make_recipe(c, 3) for c in some]
    alone = [
        recipe.make_predictor(plan, len(training.well))(training, sites).mean
        for plan in plans
    ]
    compiled = len(fit._programs(plans[0].trainer))
    readings = [Reading(0, 20, 2), Reading(0, 10, 2), Reading(0, 20, 1)]
    readings += [Reading(1, 20, 2), Reading(2, 20, 2)]
    found = joint.predict(
        [plans[0], plans[3], plans[4]],
        readings,
        training,
        sites,
        rows=len(training.well),
    )
    assert len(fit._programs(plans[0].trainer)) == compiled + 1  # of three settings
    np.testing.assert_allclose(found, alone, atol=2e-4)
    assert abs(found[0] - found[1:]).max((1, 2)).min() > 2e-3


def test_what_is_read_along_one_fit_or_differs_in_numbers_is_one_group():
    some = [*SOME, {"field.omega": 9.0}, {"fit.steps": 40}, {"seed": 1}]
    c = tiny()
    found = config_sweep.groups_of(candidates_of(some, c), "donor")
    # The first is read along the fit of 40 steps, which others need not make.
    assert found == [[0, 1, 2, 6], [3, 4, 7], [5]]


def candidates_of(some, c, protocol="donor"):
    return [
        config_sweep.Candidate(
            candidates.label(one),
            one,
            config_sweep._applied(c, one, "here", protocol),
        )
        for one in some
    ]


def test_helpers_write_every_combination_or_one_change():
    choices = {"fit.steps": [1, 2], "seed": [3, 4]}
    assert candidates.grid(choices)[1] == {"fit.steps": 1, "seed": 4}
    assert len(candidates.grid(choices)) == 4
    one = candidates.one_at_a_time(choices)
    assert one[0] == {} and one[-1] == {"seed": 4} and len(one) == 5


@pytest.mark.parametrize("protocol", candidates.DEFAULT)
def test_the_default_candidates_can_be_used_and_differ(protocol):
    found = config_sweep.load_candidates(None, config.default(), protocol)
    assert len(found) == len(candidates.DEFAULT[protocol])
    for one in found:
        config.validate(one.config)


@pytest.mark.parametrize("path", sorted(SWEEPS.glob("*.py")), ids=lambda p: p.stem)
def test_the_files_in_configs_sweeps_can_be_used(path):
    found = config_sweep.load_candidates(str(path), config.default(), "donor")
    assert len(found) > 10
    assert all(
        isinstance(one, dict) for one in runpy.run_path(str(path))["get_sweep"]()
    )


# The verb


@pytest.fixture(scope="module")
def sweep_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("sweep") / "mine.py"
    path.write_text(f"def get_sweep():\n    return {SOME!r}\n")
    return path


@pytest.fixture(scope="module")
def done(sweep_file):
    """The workdir of a whole sweep."""
    folder = sweep_file.parent / "done"
    flags = [f"--workdir={folder}", f"--sweep={sweep_file}", "--donors=9861,10021"]
    assert cli.main(["sweep", *flags, *FLAGS]) == 0
    return folder


def table(folder):
    """sweep.csv without the times."""
    rows = csv.DictReader((folder / "sweep.csv").open())
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]


def test_the_verb_writes_table_summary_and_picture(done):
    rows = table(done)
    assert [json.loads(row["overrides"]) for row in rows[:5]] == SOME
    assert [row["candidate"] for row in rows[5:]] == [
        "nested",
        "nearest",
        "idw10",
        "kriging",
    ]
    assert sum(int(row["chosen"]) for row in rows[:5]) == 2
    tree = json.loads((done / "sweep.json").read_text())
    best = {row["candidate"]: row["inner"] for row in tree["candidates"]}
    for donor, name in tree["choices"].items():
        assert best[name][donor] == max(inner[donor] for inner in best.values())
    assert (done / "figures" / "sweep.png").read_bytes()[:4] == b"\x89PNG"
    assert len(list((done / "sweep").glob("*.npz"))) == 2 + 9


def test_outer_scores_are_those_of_the_verb_evaluate(done):
    c = tiny()
    samples = build.load_source(c).samples
    predict = recipe.make_predictor(build.make_recipe(c, 3), len(samples.well))
    found = hold_out.leave_one_donor_out(predict, samples).mean
    donors = [samples.donors.index(name) for name in ("9861", "10021")]
    expected = nested_cv.means(samples, found, donors)
    assert float(table(done)[0]["outer_r"]) == pytest.approx(expected[0], abs=1e-4)


def test_a_killed_sweep_goes_on_to_the_same_table(done, sweep_file, monkeypatch):
    before, kept_files = table(done), sorted((done / "sweep").glob("*.npz"))
    bytes_before = [path.read_bytes() for path in kept_files]
    kept_files[0].unlink()
    kept_files[3].write_bytes(kept_files[3].read_bytes()[:100])  # damaged
    fits, real = [], joint.predict

    def counted(*args, **kwargs):
        fits.append(1)
        return real(*args, **kwargs)

    monkeypatch.setattr(joint, "predict", counted)
    flags = [f"--workdir={done}", f"--sweep={sweep_file}", "--donors=9861,10021"]
    assert cli.main(["sweep", *flags, *FLAGS]) == 0
    assert len(fits) == 2 and table(done) == before
    for path, old in zip(kept_files, bytes_before, strict=True):
        assert (np.load(path)["predicted"] == np.load(_io(old))["predicted"]).all()


def _io(data):
    import io

    return io.BytesIO(data)


def test_another_sweep_in_the_same_workdir_is_refused(done, sweep_file, capsys):
    flags = [f"--workdir={done}", *FLAGS]
    line = refused(capsys, "sweep", *flags)
    assert "another in donors, candidates; take a new --workdir" in line
    same = [f"--sweep={sweep_file}", "--donors=9861,10021"]
    line = refused(capsys, "sweep", *flags, *same, "--config.fit.steps=30")
    assert "fit.steps: 20 -> 30" in line
    line = refused(capsys, "sweep", *flags, *same, "--config.phantom.seed=3")
    assert "phantom.seed" in line


BAD = {
    "missing": (None, "no such file"),
    "no function": ("x = 1", "has no attribute 'get_sweep'"),
    "raising": ("def get_sweep(): raise OSError('boo')", "OSError: boo"),
    "no list": ("def get_sweep(): return {}", "returns dict"),
    "empty": ("def get_sweep(): return []", "an empty list"),
    "key": (
        "def get_sweep(): return [{}, {'fit.stepz': 1}]",
        "candidate 2.*'fit.steps",
    ),
    "type": ("def get_sweep(): return [{'fit.steps': 'x'}]", "fit.steps: expected int"),
    "None": ("def get_sweep(): return [{'fit.steps': None}]", "found None"),
    "range": (
        "def get_sweep(): return [{'fit.steps': 0}]",
        "candidate 1, config.fit.s",
    ),
    "choice": ("def get_sweep(): return [{'field.name': 'x'}]", "config.field.name"),
    "source": ("def get_sweep(): return [{'phantom.rank': 2}]", "may change seed"),
    "unused": (
        "def get_sweep(): return [{'anatomy.omega': 2.}]",
        r"--protocol=donor\+an",
    ),
}


@pytest.mark.parametrize(("text", "pattern"), BAD.values(), ids=BAD)
def test_a_bad_sweep_file_is_told_in_one_line(text, pattern, tmp_path, capsys):
    path = tmp_path / "mine.py"
    if text is not None:
        path.write_text(text)
    line = refused(capsys, "sweep", f"--workdir={tmp_path}/w", f"--sweep={path}")
    assert line.startswith(f"inr-jax: {path}") and re.search(pattern, line), line


def test_a_key_that_the_second_fit_does_not_read_is_answered_with_its_own():
    with pytest.raises(InputError, match=r"write anatomy\.hidden"):
        config_sweep._applied(
            tiny(), {"field.hidden": 4}, "x", hold_out.DONOR_STRUCTURE
        )


def test_unknown_protocols_and_donors_are_refused(tmp_path, capsys, sweep_file):
    flags = [f"--workdir={tmp_path}/w", f"--sweep={sweep_file}", *FLAGS]
    assert "did you mean 'donor'" in refused(
        capsys, "sweep", *flags, "--protocol=doner"
    )
    assert "did you mean '9861'" in refused(capsys, "sweep", *flags, "--donors=9862")
    sweep_file = tmp_path / "one.py"
    sweep_file.write_text("def get_sweep():\n    return [{}]\n")
    flags = [f"--workdir={tmp_path}/w", f"--sweep={sweep_file}", *FLAGS]
    flags.append("--noconfig.phantom.named")
    line = refused(capsys, "sweep", *flags, "--protocol=donor+anatomy")
    assert "no well has a structure" in line


@pytest.mark.parametrize("donors", [1, 2])
def test_too_few_donors_are_refused(donors, tmp_path, capsys, rng):
    path = tmp_path / "wells.csv"
    rows = [
        f"{x:.1f},{y:.1f},{z:.1f},d{i % donors},{i % 7},{i % 5}"
        for i, (x, y, z) in enumerate(rng.uniform(-40, 40, (30, 3)))
    ]
    path.write_text("\n".join(["x,y,z,donor,A,B", *rows]))
    flags = ["--config.source.name=table", f"--config.source.path={path}"]
    line = refused(capsys, "sweep", f"--workdir={tmp_path}/w", *flags)
    assert (
        f"expected three donors: to score on, to choose on, to fit, found {donors}"
        in (line)
    )


def test_what_is_kept_comes_back_and_what_is_damaged_does_not(tmp_path, rng):
    path = fold_cache.path_of(tmp_path, 3, (0, 2))
    values = rng.normal(size=(2, 5, 3)).astype(np.float32)
    fold_cache.save(path, values, 1.5)
    found, seconds = fold_cache.load(path, values.shape)
    np.testing.assert_array_equal(found, values)
    assert seconds == 1.5
    assert fold_cache.load(path, (2, 5, 4)) is None
    assert fold_cache.load(fold_cache.path_of(tmp_path, 3, (0,)), values.shape) is None
