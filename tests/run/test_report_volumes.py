"""Arrays of the page's viewer, against the slow way to the same."""

from __future__ import annotations

import numpy as np
import pytest
from given import head_mm

from inr_jax.brain.template import brain_mask
from inr_jax.run.stages.report_volumes import interpolated_local
from inr_jax.stats.conformal import Calibration, local_at


@pytest.mark.parametrize("width_mm", [12.0, 27.0, 1000.0])
def test_a_scale_between_nodes_is_the_one_at_the_voxels(rng, width_mm):
    wells_mm = abs(head_mm(rng, 150)) * [1, 1, 1]
    squared = rng.chisquare(1, 150)
    factor = np.array([1.0, 2.0, 3.0])
    calibration = Calibration(
        np.ones(2),
        np.ones(2),
        wells_mm,
        np.ones(150, int),
        squared,
        width_mm,
        factor,
        mirror=True,
    )
    mask, grid = brain_mask(3)
    x_mm = grid.points_mm(mask)[::3]
    exact, near = local_at(calibration, x_mm), interpolated_local(calibration, x_mm)
    np.testing.assert_array_equal(near.factor, exact.factor)
    np.testing.assert_allclose(near.scale, exact.scale, rtol=0.02)
