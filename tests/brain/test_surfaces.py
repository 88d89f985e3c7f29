"""Surfaces of cortex: where fsaverage5 lies, and which files are refused."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from inr_jax.brain import surfaces, template
from inr_jax.errors import InputError


@pytest.fixture(scope="module")
def left():
    return surfaces.fsaverage5()[0]


def write(path, x_mm, triangles, **meta):
    arrays = [
        nib.gifti.GiftiDataArray(np.float32(x_mm), "NIFTI_INTENT_POINTSET", meta=meta),
        nib.gifti.GiftiDataArray(np.int32(triangles), "NIFTI_INTENT_TRIANGLE"),
    ]
    nib.save(nib.gifti.GiftiImage(darrays=arrays), path)
    return str(path)


def pair(folder, left, scale=1.0, names=("lh.white.surf.gii", "lh.pial.surf.gii")):
    meshes = (left.white, left.pial)
    return [
        write(folder / name, scale * x_mm, left.triangles)
        for name, x_mm in zip(names, meshes, strict=True)
    ]


def test_fsaverage5_lies_in_grey_matter_of_mni152_once_it_is_moved_there():
    sides = surfaces.fsaverage5()
    assert [side.hemi for side in sides] == ["L", "R"]
    turned, moved = np.split(surfaces.MNI305_TO_152, [3], axis=1)
    grey_here, grey_before = 0.0, 0.0
    for side, sign in zip(sides, (-1, 1), strict=True):
        x_mm = side.at(0.5)
        assert x_mm.shape == (10242, 3) and sign * x_mm[:, 0].mean() > 20
        grey_here += template.tissue_at(x_mm)[:, 0].mean()
        before = (x_mm - moved.T) @ np.linalg.inv(turned).T
        grey_before += template.tissue_at(before)[:, 0].mean()
    assert grey_here > grey_before and grey_here / 2 > 0.4


def test_a_users_pair_is_read_by_name_or_metadata_and_is_what_was_written(
    left, tmp_path
):
    (read,) = surfaces.read_cortex(pair(tmp_path, left))
    assert read.hemi == "L"
    np.testing.assert_allclose(read.at(0.25), left.at(0.25), atol=1e-4)
    x_mm = left.white * [-1, 1, 1]
    meta = {
        "AnatomicalStructurePrimary": "CortexRight",
        "AnatomicalStructureSecondary": "GrayWhite",
    }
    path = write(tmp_path / "a.gii", x_mm, left.triangles, **meta)
    (alone,) = surfaces.read_cortex([path])
    assert alone.hemi == "R"
    np.testing.assert_array_equal(alone.at(0), alone.at(1))


def test_mni305_is_moved_to_mni152(left, tmp_path):
    (read,) = surfaces.read_cortex(pair(tmp_path, left), "MNI305")
    moved = left.white @ surfaces.MNI305_TO_152[:, :3].T + surfaces.MNI305_TO_152[:, 3]
    np.testing.assert_allclose(read.white, moved, atol=1e-4)


def test_surfaces_elsewhere_damaged_or_unnamed_are_refused(left, tmp_path):
    def told(paths):
        with pytest.raises(InputError) as caught:
            surfaces.read_cortex(paths)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert "cortex of the side L in MNI mm" in told(pair(tmp_path, left, 1.4))
    right = ("rh.white.gii", "rh.pial.gii")
    assert "side R" in told(pair(tmp_path, left, names=right))
    unnamed = write(tmp_path / "x.gii", left.white, left.triangles)
    assert "says its side" in told([unnamed])
    white, pial = pair(tmp_path, left)
    write(tmp_path / "lh.pial.surf.gii", left.pial, left.triangles[::-1])
    assert "the triangles of" in told([white, pial])
    broken = tmp_path / "lh.white.gii"
    broken.write_bytes(b"<?xml version='1.0'?><GIFTI>")
    assert "a surface in GIFTI" in told([str(broken)])
    assert "no such file" in told([str(tmp_path / "lh.absent.gii")])
