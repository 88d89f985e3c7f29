"""Frames: affine maps against nibabel, boxes against examples worked by hand."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from nibabel.affines import apply_affine

from inr_jax.brain.space import (
    HEAD_HIGH_MM,
    HEAD_LOW_MM,
    Box,
    Grid,
    box_around,
    outside_head,
)

SHAPE = (7, 8, 9)
# 2 x 2.5 x 3 mm voxels, turned about two axes, as a scanner may write them.
TURN_X = np.array([[1, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]])
TURN_Z = np.array([[5, -12, 0], [12, 5, 0], [0, 0, 13]]) / 13
OBLIQUE = np.eye(4)
OBLIQUE[:3, :3] = TURN_Z @ TURN_X @ np.diag([-2.0, 2.5, 3.0])
OBLIQUE[:3, 3] = 31.0, -64.5, 12.25
# Two points worked by hand: ranges 20, 60, 30 mm.
CORNERS = np.array([[-10.0, -50, 5], [10, 10, 35]])


@pytest.fixture
def grid() -> Grid:
    return Grid(SHAPE, OBLIQUE)


def test_the_cube_of_two_points_is_the_one_worked_by_hand():
    box = box_around(CORNERS)
    np.testing.assert_array_equal(box.centre_mm, [0, -20, 20])
    assert box.half_mm == 30
    np.testing.assert_allclose(box.unit(CORNERS[0]), [-1 / 3, -1, -1 / 2])
    np.testing.assert_allclose(box.unit(CORNERS[1]), [1 / 3, 1, 1 / 2])


def test_the_joint_box_of_two_points_is_the_one_worked_by_hand():
    box = box_around(CORNERS, "joint")
    np.testing.assert_array_equal(box.centre_mm, [-7.5, -7.5, -7.5])
    assert box.half_mm == 42.5
    np.testing.assert_allclose(box.unit(CORNERS[0])[1], -1)
    np.testing.assert_allclose(box.unit(CORNERS[1])[2], 1)


@pytest.mark.parametrize("kind", ["cube", "joint"])
def test_a_box_holds_its_points_and_touches_two_of_them(rng, kind):
    x_mm = rng.normal(0, [10, 40, 20], (30, 3))
    u = box_around(x_mm, kind).unit(x_mm)
    np.testing.assert_allclose([u.min(), u.max()], [-1, 1], atol=1e-5)


def test_a_box_is_saved_as_float32():
    box = box_around(CORNERS)
    assert box.centre_mm.dtype == box.half_mm.dtype == np.float32
    assert box.half_mm.shape == ()


def test_to_the_unit_cube_and_back_is_nothing(rng):
    box = Box(np.array([3.0, -18, 9]), np.array(90.0))
    x_mm = rng.normal(0, 50, (4, 5, 3))
    np.testing.assert_allclose(box.mm(box.unit(x_mm)), x_mm, atol=1e-12)
    np.testing.assert_array_equal(box.unit(box.centre_mm), [0, 0, 0])


def test_all_distances_shrink_by_one_factor(rng):
    x_mm = rng.normal(0, [10, 40, 20], (30, 3))
    box = box_around(x_mm)
    u = box.unit(x_mm)
    for axis in range(3):
        apart_mm = x_mm[:, axis] - x_mm[0, axis]
        np.testing.assert_allclose(
            (u[:, axis] - u[0, axis]) * float(box.half_mm), apart_mm, atol=1e-9
        )


def test_a_box_is_the_same_under_vmap_and_jit(rng):
    box = box_around(CORNERS)
    x_mm = rng.normal(0, 30, (6, 3)).astype(np.float32)
    u = jax.jit(jax.vmap(lambda x: box.unit(x)))(jnp.asarray(x_mm))
    np.testing.assert_allclose(u, box.unit(x_mm), rtol=1e-6, atol=1e-7)
    back = jax.jit(jax.vmap(lambda x: box.mm(x)))(u)
    np.testing.assert_allclose(back, x_mm, rtol=1e-5, atol=1e-5)


def test_an_unknown_kind_of_box_is_refused():
    with pytest.raises(ValueError, match="expected 'cube' or 'joint', found 'sphere'"):
        box_around(CORNERS, "sphere")


def test_points_in_one_place_have_no_box():
    with pytest.raises(ValueError, match="expected points apart, found all at"):
        box_around(np.full((4, 3), 7.0))


def test_voxels_lie_where_nibabel_says(grid, rng):
    ijk = rng.integers(0, SHAPE, (50, 3))
    np.testing.assert_allclose(grid.mm(ijk), apply_affine(OBLIQUE, ijk), atol=1e-12)
    x_mm = rng.normal(0, 40, (2, 5, 3))
    expected = apply_affine(np.linalg.inv(OBLIQUE), x_mm)
    np.testing.assert_allclose(grid.ijk(x_mm), expected, atol=1e-12)


def test_to_voxels_and_back_is_nothing(grid, rng):
    x_mm = rng.normal(0, 40, (20, 3))
    np.testing.assert_allclose(grid.mm(grid.ijk(x_mm)), x_mm, atol=1e-11)


def test_a_voxel_has_its_own_length_along_each_axis(grid):
    np.testing.assert_allclose(grid.voxel_mm(), [2, 2.5, 3])


def test_points_of_a_mask_come_in_c_order(grid, rng):
    mask = rng.random(SHAPE) < 0.2
    expected = [
        apply_affine(OBLIQUE, [i, j, k])
        for i in range(SHAPE[0])
        for j in range(SHAPE[1])
        for k in range(SHAPE[2])
        if mask[i, j, k]
    ]
    np.testing.assert_allclose(grid.points_mm(mask), expected, atol=1e-11)


def test_values_at_points_go_back_into_the_mask_in_order(grid, rng):
    mask = rng.random(SHAPE) < 0.2
    volume = np.zeros(SHAPE)
    volume[mask] = grid.points_mm(mask)[:, 1]
    for ijk in np.argwhere(mask):
        assert volume[tuple(ijk)] == pytest.approx(apply_affine(OBLIQUE, ijk)[1])


def test_an_empty_mask_has_no_points(grid):
    assert grid.points_mm(np.zeros(SHAPE, bool)).shape == (0, 3)


def test_a_mask_of_another_shape_is_refused(grid):
    with pytest.raises(ValueError, match=r"expected shape \(7, 8, 9\), found \(9, 8"):
        grid.points_mm(np.ones((9, 8, 7), bool))


def test_a_point_is_outside_the_head_beyond_any_limit():
    inside = np.array([[0, 0, 0], HEAD_LOW_MM, HEAD_HIGH_MM])
    assert not outside_head(inside).any()
    for axis in range(3):
        for limits, step in ((HEAD_LOW_MM, -0.5), (HEAD_HIGH_MM, 0.5)):
            x_mm = np.zeros((2, 3))
            x_mm[1, axis] = limits[axis] + step
            np.testing.assert_array_equal(outside_head(x_mm), [False, True])
