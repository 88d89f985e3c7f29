"""The report of a run: its maps are the NIfTI files', whatever else is missing."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from given import random_samples
from workdirs import maps

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
from pages import Elements, data_of, shown

import inr_jax
from inr_jax import cli
from inr_jax.report.viewer_packs import unpack

TINY = {
    "field__hidden": 8,
    "field__depth": 1,
    "fit__members": 2,
    "fit__steps": 20,
    "fit__chunk": 20,
}
pytestmark = pytest.mark.usefixtures("quick_compiling")


@pytest.fixture(scope="module")
def page(done):
    return (done / "report.html").read_text()


def report_in(folder):
    assert cli.main(["report", f"--workdir={folder}"]) == 0
    return (folder / "report.html").read_text()


@pytest.mark.parametrize("kind", ["feature", "std"])
def test_maps_in_the_page_are_those_in_the_files(done, page, kind):
    data, listed = data_of(page)
    mask = unpack(data["mask"]).astype(bool)
    assert not data["mirrored"] and data["calibrated"]
    for gene, name in zip(listed["order"], listed["names"], strict=True):
        path = maps(done, kind)[name.replace("-", "")]
        image = nib.load(path)
        assert np.allclose(image.affine, data["affine"])
        true = image.get_fdata()[mask]
        again = shown(data, {"feature": "mean", "std": "sd"}[kind], gene)
        bound = 0.01 * np.ptp(true) if kind == "feature" else 0.03 * true.mean()
        assert np.abs(again - true).max() < bound


def test_distance_and_validity_are_the_files(done, page):
    data, _ = data_of(page)
    mask = unpack(data["mask"]).astype(bool)
    (path,) = (done / "maps").glob("*_distance.nii.gz")
    distance_mm = unpack(data["distance"]) * data["distance_step_mm"]
    error = np.abs(distance_mm - nib.load(path).get_fdata()[mask])
    assert error.max() <= data["distance_step_mm"] / 2 + 1e-4
    (path,) = (done / "maps").glob("*_mask.nii.gz")
    assert np.array_equal(unpack(data["validated"]), nib.load(path).get_fdata()[mask])


def test_the_page_has_what_held_out_wells_were_predicted_at(done, page):
    data, listed = data_of(page)
    gene = listed["order"][0]
    low, high = data["pairs"]["low"][gene], data["pairs"]["high"][gene]
    value, prediction = (
        low + (high - low) * unpack(data["pairs"][name])[gene] / 255
        for name in ("value", "prediction")
    )
    r = np.corrcoef(value, prediction)[0, 1]
    assert r == pytest.approx(listed["r"][0], abs=0.01)


def test_the_page_tells_of_the_run(page):
    elements = Elements(page)
    words = " ".join(elements.texts["li"])
    assert "PHANTOM" in words and "maps as NIfTI" not in words
    captions = " ".join(elements.texts["caption"])
    assert "held-out donors: 2 genes, 60 wells" in captions
    paragraphs = " ".join(elements.texts["p"])
    assert "synthetic brain" in paragraphs and "leaving one donor out" in paragraphs
    assert "@article{yu2025" in " ".join(elements.texts["pre"])


def test_a_fit_alone_gives_a_page_that_says_what_is_missing(done, tmp_path, capsys):
    for name in ("checkpoints", "config.json", "wells.npz"):
        copy = shutil.copytree if (done / name).is_dir() else shutil.copy
        copy(done / name, tmp_path / name)
    page = report_in(tmp_path)
    words = " ".join(Elements(page).texts["li"])
    assert "held-out scores" in words and "maps as NIfTI" in words
    data, listed = data_of(page)
    assert listed["r"] == [None, None] and not data["calibrated"]
    assert data["validated"] is None and "Nothing can be said of validity" in page


def test_scores_alone_give_a_page_without_a_viewer(done, tmp_path):
    for name in ("scores.csv", "summary.json", "config.json", "provenance.json"):
        shutil.copy(done / name, tmp_path / name)
    page = report_in(tmp_path)
    assert "inr-data" not in page and "held-out donors: 2 genes" in page
    assert "a fitted model" in " ".join(Elements(page).texts["li"])


def test_damage_is_told_in_one_line_and_leaves_the_page_as_it_was(copy, capsys):
    before = (copy / "report.html").read_bytes()
    (copy / "calibration.npz").write_bytes(b"no calibration")
    assert cli.main(["report", f"--workdir={copy}"]) == 2
    assert "calibration.npz" in capsys.readouterr().err
    assert (copy / "report.html").read_bytes() == before
    assert cli.main(["report", f"--workdir={copy}/nowhere"]) == 2


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["concat", "independent", "low_rank"])
def test_maps_of_any_conditioning_are_those_of_the_model(tmp_path, rng, kind):
    samples = random_samples(rng, 60, 3, donors=("A", "B"))
    settings = {"conditioning__name": kind, "inputs__mirror": kind != "independent"}
    model = inr_jax.fit(samples, **settings, **TINY)
    path = inr_jax.write_report(model, tmp_path / "page.html")
    data, _ = data_of(path.read_text())
    assert data["mirrored"] == (kind != "independent") and not data["calibrated"]
    mask, affine = unpack(data["mask"]).astype(bool), np.array(data["affine"])
    x_mm = np.argwhere(mask) @ affine[:3, :3].T + affine[:3, 3]
    x_mm = x_mm[x_mm[:, 0] > -1e-3] if data["mirrored"] else x_mm
    mean, sd = model(x_mm)
    for gene in range(3):
        again = shown(data, "mean", gene)
        assert np.abs(again - mean[:, gene]).max() < 0.01 * np.ptp(mean[:, gene])
        error = np.abs(shown(data, "sd", gene) - sd[:, gene])
        assert np.sqrt((error**2).mean()) < 0.02 * sd[:, gene].mean()


def test_from_python_a_model_and_its_folder_give_the_same_maps(copy, tmp_path):
    path = inr_jax.write_report(inr_jax.load(copy), tmp_path / "mine.html")
    assert path == tmp_path / "mine.html"
    (copy / "report.html").unlink()
    assert inr_jax.write_report(copy) == copy / "report.html"
    (mine, listed), (folders, _) = (
        data_of(page.read_text()) for page in (path, copy / "report.html")
    )
    assert mine == folders and listed["r"] == [None, None]
    assert "Not in this folder" not in path.read_text()
