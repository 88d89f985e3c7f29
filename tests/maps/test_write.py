"""Volumes as files: what nibabel reads is what was written, byte for byte."""

from __future__ import annotations

import gzip
import os
import sys

import nibabel as nib
import numpy as np
import pytest
from given import SHAPE, oblique

from inr_jax.brain.space import Grid
from inr_jax.maps import packing, write


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("flip", [1, -1])
def test_a_volume_read_by_nibabel_has_its_values_affine_and_codes(
    tmp_path, rng, name, flip
):
    affine = oblique() @ np.diag([flip, 1, 1, 1])
    volume = rng.normal(size=SHAPE).astype(np.float32)
    write.write_volume(tmp_path / name, volume, Grid(SHAPE, affine))
    image = nib.load(tmp_path / name)
    np.testing.assert_array_equal(np.asarray(image.dataobj), volume)
    np.testing.assert_allclose(image.get_sform(), affine, atol=1e-5)
    np.testing.assert_allclose(image.get_qform(), affine, atol=1e-4)
    assert image.get_data_dtype() == np.float32
    assert int(image.header["sform_code"]) == int(image.header["qform_code"]) == 4
    assert image.header.get_xyzt_units()[0] == "mm"
    assert os.listdir(tmp_path) == [name]


def test_equal_volumes_give_equal_bytes(tmp_path, rng, monkeypatch):
    volume, grid = rng.normal(size=SHAPE), Grid(SHAPE, oblique())
    write.write_volume(tmp_path / "a.nii.gz", volume, grid)
    monkeypatch.setattr("time.time", lambda: 1e9)
    write.write_volume(tmp_path / "b.nii.gz", volume, grid)
    write.write_volume(tmp_path / "c.nii", volume, grid)
    a, b, c = (tmp_path / name for name in ("a.nii.gz", "b.nii.gz", "c.nii"))
    assert a.read_bytes() == b.read_bytes()
    assert gzip.decompress(a.read_bytes()) == c.read_bytes()


def test_a_volume_of_another_shape_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"\(7, 8, 9\), found \(9, 8, 7\)"):
        write.write_volume(
            tmp_path / "a.nii", np.zeros((9, 8, 7)), Grid(SHAPE, np.eye(4))
        )
    assert not os.listdir(tmp_path)


def test_fill_puts_the_points_of_a_grid_back_in_their_voxels(rng):
    grid, mask = Grid(SHAPE, oblique()), rng.random(SHAPE) > 0.4
    x_mm = grid.points_mm(mask)
    for outside, empty in (("zero", 0.0), ("nan", np.nan)):
        volume = write.fill(x_mm[:, 1], mask, outside)
        assert volume.dtype == np.float32
        for ijk in np.ndindex(SHAPE):
            y = (grid.affine @ [*ijk, 1])[1] if mask[ijk] else empty
            np.testing.assert_allclose(volume[ijk], y, rtol=1e-6)
    with pytest.raises(ValueError, match="'nought'"):
        write.fill(x_mm[:, 1], mask, "nought")


@pytest.mark.parametrize("kind", [bool, np.float32])
@pytest.mark.parametrize("order", ["C", "F"])
def test_bytes_of_a_volume_are_those_that_nibabel_makes(rng, kind, order):
    grid = Grid(SHAPE, oblique())
    for volume in (rng.normal(size=SHAPE), np.zeros(SHAPE), np.full(SHAPE, np.nan)):
        volume = np.asarray(
            np.nan_to_num(volume, nan=1) > 0 if kind is bool else volume
        )
        volume = np.asarray(volume, kind, order=order)
        data = packing.make_image(volume, grid).to_bytes()
        assert packing.nifti_bytes(volume, grid) == data


@pytest.mark.parametrize("lacks", [None, "isal"])
def test_what_is_packed_with_or_without_isal_is_a_gzip_without_a_time(
    rng, monkeypatch, lacks
):
    data = rng.normal(size=1000).astype(np.float32).tobytes() + bytes(5000)
    if lacks:
        monkeypatch.setitem(sys.modules, lacks, None)
    made = packing.packed(data)
    assert gzip.decompress(made) == data
    assert made[4:8] == bytes(4) and made == packing.packed(data)
