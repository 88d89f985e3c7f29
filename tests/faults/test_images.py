"""Image files that are damaged, huge, of another kind, or lie elsewhere."""

from __future__ import annotations

import gzip
import logging
import os

import nibabel as nib
import numpy as np
import pytest
from given import input_error

from inr_jax.brain.atlas import read_image
from inr_jax.brain.volumes import read_mask

READERS = (read_mask, read_image)
AFFINE = np.array([[2.0, 0, 0, -20], [0, 2, 0, -30], [0, 0, 2, -10], [0, 0, 0, 1]])


def image(code=4, other=None):
    """A small box inside the brain; `other` is the code of a qform 9 mm away."""
    made = nib.Nifti1Image(np.ones((20, 22, 18), np.uint8), AFFINE)
    made.set_sform(AFFINE, code=code)
    moved = AFFINE + 9 * np.eye(4)[:, [3, 0, 1, 2]] * (np.arange(4) == 3)
    made.set_qform(moved if other else AFFINE, code=other or code)
    return made


@pytest.fixture
def packed() -> bytes:
    return gzip.compress(image().to_bytes())


@pytest.mark.parametrize("read", READERS)
def test_every_flipped_bit_of_a_gzip_is_told_or_harmless(tmp_path, packed, rng, read):
    """gzip's checksum lies behind the voxels, where nibabel never reads."""
    path = tmp_path / "a.nii.gz"
    path.write_bytes(packed)
    whole, _ = read(path)
    for bit in rng.choice(8 * len(packed), 60, replace=False):
        data = bytearray(packed)
        data[bit // 8] ^= 1 << (bit % 8)
        path.write_bytes(data)
        try:
            values, _ = read(path)
        except ValueError as error:
            assert type(error).__name__ == "InputError"
        else:  # in gzip's own header: a name, a date
            assert bit < 80
            np.testing.assert_array_equal(values, whole)


def header(**fields):
    """A header alone, with fields as they are given."""
    made = image()
    raw = bytearray(made.to_bytes())
    head = made.header.copy()
    for name, value in ({"vox_offset": 352} | fields).items():
        head[name] = value
    raw[:348] = head.binaryblock
    return bytes(raw)


BAD = {
    "huge": lambda: header(dim=[3, 32767, 32767, 32767, 1, 1, 1, 1]),
    "negative": lambda: header(dim=[3, -20, 22, 18, 1, 1, 1, 1]),
    "zero": lambda: header(dim=[3, 0, 22, 18, 1, 1, 1, 1]),
    "dims": lambda: header(dim=[-7, 20, 22, 18, 1, 1, 1, 1]),
    "type": lambda: header(datatype=1234),
    "no type": lambda: header(datatype=0),
    "offset": lambda: header(vox_offset=1e30),
    "before": lambda: header(vox_offset=-5.0),
    "nan affine": lambda: header(srow_x=[np.nan, 0, 0, 0]),
    "talairach": lambda: image(3).to_bytes(),
    "unknown code": lambda: header(sform_code=9, qform_code=0),
    "uncoded": lambda: image(0).to_bytes(),
    "colours": lambda: nib.Nifti1Image(
        np.zeros((4, 4, 4), [("R", "u1"), ("G", "u1"), ("B", "u1")]), AFFINE
    ).to_bytes(),
    "bomb": lambda: gzip.compress(gzip.compress(bytes(3 << 20)) * 800, 1),
}


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("name", BAD)
def test_a_header_that_asks_for_what_is_not_there_is_refused(tmp_path, name, read):
    path = tmp_path / ("a.nii.gz" if name == "bomb" else "a.nii")
    path.write_bytes(BAD[name]())
    assert str(path) in str(input_error(read, path))


@pytest.mark.parametrize("read", READERS)
def test_what_is_no_file_or_no_volume_is_refused_at_once(tmp_path, read):
    os.mkfifo(tmp_path / "pipe.nii")
    (tmp_path / "zero.nii").symlink_to("/dev/zero")
    surface = nib.gifti.GiftiImage()
    nib.save(surface, tmp_path / "a.gii")
    nib.save(
        nib.Spm2AnalyzeImage(np.ones((9, 9, 9), np.uint8), AFFINE), tmp_path / "a.img"
    )
    mgh = nib.MGHImage(np.ones((9, 9, 9), np.uint8), AFFINE)
    nib.save(mgh, tmp_path / "coded.mgz")
    mgh.header["goodRASFlag"] = 0
    mgh.header.structarr["goodRASFlag"] = 0
    (tmp_path / "uncoded.mgh").write_bytes(mgh.to_bytes())
    names = ("pipe.nii", "zero.nii", "a.gii", "a.img", "", "none.nii")
    for name in (*names, *(["coded.mgz"] if read is read_mask else [])):
        input_error(read, tmp_path / name)
    for name in ("nul\0.nii", "~nosuchuser/a.nii"):
        input_error(read, name)
    if read is read_image:
        assert read(tmp_path / "coded.mgz")[0].sum() == 729


@pytest.mark.parametrize("read", READERS)
def test_codes_of_other_spaces_and_two_affines_that_differ_are_said(
    tmp_path, read, caplog
):
    for code, other, words in (
        (5, None, "another template"),
        (1, None, "scanner"),
        (4, 4, "differ by up to 9.0 mm"),
    ):
        caplog.clear()
        made = image(min(code, 5), other)
        made.header.structarr["sform_code"] = code
        (tmp_path / "a.nii").write_bytes(made.to_bytes())
        with caplog.at_level(logging.WARNING, "inr_jax"):
            read(tmp_path / "a.nii")
        assert words in caplog.text
    caplog.clear()
    nib.save(image(4), tmp_path / "a.nii")
    read(tmp_path / "a.nii")
    assert not caplog.records
