"""Wells in regions, on three rows of voxels."""

from __future__ import annotations

import numpy as np

from inr_jax.maps.region_wells import TOLERANCE_MM, wells_of_regions
from inr_jax.samples.support import Support, single_points

# Voxels at x = -20 and 20 (regions 0 and 1), y = 0, 2, ... 18.
X_MM = np.array([[x, y, 0.0] for x in (-20, 20) for y in range(0, 20, 2)])
REGION = np.repeat([0, 1], 10)


def matched(x_mm, *, mirror, regions=3):
    points = single_points(np.asarray(x_mm, np.float32), np.zeros((len(x_mm), 2)))
    return wells_of_regions(X_MM, REGION, regions, points, mirror=mirror)


def test_a_well_is_in_the_nearest_region_within_the_tolerance():
    near, far = 20 + TOLERANCE_MM - 0.1, 20 + TOLERANCE_MM + 0.1
    wells = matched([[-20, 4, 0], [near, 4, 0], [far, 4, 0]], mirror=False)
    expected = [[True, False, False], [False, True, False], [False] * 3]
    np.testing.assert_array_equal(wells.inside, expected)
    np.testing.assert_allclose(wells.distance_mm[0], [0, 40, np.inf])
    np.testing.assert_allclose(wells.least_mm(), [0, TOLERANCE_MM - 0.1, np.inf], 1e-5)


def test_a_well_counts_on_both_sides_where_these_are_one():
    wells = matched([[-20, 4, 0], [-24, 4, 0]], mirror=True)
    np.testing.assert_array_equal(wells.inside[:, :2], [[True, True], [False, False]])
    np.testing.assert_allclose(wells.distance_mm[:, :2], [[0, 0], [4, 4]])


def test_a_mean_over_points_is_where_most_of_them_are():
    x_mm = np.array([[-20, 0, 0], [-20, 2, 0], [20, 4, 0], [20, 4, 0], [0, 0, 0]])
    support = Support(x_mm.astype(np.float32), np.zeros((5, 2)), np.array([3, 2]))
    wells = wells_of_regions(X_MM, REGION, 2, support, mirror=False)
    np.testing.assert_array_equal(wells.inside, [[True, False], [False, False]])
    np.testing.assert_allclose(wells.distance_mm[1], [30, 10])
