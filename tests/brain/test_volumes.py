"""Masks and volumes through nibabel, names, and files that are whole or absent."""

from __future__ import annotations

import errno
import gzip
import json
import logging
import os
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from inr_jax import files
from inr_jax.brain import volumes
from inr_jax.brain.space import Grid
from inr_jax.errors import InputError
from inr_jax.maps import bids, write

SHAPE = (7, 8, 9)


def oblique(angle=0.3, sides=(3.0, 2.0, 2.5)):
    c, s = np.cos(angle), np.sin(angle)
    affine = np.eye(4)
    affine[:3, :3] = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.diag(sides)
    affine[:3, 3] = [-30, -50, -10]
    return affine


def save(path, data, affine=None, code=4, units="mm"):
    image = nib.Nifti1Image(np.asarray(data), oblique() if affine is None else affine)
    image.set_sform(image.affine, code=code)
    image.set_qform(image.affine, code=code)
    image.header.set_xyzt_units(units)
    nib.save(image, path)
    return path


def blob(rng):
    return (rng.random(SHAPE) > 0.4).astype(np.uint8)


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


def test_a_written_mask_is_read_back_on_its_grid(tmp_path, rng):
    mask = blob(rng).astype(bool)
    grid = Grid(SHAPE, oblique())
    write.write_volume(tmp_path / "m.nii.gz", mask, grid)
    found, found_grid = volumes.read_mask(tmp_path / "m.nii.gz")
    assert found.dtype == bool and found_grid.shape == SHAPE
    np.testing.assert_array_equal(found, mask)
    np.testing.assert_allclose(found_grid.affine, grid.affine, atol=1e-5)


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
    grid, mask = Grid(SHAPE, oblique()), blob(rng).astype(bool)
    x_mm = grid.points_mm(mask)
    for outside, empty in (("zero", 0.0), ("nan", np.nan)):
        volume = write.fill(x_mm[:, 1], mask, outside)
        assert volume.dtype == np.float32
        for ijk in np.ndindex(SHAPE):
            y = (grid.affine @ [*ijk, 1])[1] if mask[ijk] else empty
            np.testing.assert_allclose(volume[ijk], y, rtol=1e-6)
    with pytest.raises(ValueError, match="'nought'"):
        write.fill(x_mm[:, 1], mask, "nought")


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
            "3-D mask, found an image of 7 x 8 x 9 x 3",
        ),
        "2-D": (mask[..., 0], {}, "3-D mask, found an image of 7 x 8"),
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


def fails(error):
    def failing(*args, **kwargs):
        raise error

    return failing


def half_then(error):
    def failing(path, data):
        with open(path, "wb") as file:
            file.write(data[: len(data) // 2])
        raise error

    return failing


@pytest.mark.parametrize("step", ["write", "rename"])
@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space"), KeyboardInterrupt()]
)
def test_a_failure_leaves_the_old_file_and_no_other(tmp_path, monkeypatch, step, error):
    path = tmp_path / "a.nii.gz"
    path.write_bytes(b"old")
    if step == "write":
        monkeypatch.setattr(Path, "write_bytes", half_then(error))
    else:
        monkeypatch.setattr(os, "replace", fails(error))
    expected = InputError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected) as caught:
        write.write_volume(path, np.zeros(SHAPE), Grid(SHAPE, oblique()))
    if expected is InputError:
        assert "a.nii.gz: expected 0.0 MB of space" in str(caught.value)
        assert "MB free" in str(caught.value)
    assert os.listdir(tmp_path) == ["a.nii.gz"] and path.read_bytes() == b"old"


def test_a_really_full_disk_is_an_input_error():
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")
    with pytest.raises(OSError) as caught:
        full.write_bytes(b"x" * 10_000_000)
    message = str(files._cannot_write(full, 10_000_000, caught.value))
    assert "/dev/full: expected 10.0 MB of space for this file" in message


def test_a_missing_folder_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match=r"b\.json: expected a folder to write to"):
        files.write_json(tmp_path / "a" / "b.json", {})


def test_json_holds_null_for_nan_and_plain_numbers_for_arrays(tmp_path):
    tree = {
        "r": np.float32("nan"),
        "list": (1.5, float("inf"), None, True),
        "array": np.array([[1.0, np.nan]]),
        "n": np.int32(7),
        "path": tmp_path,
        5: "é",
    }
    files.write_json(tmp_path / "a.json", tree)
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == {
        "r": None,
        "list": [1.5, None, None, True],
        "array": [[1.0, None]],
        "n": 7,
        "path": str(tmp_path),
        "5": "é",
    }


def test_descs_are_letters_and_digits_and_never_collide():
    genes = ["HLA-DRA", "HLADRA", "hla-dra", "HLADRA2", "HLA.DRA", "--", "βγ", "CYP1A1"]
    descs = bids.gene_desc(genes)
    assert list(descs) == genes
    assert descs["HLADRA"] == "HLADRA" and descs["HLADRA2"] == "HLADRA2"
    assert descs["CYP1A1"] == "CYP1A1"
    assert bids.gene_desc(["HLA-DRA"]) == {"HLA-DRA": "HLADRA"}
    assert len({desc.lower() for desc in descs.values()}) == len(genes)
    assert all(desc.isascii() and desc.isalnum() for desc in descs.values())
    assert bids.gene_desc(genes[::-1]) == descs


def test_resolution_is_the_voxel_size_whatever_the_rotation():
    for sides, name in {
        (2, 2, 2): "2mm",
        (1.5, 1.5, 1.5): "1p5mm",
        (2, 2, 3): "2x2x3mm",
        (1, 1.25, 10): "1x1p25x10mm",
    }.items():
        assert bids.resolution_name(Grid(SHAPE, oblique(0.4, sides))) == name


def test_map_names_follow_the_template_and_refuse_paths():
    name = bids.map_name("HLADRA", "MNI152", "2mm")
    assert name == "source-inrjax_desc-HLADRA_space-MNI152_res-2mm_feature"
    assert bids.map_name("A", "B", "2mm", "std").endswith("_std")
    for space in ("../up", "", "a_b"):
        with pytest.raises(InputError, match="letters and digits"):
            bids.map_name("A", space, "2mm")
