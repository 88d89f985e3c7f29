"""A linear field cut anywhere is that field, in mm."""

from __future__ import annotations

import numpy as np

from inr_jax.brain.space import Grid
from inr_jax.report import cuts


def oblique_grid():
    c, s = np.cos(0.4), np.sin(0.4)
    affine = np.eye(4)
    affine[:3, :3] = np.array([[-c, s, 0], [s, c, 0], [0, 0, 1]]) * [3, 3, 3]
    affine[:3, 3] = [20, -60, -30]
    return Grid((27, 31, 21), affine)


def test_a_slice_of_a_linear_field_is_that_field_in_mm():
    grid = oblique_grid()
    x_mm = grid.mm(np.moveaxis(np.indices(grid.shape), 0, -1))
    low, high = np.array([-15.0, -30, -20]), np.array([5.0, 0, 10])
    for axis, (right, up) in enumerate(((1, 2), (0, 2), (0, 1))):
        plane = cuts.Plane(axis, -7.0, low, high)
        points = plane.points_mm()
        assert points.shape[:2] == tuple((high - low)[[up, right]].astype(int))
        assert (np.diff(points[..., right], axis=1) > 0).all()
        assert (np.diff(points[..., up], axis=0) > 0).all()
        assert (points[..., axis] == -7).all()
        assert plane.extent() == (low[right], high[right], low[up], high[up])
        for k in range(3):
            found = cuts.sampled(x_mm[..., k], grid, points, linear=True)
            np.testing.assert_allclose(found, points[..., k], atol=1e-9)
            found = cuts.sampled(x_mm[..., k], grid, points, linear=False)
            assert abs(found - points[..., k]).max() < 1.5 * 3**0.5 + 1e-9


def test_outside_its_grid_a_volume_is_zero():
    grid = oblique_grid()
    far = np.array([[500.0, 0, 0], [0, 0, -200]])
    for linear in (False, True):
        ones = np.ones(grid.shape)
        assert (cuts.sampled(ones, grid, far, linear=linear) == 0).all()
