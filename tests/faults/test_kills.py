"""Stopped between any two writes, an evaluation is done again, never half believed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from inr_jax.errors import InputError
from inr_jax.files import stored_arrays
from inr_jax.files import writing as files
from inr_jax.run import config, consistency, pipeline
from inr_jax.run.stages import evaluate as stage
from inr_jax.run.workdir import Workdir

SMALL = {
    "phantom__n_wells": 60,
    "phantom__n_genes": 2,
    "field__hidden": 8,
    "field__depth": 1,
    "fit__members": 2,
    "fit__steps": 5,
    "fit__chunk": 5,
    "anatomy__enabled": False,
    "render__resolution_mm": 3,
    "report__page": False,
}


class Killed(BaseException):
    """In the place of a signal that cannot be heard."""


@pytest.fixture(scope="module")
def evaluated():
    """An evaluation, made once."""
    settings = config.with_settings(config.default(), **SMALL)
    run = pipeline.make_run(settings, Workdir(Path("nowhere")))
    return run, stage.evaluate(run.config, run.source.samples, run.models)


def evaluate_in(folder, evaluated, monkeypatch, writes=None):
    """Evaluate in a workdir, killed before a write; returns how many there were."""
    run, evaluation = evaluated
    run, count = run._replace(workdir=Workdir(folder)), [0]
    write = files.write_bytes

    def counted(path, data):
        if count[0] == writes:
            raise Killed
        count[0] += 1
        write(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(files, "write_bytes", counted)
        patch.setattr(stored_arrays, "write_bytes", counted)
        patch.setattr(stage, "evaluate", lambda *_: evaluation)
        stage.evaluate_stage(run)
    return run, count[0]


def results(folder):
    """What an evaluation leaves, without times."""
    summary = json.loads((folder / "summary.json").read_text())
    del summary["peak_memory_mb"]
    names = ("scores.csv", "calibration.npz")
    return summary, {name: (folder / name).read_bytes() for name in names}


@pytest.mark.usefixtures("quick_compiling")
def test_an_evaluation_is_done_when_its_last_file_is(evaluated, tmp_path, monkeypatch):
    whole = tmp_path / "whole"
    whole.mkdir()
    run, writes = evaluate_in(whole, evaluated, monkeypatch)
    assert consistency.has_scores(run) and writes >= 4
    for number in range(writes):
        folder = tmp_path / str(number)
        folder.mkdir()
        with pytest.raises(Killed):
            evaluate_in(folder, evaluated, monkeypatch, number)
        stopped = run._replace(workdir=Workdir(folder))
        assert not consistency.has_scores(stopped)  # so that `run` evaluates again
        again, _ = evaluate_in(folder, evaluated, monkeypatch)
        assert consistency.has_scores(again) and results(folder) == results(whole)


@pytest.mark.usefixtures("quick_compiling")
def test_files_that_are_not_those_noted_are_not_believed(
    evaluated, tmp_path, monkeypatch
):
    run, _ = evaluate_in(tmp_path, evaluated, monkeypatch)
    workdir, text = run.workdir, run.workdir.scores.read_text()
    assert len(consistency.read_scores_of(workdir)) > 1
    head, first, *rest = text.splitlines()
    better = ",".join([*first.split(",")[:4], "0.99", "0.9", "0.1"])
    workdir.scores.write_text("\n".join([head, better, *rest]) + "\n")
    with pytest.raises(InputError, match="run inr-jax evaluate again"):
        consistency.read_scores_of(workdir)
    assert not consistency.has_scores(run)
    workdir.scores.write_text(text)
    assert consistency.has_scores(run)
    workdir.calibration.unlink()
    assert not consistency.has_scores(run)
    workdir.scores.unlink()
    assert consistency.read_scores_of(workdir) == []


def test_kinds_of_writes_all_go_through_one_function():
    arrays = {"a": np.zeros(2)}
    with pytest.raises(InputError):
        stored_arrays.write_arrays("/dev/null/a.npz", arrays, {}, 1)
