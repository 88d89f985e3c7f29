"""Upright slices through a volume on any grid, sampled in millimetres.

Left is on the left and up is up, whatever the order, sign or slant of the axes of
the grid. Frames: x_mm (MNI152 RAS, mm). Axis letters: I, J, K voxels.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from inr_jax.brain.space import Grid

STEP_MM = 1.0  # from pixel to pixel
# Of a cut across x, y, z: the axes drawn to the right and up, and the letters at the
# left and right end.
IN_PLANE = ((1, 2), (0, 2), (0, 1))
ENDS = (("P", "A"), ("L", "R"), ("L", "R"))


class Plane(NamedTuple):
    """A cut across one axis, and the box that is drawn of it.

    Attributes:
        axis: 0 sagittal, 1 coronal, 2 axial.
        at_mm: Where it cuts that axis, mm.
        low_mm: `(3,)` the corner of the box, mm.
        high_mm: `(3,)` the opposite corner.
    """

    axis: int
    at_mm: float
    low_mm: np.ndarray
    high_mm: np.ndarray

    @property
    def name(self) -> str:
        """The words below the picture, "x = -34 mm"."""
        return f"{'xyz'[self.axis]} = {self.at_mm:.0f} mm"

    def points_mm(self) -> np.ndarray:
        """Centres of the pixels, `(rows, columns, 3)`; rows upwards."""
        right, up = IN_PLANE[self.axis]
        ticks = [
            np.arange(self.low_mm[k], self.high_mm[k], STEP_MM) + STEP_MM / 2
            for k in (right, up)
        ]
        x_mm = np.empty((len(ticks[1]), len(ticks[0]), 3))
        x_mm[..., self.axis] = self.at_mm
        x_mm[..., right], x_mm[..., up] = np.meshgrid(*ticks)
        return x_mm

    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top edge of the pixels, mm."""
        rows, columns, _ = self.points_mm().shape
        left, bottom = (float(self.low_mm[k]) for k in IN_PLANE[self.axis])
        return left, left + columns * STEP_MM, bottom, bottom + rows * STEP_MM


def sampled(
    volume: np.ndarray, grid: Grid, x_mm: np.ndarray, *, linear: bool
) -> np.ndarray:
    """A volume `(I, J, K)` at points `(..., 3)`, mm; 0 outside its grid.

    Args:
        volume: `(I, J, K)`.
        grid: Its grid.
        x_mm: `(..., 3)`.
        linear: Trilinear, or else the voxel that the point lies in.
    """
    from scipy.ndimage import map_coordinates

    ijk = np.moveaxis(grid.ijk(x_mm), -1, 0)
    return map_coordinates(
        volume, ijk, order=int(linear), mode="grid-constant", cval=0.0
    )
