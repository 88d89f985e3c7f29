"""Where volumes lie: the template's own brain under wrong affines, and parts of it."""

from __future__ import annotations

import numpy as np
import pytest
from given import input_error, write_image

from inr_jax.brain import volumes
from inr_jax.brain.atlas import desikan_killiany, read_image
from inr_jax.brain.space import Grid
from inr_jax.brain.template import brain_mask, tissue_maps
from inr_jax.brain.volume_placement import trouble

BRAIN, GRID = brain_mask(2)


def scaled(factor):
    return Grid(GRID.shape, np.diag([factor, factor, factor, 1]) @ GRID.affine)


def around(centre, radii):
    ijk = np.moveaxis(np.indices(GRID.shape), 0, -1)
    return (((GRID.mm(ijk) - centre) / radii) ** 2).sum(-1) < 1


WRONG = {
    "identity": (BRAIN, Grid(GRID.shape, np.eye(4)), "a whole brain of"),
    "voxels of 3": (
        brain_mask(3)[0],
        Grid(brain_mask(3)[1].shape, np.eye(4)),
        "a whole",
    ),
    "voxels of 2 at 0": (BRAIN, Grid(GRID.shape, np.diag([2.0, 2, 2, 1])), "a whole"),
    "metres": (BRAIN, scaled(1e-3), "a whole brain of"),
    "centimetres": (BRAIN, scaled(0.1), "a whole brain of"),
    "half as large": (BRAIN, scaled(0.5), "a whole brain of"),
    "y": (BRAIN[:, ::-1], GRID, "with y turned round"),
    "z": (BRAIN[:, :, ::-1], GRID, "with z turned round"),
    "y and z": (BRAIN[:, ::-1, ::-1], GRID, "with y and z turned round"),
    "inverted": (~BRAIN, GRID, "outside the template's brain"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_brain_under_a_wrong_affine_is_recognised(name):
    volume, grid, words = WRONG[name]
    found, fix = trouble(volume, grid)
    assert words in found
    assert name != "inverted" or "inverted" in fix


def test_parts_of_the_brain_are_believed():
    grey, white, fine = tissue_maps()
    x = GRID.mm(np.moveaxis(np.indices(GRID.shape), 0, -1))[..., 0]
    for volume, grid in (
        (BRAIN, GRID),
        brain_mask(1),
        brain_mask(3),
        (grey > 0.5, fine),
        (white > 0.5, fine),
        (BRAIN & (x < 0), GRID),
        (np.ones_like(BRAIN), GRID),
        (around([20, 0, 0], [10, 10, 10]), GRID),
        (around([0, -20, 10], [60, 60, 60]), GRID),
        (around([0, -15, 5], [35, 42, 35]), GRID),  # of the brain's own proportions
    ):
        assert trouble(volume, grid) is None


def test_an_atlas_is_told_by_the_brain_too():
    atlas = desikan_killiany()
    inside = atlas.region > 0
    assert trouble(inside, atlas.grid) is None
    assert trouble(inside, Grid(atlas.grid.shape, np.eye(4))) is not None
    assert "y turned" in trouble(inside[:, ::-1], atlas.grid)[0]
    assert "z turned" in trouble(inside[:, :, ::-1], atlas.grid)[0]


def test_masks_and_label_images_of_such_files_are_refused(tmp_path):
    path = write_image(tmp_path / "m.nii.gz", BRAIN.astype(np.uint8), np.eye(4))
    for read in (volumes.read_mask, read_image):
        assert str(input_error(read, path)).startswith(path)
