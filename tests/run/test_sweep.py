"""The verb sweep: what it writes, goes on with and refuses."""

from __future__ import annotations

import csv
import json
import re

import numpy as np
import pytest
from given import refused
from sweeps import SOME, TINY, tiny

from inr_jax import cli
from inr_jax.fitting import joint
from inr_jax.fitting.held_out_fit import make_predictor
from inr_jax.run import build
from inr_jax.run.sweep import fold_cache
from inr_jax.stats import hold_out, nested_cv

pytestmark = pytest.mark.usefixtures("quick_compiling")

FLAGS = [f"--config.{key}={value}" for key, value in TINY.items()]


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


@pytest.mark.slow
def test_the_verb_writes_table_summary_and_picture(done):
    rows = table(done)
    assert [json.loads(row["overrides"]) for row in rows[:5]] == SOME
    assert [row["candidate"] for row in rows[5:]] == [
        "nested",
        "nearest",
        "idw10",
        "kriging",
        "kriging_targets",
        "kriging_local",
    ]
    assert sum(int(row["chosen"]) for row in rows[:5]) == 2
    tree = json.loads((done / "sweep.json").read_text())
    best = {row["candidate"]: row["inner"] for row in tree["candidates"]}
    for donor, name in tree["choices"].items():
        assert best[name][donor] == max(inner[donor] for inner in best.values())
    assert (done / "figures" / "sweep.png").read_bytes()[:4] == b"\x89PNG"
    assert len(list((done / "sweep").glob("*.npz"))) == 2 + 9


@pytest.mark.slow
def test_outer_scores_are_those_of_the_verb_evaluate(done):
    c = tiny()
    samples = build.load_source(c).samples
    predict = make_predictor(build.make_recipe(c, 3), len(samples.well))
    found = hold_out.leave_one_donor_out(predict, samples).mean
    donors = [samples.donors.index(name) for name in ("9861", "10021")]
    expected = nested_cv.means(samples, found, donors)
    assert float(table(done)[0]["outer_r"]) == pytest.approx(expected[0], abs=1e-4)


@pytest.mark.slow
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
