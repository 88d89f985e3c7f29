"""Masks and volumes as nibabel reads them, on any grid."""

from __future__ import annotations

import logging

import nibabel as nib
import numpy as np
import pytest
from given import SHAPE, oblique

from inr_jax.brain import volumes
from inr_jax.brain.space import Grid
from inr_jax.errors import InputError
from inr_jax.maps import write


def save(path, data, affine=None, code=4, units="mm"):
    image = nib.Nifti1Image(np.asarray(data), oblique() if affine is None else affine)
    image.set_sform(image.affine, code=code)
    image.set_qform(image.affine, code=code)
    image.header.set_xyzt_units(units)
    nib.save(image, path)
    return path


def blob(rng):
    return (rng.random(SHAPE) > 0.4).astype(np.uint8)


def test_a_written_mask_is_read_back_on_its_grid(tmp_path, rng):
    mask = blob(rng).astype(bool)
    grid = Grid(SHAPE, oblique())
    write.write_volume(tmp_path / "m.nii.gz", mask, grid)
    found, found_grid = volumes.read_mask(tmp_path / "m.nii.gz")
    assert found.dtype == bool and found_grid.shape == SHAPE
    np.testing.assert_array_equal(found, mask)
    np.testing.assert_allclose(found_grid.affine, grid.affine, atol=1e-5)


def test_masks_are_bytes_probabilities_or_two_values(tmp_path, rng):
    mask = blob(rng)
    chance = np.where(mask, rng.uniform(0.51, 1, SHAPE), rng.uniform(0, 0.5, SHAPE))
    for name, data in {
        "byte": mask,
        "float": mask.astype(np.float32),
        "high": mask.astype(np.int16) * 255,
        "chance": chance.astype(np.float32),
        "trailing": mask[..., None],
    }.items():
        found, _ = volumes.read_mask(save(tmp_path / f"{name}.nii.gz", data))
        np.testing.assert_array_equal(found, mask == 1, err_msg=name)


def test_probabilities_stored_as_scaled_bytes_are_a_mask(tmp_path, rng):
    image = nib.Nifti1Image(np.linspace(0, 1, 504).reshape(SHAPE), oblique())
    image.set_data_dtype(np.uint8)
    nib.save(image, tmp_path / "p.nii")
    found, _ = volumes.read_mask(tmp_path / "p.nii")
    assert 0.48 < found.mean() < 0.52


def bad_masks(rng):
    mask = blob(rng)
    nan = mask.astype(np.float32)
    nan[2, 2, 2] = np.nan
    head = np.ones((40, 50, 45), np.uint8)
    far, flat = oblique(), oblique()
    far[:3, 3] += 400
    flat[:3, 2] = flat[:3, 1]
    return {
        "4-D": (
            np.stack([mask] * 3, -1),
            {},
            "brain mask in MNI mm, found an image of 7 x 8 x 9 x 3",
        ),
        "2-D": (mask[..., 0], {}, "brain mask in MNI mm, found an image of 7 x 8"),
        "empty": (mask * 0, {}, "found an empty mask"),
        "faint": (mask * np.float32(0.3), {}, "found an empty mask"),
        "NaN": (nan, {}, "found 1 voxels of NaN"),
        "labels": (np.arange(504, dtype=np.int16).reshape(SHAPE), {}, "from 0 to 503"),
        "negative": (mask.astype(np.int16) - 1, {}, "from -1 to 0"),
        "far": (mask, {"affine": far}, "100% of its voxels outside the head"),
        "voxels": (head, {"affine": np.diag([2.0, 2, 2, 1])}, "no negative coordinate"),
        "metres": (mask, {"units": "meter"}, "units of meter"),
        "nowhere": (mask, {"code": 0}, "neither sform nor qform"),
        "complex": (mask.astype(np.complex64), {}, "type complex64"),
    }


@pytest.mark.parametrize("name", list(bad_masks(np.random.default_rng(0))))
def test_a_bad_mask_is_refused_in_one_line_that_names_it(tmp_path, rng, name):
    data, how, message = bad_masks(rng)[name]
    path = save(tmp_path / "mask.nii.gz", data, **how)
    with pytest.raises(InputError, match=r"mask\.nii\.gz: expected") as caught:
        volumes.read_mask(path)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_an_affine_without_inverse_is_refused(tmp_path, rng):
    path = save(tmp_path / "mask.nii", blob(rng))
    data = bytearray(path.read_bytes())
    header = nib.Nifti1Header(bytes(data[:348]))
    header["srow_x"] = header["srow_y"]
    data[:348] = header.binaryblock
    path.write_bytes(data)
    with pytest.raises(InputError, match="without inverse"):
        volumes.read_mask(path)


def test_missing_cut_and_foreign_files_are_refused(tmp_path, rng):
    with pytest.raises(InputError, match=r"none\.nii\.gz: .* no such file"):
        volumes.read_mask(tmp_path / "none.nii.gz")
    whole = save(tmp_path / "whole.nii.gz", rng.random(SHAPE)).read_bytes()
    plain = save(tmp_path / "whole.nii", rng.random(SHAPE)).read_bytes()
    nib.save(nib.MGHImage(np.ones(SHAPE, np.uint8), oblique()), tmp_path / "a.mgz")
    (tmp_path / "folder.nii").mkdir()
    for name, data in {
        "cut.nii.gz": whole[: len(whole) // 2],
        "cut.nii": plain[: len(plain) // 2],
        "header.nii": plain[:100],
        "text.nii": b"hello" * 200,
        "text.nii.gz": b"hello" * 200,
        "blank.nii": b"",
        "word.csv": b"a,b",
    }.items():
        (tmp_path / name).write_bytes(data)
    for path in tmp_path.iterdir():
        if not path.name.startswith("whole"):
            with pytest.raises(InputError, match="expected a brain mask") as caught:
                volumes.read_mask(path)
            assert path.name in str(caught.value)


def test_a_scanner_affine_is_taken_with_a_warning(tmp_path, rng, caplog):
    with caplog.at_level(logging.WARNING, "inr_jax"):
        volumes.read_mask(save(tmp_path / "m.nii", blob(rng), code=1))
    assert "'scanner'" in caplog.text
