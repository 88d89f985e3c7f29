"""Tables of regions: a row is the mean over its region's voxels."""

from __future__ import annotations

import logging
from functools import partial

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from given import input_error

import inr_jax
from inr_jax.brain.template import tissue_at
from inr_jax.samples import region_rows
from inr_jax.samples.sources import table

SIDE = 4.0  # mm
refused = partial(input_error, table.load)


@pytest.fixture
def atlas(tmp_path):
    """Four boxes of 2 x 3 x 2 voxels, two on each side; label 5 has no voxel."""
    affine = np.diag([SIDE, SIDE, SIDE, 1])
    affine[:3, 3] = [-38, -20, 0]
    data = np.zeros((20, 8, 9), np.int16)
    for label, (i, j) in enumerate([(1, 1), (1, 5), (17, 1), (17, 5)], start=1):
        data[i : i + 2, j : j + 3, 3:5] = label
    nib.save(nib.Nifti1Image(data, affine), tmp_path / "labels.nii.gz")
    (tmp_path / "labels.csv").write_text(
        "index,name,hemisphere\n1,front,L\n2,back,L\n3,front,R\n4,back,R\n5,tip,R\n"
    )
    return data, affine


def write(tmp_path, rng, region, **columns):
    values = {name: rng.normal(size=len(region)) for name in ("A", "B")}
    frame = pd.DataFrame({"region": region} | columns | values)
    frame.to_csv(tmp_path / "table.csv", index=False)
    return frame


def load(tmp_path, **settings):
    files = {"atlas": tmp_path / "labels.nii.gz", "atlas_info": tmp_path / "labels.csv"}
    return table.load(tmp_path / "table.csv", **(files | settings))


def voxels(atlas, *labels):
    data, affine = atlas
    ijk = np.concatenate([np.argwhere(data == label) for label in labels])
    return ijk @ affine[:3, :3].T + affine[:3, 3]


def test_a_rows_support_is_the_voxels_of_its_region(atlas, tmp_path, rng):
    write(tmp_path, rng, [4, 1, 3])
    source = load(tmp_path)
    samples, support = source.samples, source.samples.support
    assert support.size.tolist() == [12, 12, 12]
    for row, label in enumerate((4, 1, 3)):
        mine = support.x_mm[support.of == row]
        np.testing.assert_allclose(mine, voxels(atlas, label))
        apart = np.linalg.norm(samples.x_mm[row] - mine.mean(0))
        assert apart == np.linalg.norm(mine - mine.mean(0), axis=1).min()
    np.testing.assert_allclose(support.tissue, tissue_at(support.x_mm))
    assert samples.genes == ("A", "B") and samples.donors == ("unnamed",)
    assert source.coordinates == "regions of labels.nii.gz"
    assert set(source.files) == {"table.csv", "labels.csv", "labels.nii.gz"}


def test_a_name_means_the_labels_of_both_sides(atlas, tmp_path, rng):
    write(tmp_path, rng, ["Back", "front"], x=[1, 2])
    samples = load(tmp_path).samples
    np.testing.assert_allclose(samples.support.x_mm[:24], voxels(atlas, 2, 4))
    assert (samples.x_mm[:, 0] < -20).all()  # in the first label, not between the two


def test_regions_are_thinned_to_points_of_their_own_and_this_is_said(
    atlas, tmp_path, rng, monkeypatch, caplog
):
    monkeypatch.setattr(region_rows, "MOST", 5)
    write(tmp_path, rng, [1, 2])
    with caplog.at_level(logging.INFO, "inr_jax"):
        support = load(tmp_path).samples.support
    assert support.size.tolist() == [5, 5]
    known = {tuple(x) for x in voxels(atlas, 1)}
    assert {tuple(x) for x in support.x_mm[:5].tolist()} < known
    said = "2 regions of 12 to 12 voxels, each value the mean over its region's"
    assert any(said in r.getMessage() for r in caplog.records)


def test_a_frame_is_read_as_its_table_is(atlas, tmp_path, rng):
    frame = write(tmp_path, rng, ["front", "4", 2], subject=["a", "a", "b"])
    given = {"donor": "subject", "region": "region"}
    files = {"atlas": tmp_path / "labels.nii.gz", "atlas_info": tmp_path / "labels.csv"}
    samples = inr_jax.Samples.from_frame(frame, **files, **given)
    loaded = load(tmp_path, **given).samples
    np.testing.assert_array_equal(samples.support.x_mm, loaded.support.x_mm)
    np.testing.assert_allclose(samples.values, loaded.values, rtol=1e-6)
    assert samples.donors == ("a", "b") and samples.support.size.tolist() == [
        24,
        12,
        12,
    ]


def test_the_atlas_that_is_shipped_needs_no_table(tmp_path, rng):
    write(tmp_path, rng, ["bankssts", "insula"])
    samples = load(tmp_path, atlas="desikan_killiany", atlas_info="").samples
    assert samples.support.size.tolist() == [100, 100]
    assert samples.support.tissue[:, 0].mean() > 0.6  # of the cortex


BAD = [
    (["front", "bakc", 9], "found 2 that it lacks (bakc, 9); did you mean 'back'?"),
    (["front", "tip"], "expected regions with voxels in labels.nii.gz, found 1"),
    (["front", 2, "front"], "expected each region once, found 1 again (front)"),
    (["front", ""], "found 1 that it lacks ()"),
]


@pytest.mark.parametrize("region, says", BAD)
def test_a_region_that_cannot_be_placed_is_told_in_one_line(
    atlas, tmp_path, rng, region, says
):
    write(tmp_path, rng, region)
    error = str(input_error(load, tmp_path))
    assert says in error and "\n" not in error


def test_a_table_without_regions_says_which_columns_it_has(atlas, tmp_path, rng):
    write(tmp_path, rng, [1, 2])
    error = str(input_error(load, tmp_path, region="area"))
    assert "expected a column 'area', found columns region, A, B" in error
    assert "--config.source.region=NAME" in error


def test_labels_outside_a_head_are_refused(atlas, tmp_path, rng):
    data, affine = atlas
    affine[:3, 3] = [500, 0, 0]
    nib.save(nib.Nifti1Image(data, affine), tmp_path / "labels.nii.gz")
    write(tmp_path, rng, [1, 2])
    error = str(input_error(load, tmp_path))
    assert "expected labels in the brain, found 100%" in error


@pytest.mark.slow
def test_a_maps_means_over_regions_are_the_values_it_was_fitted_to(
    atlas, tmp_path, rng
):
    labels = np.arange(1, 5)
    frame = write(tmp_path, rng, labels)
    samples = inr_jax.Samples.from_frame(
        frame,
        atlas=tmp_path / "labels.nii.gz",
        atlas_info=tmp_path / "labels.csv",
    )
    changes = {"fit__steps": 150, "fit__members": 1, "field__hidden": 16}
    changes |= {"fit__targets": "wells", "fit__jitter_mm": 0.0, "inputs__mirror": False}
    model = inr_jax.fit(samples, fit__learning_rate=0.01, **changes)
    mean, _ = model(samples.support.x_mm)
    np.testing.assert_allclose(
        samples.support.mean(np.asarray(mean)), samples.values, atol=0.05
    )
