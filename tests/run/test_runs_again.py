"""A workdir that is used again, or with other settings, inputs or samples."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
from given import refused
from workdirs import TINY, load, maps

from inr_jax import cli
from inr_jax.errors import InputError
from inr_jax.fitting import checkpoint
from inr_jax.report import tables
from inr_jax.run import config, consistency, pipeline
from inr_jax.run import load as api
from inr_jax.run.workdir import Workdir

pytestmark = pytest.mark.usefixtures("quick_compiling")


def test_fit_on_a_finished_workdir_does_nothing_and_says_so(copy, caplog):
    def kept():
        files = (path for path in copy.rglob("*") if path.is_file())
        return {path: path.read_bytes() for path in files if "json" not in path.name}

    before, seconds = kept(), load(copy / "provenance.json")["seconds"]
    with caplog.at_level(logging.INFO, "inr_jax"):
        assert cli.main(["fit", f"--workdir={copy}"]) == 0
    assert "fit: already at step 100" in caplog.text
    assert kept() == before
    assert load(copy / "provenance.json")["seconds"] == seconds


@pytest.mark.parametrize("verb", ["run", "fit", "evaluate", "render"])
def test_other_settings_are_refused_with_the_keys_that_differ(verb, done, capsys):
    keys = ["--config.fit.steps=7", "--config.seed=3", "--config.render.std=false"]
    line = refused(capsys, verb, f"--workdir={done}", *keys)
    assert "found fit.steps: 100 -> 7; seed: 0 -> 3; take a new --workdir" in line
    assert load(done / "config.json")["fit"]["steps"] == 100


def test_scores_of_other_settings_are_not_put_beside_maps(copy, capsys):
    shutil.rmtree(copy / "checkpoints")
    shutil.rmtree(copy / "checkpoints_structure")
    (copy / "calibration_structure.npz").unlink()
    keys = ["--config.source.genes=APOE", "--config.evaluate.enabled=false"]
    line = refused(capsys, "run", f"--workdir={copy}", *keys)
    assert "scores.csv: expected the settings it was made with" in line
    (copy / "config.json").unlink()
    assert "cannot read" in refused(capsys, "run", f"--workdir={copy}")


def test_a_damaged_file_of_an_earlier_stage_is_told(copy, capsys):
    (copy / "summary.json").write_text('{"fit": ')
    assert "summary.json: expected what an" in refused(
        capsys, "fit", f"--workdir={copy}"
    )


def test_a_fit_that_diverges_leaves_no_checkpoint_and_no_numbers_of_older_ones(
    copy, capsys
):
    shutil.rmtree(copy / "checkpoints")
    shutil.rmtree(copy / "checkpoints_structure")
    (copy / "calibration_structure.npz").unlink()
    (copy / "scores.csv").unlink()
    (copy / "calibration.npz").unlink()
    keys = ["--config.fit.learning_rate=1.0", "--config.fit.weight_decay=1e9"]
    line = refused(capsys, "fit", f"--workdir={copy}", *keys)
    assert "fit: expected a finite loss, found nan by step 100; lower" in line
    assert checkpoint.last_step(copy / "checkpoints") is None
    assert not load(copy / "summary.json").keys() & {"scores", "render"}
    assert load(copy / "provenance.json")["seconds"] == {}


def write_table(path, rng, donors, n=24):
    rows = ["x,y,z,donor,A,B"]
    for well in range(n):
        cells = [
            *rng.uniform(-40, 40, 3),
            donors[well % len(donors)],
            *rng.normal(size=2),
        ]
        rows.append(",".join(map(str, cells)))
    path.write_text("\n".join(rows) + "\n")


@pytest.mark.slow
def test_one_donor_is_evaluated_by_blocks_and_its_maps_say_so(tmp_path, rng, caplog):
    write_table(tmp_path / "one.csv", rng, ["a"])
    source = ["--config.source.name=table", f"--config.source.path={tmp_path}/one.csv"]
    folder = tmp_path / "one"
    assert cli.main(["run", f"--workdir={folder}", *source, *TINY]) == 0
    reason = "all 24 wells are of one donor (a)"
    told = f"evaluate: no donor is held out, {reason}: block20, block40 instead"
    assert told in caplog.text
    assert load(folder / "summary.json")["no_donor_held_out"] == reason
    scores = load(folder / "summary.json")["scores"]
    assert list(scores) == ["block20", "block40"]
    assert list(scores["block20"]) == [
        "inr",
        "nearest",
        "idw10",
        "kriging",
        "kriging_targets",
        "kriging_local",
    ]
    pictures = {path.name for path in (folder / "figures").iterdir()}
    assert pictures == {"slices.png", "held_out_block20.png", "held_out_block40.png"}
    row = tables.of_maps(
        tables.read_scores(folder / "scores.csv"), sees_structures=False
    )[1]
    told = load(folder / "maps" / maps(folder)["A"].name.replace(".nii.gz", ".json"))
    assert (told["HeldOutR"], told["HeldOutR2"]) == (row["A"]["r"], row["A"]["r2"])
    assert told["HeldOutProtocol"] == (
        "leave blocks of 20 mm out; wells of the same donor and structure in training"
    )
    told = load(Path(str(maps(folder, "std")["A"]).replace(".nii.gz", ".json")))
    assert told["Calibrated"] is False and "no donor" in told["Note"]
    assert not (folder / "calibration.npz").exists() and not maps(folder, "mask")
    assert load(folder / "provenance.json")["inputs_sha256"].keys() == {"one.csv"}


def test_wells_of_one_donor_in_one_block_are_not_evaluated_for_a_reason(
    tmp_path, caplog
):
    path, folder = tmp_path / "near.csv", tmp_path / "near"
    path.write_text("x,y,z,donor,A\n5,5,5,a,1\n6,5,5,a,2\n7,6,5,a,4\n")
    source = ["--config.source.name=table", f"--config.source.path={path}"]
    assert cli.main(["evaluate", f"--workdir={folder}", *source, *TINY]) == 0
    assert "no protocol block40, all 3 wells lie in one block" in caplog.text
    reason = "all 3 wells are of one donor (a)"
    assert f"evaluate: skipped, {reason}" in caplog.text
    assert load(folder / "summary.json")["evaluation_skipped"] == reason
    assert not (folder / "scores.csv").exists()


def test_blocks_stand_beside_donors_where_they_are_asked_for(tmp_path, capsys):
    path, folder = tmp_path / "wells.csv", tmp_path / "both"
    write_table(path, np.random.default_rng(0), ["a", "b"])
    source = ["--config.source.name=table", f"--config.source.path={path}"]
    asked = [*source, *TINY, "--config.evaluate.blocks_mm=30"]
    assert cli.main(["evaluate", f"--workdir={folder}", *asked]) == 0
    assert list(load(folder / "summary.json")["scores"]) == ["donor", "block30"]
    assert "held-out blocks of 30 mm, donors and structures in training: 2 genes" in (
        capsys.readouterr().out
    )
    rows = tables.read_scores(folder / "scores.csv")
    assert tables.of_maps(rows, sees_structures=False)[0] == "leave one donor out"


def test_inputs_are_known_by_what_is_in_them_not_by_where_they_lie(
    tmp_path, rng, capsys, monkeypatch, caplog
):
    write_table(tmp_path / "wells.csv", rng, ["a"])
    monkeypatch.chdir(tmp_path)
    source = ["--config.source.name=table", "--config.source.path=wells.csv"]
    assert cli.main(["fit", "--workdir=out", *source, *TINY]) == 0
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    assert cli.main(["fit", "--workdir=../out"]) == 0
    (tmp_path / "wells.csv").rename("wells.csv")
    moved = ["fit", "--workdir=../out", "--config.source.path=wells.csv"]
    assert cli.main(moved) == 0 and caplog.text.count("already at step 100") == 2
    write_table(tmp_path / "sub" / "wells.csv", rng, ["a"])
    line = refused(capsys, *moved)
    assert "expected the inputs it was made from, found others in wells.csv" in line


@pytest.mark.parametrize("text", ["{", "[1]", '{"fit": 3}', '{"fit": {"paces": 3}}'])
def test_a_stored_config_that_cannot_be_read_is_told_in_one_line(copy, text):
    (newest,) = (copy / "checkpoints").glob("*/meta/metadata")
    meta = json.loads(newest.read_text())
    newest.write_text(json.dumps({**meta, "config": text}))
    with pytest.raises(InputError, match="settings that this version") as caught:
        api.load(copy)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_run_again_keeps_its_scores_and_other_protocols_are_scored(copy, caplog):
    before = (copy / "scores.csv").stat().st_mtime_ns
    (copy / "evaluating").mkdir()  # by a kill behind the last file
    with caplog.at_level(logging.INFO, "inr_jax"):
        assert cli.main(["run", f"--workdir={copy}"]) == 0
    assert "evaluate: scores are there already" in caplog.text
    assert not (copy / "evaluating").exists()
    assert (copy / "scores.csv").stat().st_mtime_ns == before
    settings = config.from_json((copy / "config.json").read_text())
    run = pipeline.make_run(settings, Workdir(copy))
    assert consistency.has_scores(run)
    settings.anatomy.maps, settings.render.std = True, False
    assert consistency.has_scores(run)
    settings.evaluate.blocks_mm = "40"
    assert not consistency.has_scores(run)
    settings.evaluate.blocks_mm = ""
    (copy / "scores.csv").unlink()
    assert not consistency.has_scores(run)
