"""Maps that users bring: where they say something, and what is told of the others."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest
from scipy.ndimage import binary_fill_holes

from inr_jax.brain.space import Grid
from inr_jax.brain.template import brain_mask
from inr_jax.brain.value_maps import read_value_map
from inr_jax.errors import InputError

BRAIN, GRID = brain_mask(3)
MASK = binary_fill_holes(BRAIN)


def image_of(values, affine=GRID.affine, dtype=np.float32):
    return nib.Nifti1Image(values.astype(dtype), affine)


@pytest.fixture
def smooth():
    """A map of the brain that is 0 in a ball inside it, and 0 around it."""
    ijk = np.indices(MASK.shape)
    values = 2 + np.sin(ijk[0] / 7) + np.cos(ijk[1] / 5)
    ball = ((ijk - np.array(MASK.shape)[:, None, None, None] // 2) ** 2).sum(0) < 30
    values[ball] = 0
    return np.where(MASK, values, 0.0), ball & MASK


def test_zeros_inside_the_brain_are_values_those_around_it_are_not(smooth):
    values, ball = smooth
    found = read_value_map(image_of(values))
    assert found.inside[ball].all() and (found.inside == MASK).all()
    assert "that reach the border are outside" in found.rule
    without = read_value_map(image_of(values), zeros="outside")
    assert (without.inside == MASK & ~ball).all()
    everywhere = read_value_map(image_of(values + (values == 0)), zeros="values")
    assert everywhere.inside.all()


def test_nan_is_outside_and_zeros_that_it_closes_in_are_values(smooth):
    values, ball = smooth
    found = read_value_map(image_of(np.where(MASK, values, np.nan)))
    assert (found.inside == MASK).all() and found.inside[ball].all()


def test_a_mask_of_another_grid_narrows_the_inside(smooth):
    values, _ = smooth
    mask, grid = brain_mask(2)
    half = mask & (np.arange(mask.shape[0]) > 49)[:, None, None]
    found = read_value_map(image_of(values), mask=image_of(half, grid.affine))
    x_mm = GRID.points_mm(found.inside)
    assert 0 < len(x_mm) < 0.6 * MASK.sum() and x_mm[:, 0].min() > -2


def test_scaled_integers_are_the_values_that_they_stand_for(smooth):
    values, _ = smooth
    image = image_of(values * 1000, dtype=np.int16)
    image.header.set_slope_inter(0.001, 0)
    written = nib.Nifti1Image.from_bytes(image.to_bytes())
    inner = GRID.points_mm(MASK)[::997]
    found = read_value_map(written).at(inner)
    np.testing.assert_allclose(found, values[MASK][::997], atol=2e-3)


@pytest.mark.parametrize("turned", [False, True])
def test_values_are_read_in_mm_whatever_the_grid(smooth, turned):
    """Of voxels that are no cubes, along the axes or oblique to them."""
    turn = np.eye(4)
    if turned:
        turn[:2, :2] = [[np.cos(0.2), -np.sin(0.2)], [np.sin(0.2), np.cos(0.2)]]
    affine = turn @ np.diag([4.0, 5.0, 4.5, 1])
    affine[:3, 3] = turn[:3, :3] @ [-100, -135, -72]
    grid = Grid((50, 50, 44), affine)
    x_mm = grid.points_mm(np.ones(grid.shape, bool))
    inside = read_value_map(image_of(smooth[0])).at(x_mm)
    field = np.where(np.isfinite(inside), 500 + x_mm @ [1.0, 2.0, -0.5], 0)
    found = read_value_map(image_of(field.reshape(grid.shape), grid.affine))
    at = np.array([[10.0, -20, 30], [-33, 5, 12]])
    np.testing.assert_allclose(found.at(at), 500 + at @ [1, 2, -0.5], rtol=1e-4)


def test_places_outside_are_nan(smooth):
    values, _ = smooth
    found = read_value_map(image_of(values))
    assert np.isnan(found.at(np.array([[200.0, 0, 0], [-97, -133, -71]]))).all()


def _shifted(values):
    affine = GRID.affine.copy()
    affine[:3, 3] += 150
    return image_of(values, affine)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (lambda v: image_of(np.where(MASK, 3.0, 0)), "one value, 3"),
        (lambda v: image_of(np.where(v > 2, 2.0, 1) * MASK), "two values, 1 and 2"),
        (lambda v: image_of(v * 0), "no voxel with a value"),
        (lambda v: image_of(v * np.nan), "no voxel with a value"),
        (lambda v: image_of(np.stack([v, v], -1)), "x 2 voxels"),
        (_shifted, "mm"),
        (lambda v: image_of(v, np.diag([3.0, 3, 3, 1])), "mm"),
    ],
)
def test_what_is_no_map_is_told_in_one_line(smooth, bad, words):
    with pytest.raises(InputError) as refused:
        read_value_map(bad(smooth[0]))
    assert words in str(refused.value) and "\n" not in str(refused.value)


def test_a_map_cut_at_a_threshold_is_told(smooth, caplog):
    values, _ = smooth
    known = MASK & (np.arange(MASK.shape[2]) > 0)  # the brain reaches the lowest slice
    cut = np.where(known, np.where(values > 2.5, values, 0), np.nan)
    read_value_map(image_of(cut))
    assert "cut at a threshold" in caplog.text
