"""abagen's interpolation, and the agreement of maps with it."""

from __future__ import annotations

import csv
import json
import re

import numpy as np
import pandas as pd
import pytest
import references
from fake_ahba import BOTH_SIDES as DONORS
from fake_ahba import TWO
from given import write_image

from inr_jax import cli
from inr_jax.maps import agreement
from inr_jax.maps import regions as regions_module
from inr_jax.report import methods
from inr_jax.samples.ahba import cache
from inr_jax.samples.ahba.abagen import borrowed
from inr_jax.samples.sources import ahba
from inr_jax.stats import baselines
from inr_jax.stats.scores import score

BOTH_SIDES = TWO._replace(lr_mirror="bidirectional")


@pytest.mark.slow
def test_shipped_is_what_abagen_itself_returns(sparse_ahba_dir, tmp_path):
    atlas = cache.open_atlas(sparse_ahba_dir, BOTH_SIDES)
    samples = ahba.from_atlas(atlas, (), False).samples
    affine = np.diag([17.0, 23, 19, 1])
    affine[:3, 3] = [-70, -100, -50]
    mask = write_image(tmp_path / "m.nii", np.ones((9, 7, 8), np.int32), affine)
    with borrowed(files=atlas.files) as abagen:
        genes = list(samples.genes)
        dense = abagen.get_interpolated_map(genes, mask, donors=DONORS)
    x_mm = np.argwhere(np.ones((9, 7, 8))) * np.diag(affine)[:3] + affine[:3, 3]
    found = baselines.abagen_map(samples, x_mm, mirrored=False)
    expected = np.stack([dense[gene].ravel() for gene in genes], axis=1)
    np.testing.assert_allclose(found, expected, atol=2e-6)


@pytest.mark.parametrize("mirrored", [False, True])
def test_interpolation_is_a_mean_weighted_by_inverse_distance(
    sparse_ahba_dir, rng, mirrored
):
    samples = ahba.load(sparse_ahba_dir, **BOTH_SIDES._asdict()).samples
    x_mm = rng.uniform(-60, 60, (12, 3))
    own = samples.originals()
    x_mm[0] = own.x_mm[0]
    if mirrored:
        places, values = samples.x_mm, samples.values
    else:
        places = np.concatenate([own.x_mm, own.x_mm])
        values = np.concatenate([own.values, own.values])
    places = places.astype(float)
    expected = []
    for row, distance in enumerate(references.distances(x_mm, places)):
        near = np.argsort(distance, kind="stable")[:10]
        weight = 1 / np.where(distance[near] == 0, np.nan, distance[near])
        if row == 0:
            weight = (distance[near] == 0).astype(float)
        expected.append(weight @ values[near] / weight.sum())
    found = baselines.abagen_map(samples, x_mm, mirrored=mirrored)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_as_shipped_nothing_reaches_the_other_side_and_ten_are_five(sparse_ahba_dir):
    samples = ahba.load(sparse_ahba_dir, **BOTH_SIDES._asdict()).samples
    left = samples.take(samples.x_mm[:, 0] < 0).originals()
    far = np.array([[60.0, -20, 10]])
    shipped = baselines.abagen_map(left, far, mirrored=False)
    distance = np.linalg.norm(left.x_mm - far, axis=1)
    near = np.argsort(distance)[:5]
    expected = (1 / distance[near]) @ left.values[near] / (1 / distance[near]).sum()
    np.testing.assert_allclose(shipped[0], expected, rtol=1e-5)
    across = far * np.array([-1, 1, 1])
    mirrored = (baselines.abagen_map(left, s, mirrored=True) for s in (far, across))
    np.testing.assert_allclose(*mirrored, rtol=1e-5)
    assert abs(shipped - baselines.abagen_map(left, far, mirrored=True)).max() > 0.01


def test_agreement_with_zeros_is_that_with_the_zeros_written_out(rng):
    one, other = rng.normal(size=(2, 40, 3)) + 2
    other[:, 2] = one[:, 2]
    for zeros in (0, 160):
        found = agreement.agreement(one, other, zeros)
        padded = [np.concatenate([side, np.zeros((zeros, 3))]) for side in (one, other)]
        expected = score(*padded)
        assert found[0].tolist() == [40 + zeros] * 3
        np.testing.assert_allclose(found[1], expected.r, rtol=1e-10)
        np.testing.assert_allclose(found[2], expected.mse, rtol=1e-10)
    # Unrelated maps that share their background agree, in the paper's way.
    assert agreement.agreement(one, other, 160)[1][0] > 0.8
    one[3, 0] = np.nan
    n, r, _ = agreement.agreement(one, other)
    keep = np.arange(40) != 3
    assert n[0] == 39
    np.testing.assert_allclose(
        r[0], np.corrcoef(one[keep, 0], other[keep, 0])[0, 1], rtol=1e-10
    )
    flat = agreement.agreement(np.ones((5, 1)), rng.normal(size=(5, 1)))
    assert flat[1][0] == 0


def test_a_regions_value_is_the_mean_of_its_voxels(rng):
    ids = np.array([3, 7, 9])
    label = rng.choice([0, 3, 7, 11], 50)
    values = rng.normal(size=(50, 2)).astype(np.float32)
    means, counts = regions_module.region_means(values, label, ids)
    for row, region in enumerate(ids):
        inside = label == region
        assert counts[row] == inside.sum()
        if inside.any():
            np.testing.assert_allclose(means[row], values[inside].mean(0), rtol=1e-5)
    assert np.isnan(means[2]).all()
    painted = agreement.painted(means, label, ids)
    assert np.isnan(painted[(label == 0) | (label == 11)]).all()
    np.testing.assert_array_equal(painted[label == 7], means[[1] * (label == 7).sum()])


def test_two_donors_are_compared_gene_by_gene_and_region_by_region(rng):
    one, other = rng.normal(size=(2, 5, 3))
    info = pd.DataFrame({"label": list("vwxyz")}, index=range(1, 6))
    lines = agreement.donors_table(one, other, ("A", "B", "C"), info)
    by = {(line["of"], line["name"]): line for line in lines}
    assert len(by) == 8
    np.testing.assert_allclose(
        by["gene", "B"]["r"], np.corrcoef(one[:, 1], other[:, 1])[0, 1]
    )
    np.testing.assert_allclose(
        by["region", "x"]["mse"], ((one[2] - other[2]) ** 2).mean()
    )


@pytest.mark.parametrize("options", [TWO, BOTH_SIDES._replace(norm_structures=True)])
def test_methods_have_settings_counts_and_only_works_that_are_listed(
    sparse_ahba_dir, options
):
    atlas = cache.open_atlas(sparse_ahba_dir, options)
    text = methods.paragraph(atlas, 3, copies_used=True)
    assert "9861, 10021" in text and "diff_stability" in text
    assert f"{atlas.counts['probes_above_background']} left" in text
    assert ("copied across the midline" in text) == bool(options.lr_mirror)
    listed = methods.bibliography(options)
    keys = re.findall(r"@(\w+)\]", text)
    assert keys and all(f"@article{{{key}," in listed for key in keys)
    assert listed.count("{") == listed.count("}")


@pytest.mark.slow
def test_a_run_on_the_atlas_leaves_the_comparison(sparse_ahba_dir, tmp_path, capsys):
    small = [
        "--config.fit.steps=2 --config.fit.members=1 --config.field.hidden=8",
        "--config.render.resolution_mm=3 --config.source.genes=APOE,MAPT",
        "--config.ahba.skip_absent --config=configs/ad100.py",
    ]
    where = [f"--config.ahba.data_dir={sparse_ahba_dir}", f"--workdir={tmp_path}"]
    assert cli.main(["run", *" ".join(small).split(), *where]) == 0
    out = capsys.readouterr().out
    assert "abagen_mirrored" in out and "background included" in out
    with open(tmp_path / "abagen_comparison.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    assert tuple(lines[0]) == agreement.COLUMNS
    kinds = {(line["baseline"], line["over"]) for line in lines}
    assert {("abagen_regions", "paper_region"), ("abagen", "voxel")} <= kinds
    assert len(kinds) == 10
    summary = json.loads((tmp_path / "summary.json").read_text())
    for over in ("region", "voxel", "paper"):
        assert set(summary["abagen"][over]) == {"r_mean", "mse_mean"}
    scores = (tmp_path / "scores.csv").read_text()
    assert "\nabagen,donor,APOE," in scores and "\nabagen_mirrored," in scores
    table = pd.read_parquet(tmp_path / "regions" / "inr.parquet")
    assert table.shape == (83, 2) and table.notna().all(axis=None)
    assert (tmp_path / "donor_comparison.csv").read_text().startswith("of,name,n,r")
    text = (tmp_path / "methods.md").read_text()
    assert "abagen's own report" in text and "Allen Human Brain Atlas" in text
    assert (tmp_path / "dropped_genes.csv").read_text().startswith("gene,probes,fate")
    assert "@article{hawrylycz2012" in (tmp_path / "references.bib").read_text()
