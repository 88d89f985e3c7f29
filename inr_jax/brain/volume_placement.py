"""Whether a volume lies where a brain lies: its mask, or the regions of an atlas.

Its voxels are compared with the template's brain, as they are given, and as they would
lie if the box around them were moved and scaled, evenly along the axes, to the box
around the brain; upright, or with y or z turned round. A volume that fits a brain
elsewhere, of another size or upside down is one with a wrong affine.

Nouns:
    inside: of the volume's voxels, the share that lies in the template's brain.
    held: of the brain's points, the share that the volume holds.
    overlap: 2 inside held / (inside + held), Dice's coefficient.

Frame: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

import functools
import itertools
from typing import NamedTuple

import numpy as np

from inr_jax.brain.placement import near_brain
from inr_jax.brain.space import Grid
from inr_jax.brain.template import brain_mask

SAMPLED = 20_000  # voxels of a volume that are looked at
# Measured on nilearn's brain, grown and shrunk by up to 6 mm: overlap .94 to .97 when
# fitted upright, .79 to .87 when turned round; of ellipsoids and spheres at most .89.
A_BRAIN, NO_BRAIN = 0.92, 0.5
BETTER = 0.04  # of a fit turned round over one upright
# The cortex and nuclei of an atlas: inside .95 when fitted upright, .89 turned round.
MOSTLY = 0.93
EVEN = 1.15  # ratio of scales along the axes that can be one
LIKE, TINY = 1.25, 6.0  # scales of a brain in mm, and from which it is none
FEW_VOXELS = 500  # say nothing of a shape


class Fit(NamedTuple):
    """How a volume fits the template's brain.

    Attributes:
        inside: See above, 0 to 1.
        held: Likewise.
    """

    inside: float
    held: float

    @property
    def overlap(self) -> float:
        """Dice's coefficient, 0 to 1."""
        return 2 * self.inside * self.held / max(self.inside + self.held, 1e-9)


def trouble(volume: np.ndarray, grid: Grid) -> tuple[str, str] | None:
    """What is wrong with where a volume lies, and what to do; None for nothing.

    Args:
        volume: `(I, J, K)` bool, some of it True.
        grid: Its grid, said to lead to MNI mm.
    """
    x_mm = sampled_mm(volume, grid)
    near = float(near_brain(x_mm).mean())
    centre, length = _extent(x_mm)
    box = " x ".join(f"{side:.3g}" for side in length)
    at = ", ".join(f"{place:.3g}" for place in centre)
    brain_at, brain_length = _extent(_brain_mm())
    scales = brain_length / np.maximum(length, 1e-6)
    given = _fit(volume, grid, x_mm, np.eye(3), np.zeros(3))
    if len(x_mm) >= FEW_VOXELS and scales.max() <= EVEN * scales.min():
        scale = float(np.prod(scales) ** (1 / 3))
        fits = {}
        for y, z in itertools.product((1, -1), repeat=2):
            turn = scale * np.diag([1.0, y, z])
            fits[y, z] = _fit(volume, grid, x_mm, turn, brain_at - turn @ centre)
        if _elsewhere(fits, given, scale, x_mm):
            found = f"a whole brain of {box} mm about {at}"
            return found, "write it with the affine of its MNI152 grid, in mm"
        axes = _turned_axes(fits, given, scale)
        if axes:
            found = f"a brain that fits better with {axes} turned round"
            return found, "correct its affine"
    if near < NO_BRAIN and given.held < 0.9:
        found = f"{1 - near:.0%} of it outside the template's brain"
        found += f" (a box of {box} mm about {at})"
        if given.held < 0.1 and _covers(grid) > 0.9:
            return found, "is it inverted, 0 inside the brain and 1 around it?"
        return found, "resample it to MNI152 space, in mm"
    return None


def _elsewhere(fits: dict, given: Fit, scale: float, x_mm: np.ndarray) -> bool:
    """Whether a volume has the form of a brain, but not its place or size."""
    best = max(fits.values(), key=lambda fit: fit.overlap)
    if best.overlap >= A_BRAIN and given.overlap < NO_BRAIN:
        return True
    # Cortex or regions alone: only where the affine has hardly a meaning in mm.
    odd = scale > TINY or (scale > LIKE and x_mm.min() >= 0)
    return odd and best.inside >= MOSTLY and best.held > 0.3


def _turned_axes(fits: dict, given: Fit, scale: float) -> str:
    """The axes that had better be turned round, of a volume as large as a brain."""
    upright = fits[1, 1]
    best = max(fits, key=lambda turn: fits[turn].overlap)
    whole = fits[best].overlap >= A_BRAIN
    whole = whole and fits[best].overlap > max(upright.overlap, given.overlap) + BETTER
    if not whole:
        best = max(fits, key=lambda turn: fits[turn].inside)
        like = 1 / LIKE < scale < LIKE and given.inside < MOSTLY
        part = fits[best].inside > max(upright.inside, given.inside) + BETTER
        if not (like and part and fits[best].inside >= MOSTLY - 0.02):
            return ""
    return " and ".join(axis for axis, sign in zip("yz", best, strict=True) if sign < 0)


def _fit(
    volume: np.ndarray, grid: Grid, x_mm: np.ndarray, turn: np.ndarray, by: np.ndarray
) -> Fit:
    """How a volume fits once its mm are taken as turn @ mm + by."""
    brain, brain_grid = brain_mask(3)
    inside = _holds(brain, brain_grid, x_mm @ turn.T + by).mean()
    back = (_brain_mm() - by) @ np.linalg.inv(turn).T
    return Fit(float(inside), float(_holds(volume, grid, back).mean()))


def _holds(volume: np.ndarray, grid: Grid, x_mm: np.ndarray) -> np.ndarray:
    """`(N,)` whether a volume is True in the voxels of points `(N, 3)`."""
    ijk = np.rint(grid.ijk(x_mm)).clip(-1, max(volume.shape)).astype(int)
    within = ((ijk >= 0) & (ijk < volume.shape)).all(-1)
    return within & volume[tuple(np.where(within[:, None], ijk, 0).T)]


def _covers(grid: Grid) -> float:
    """Share of the brain's points that lie on a grid."""
    ijk = np.rint(grid.ijk(_brain_mm()))
    return float(((ijk >= 0) & (ijk < grid.shape)).all(-1).mean())


@functools.lru_cache(maxsize=1)
def _brain_mm() -> np.ndarray:
    """Points `(N, 3)` of the brain, every 6 mm."""
    mask, grid = brain_mask(3)
    coarse = np.zeros_like(mask)
    coarse[::2, ::2, ::2] = mask[::2, ::2, ::2]
    return grid.points_mm(coarse)


def sampled_mm(volume: np.ndarray, grid: Grid) -> np.ndarray:
    """Some voxels `(N, 3)` of a volume, mm, evenly over it; all of a small one."""
    step = max(1, int(np.cbrt(volume.size / (50 * SAMPLED))))
    voxels = np.argwhere(volume[::step, ::step, ::step]) * step
    if not len(voxels):
        voxels = np.argwhere(volume)
    return grid.mm(voxels[:: len(voxels) // SAMPLED + 1])


def _extent(x_mm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centre and length `(3,)` of the box around points but the outermost, mm."""
    low, high = np.percentile(x_mm, [0.5, 99.5], axis=0)
    return (low + high) / 2, high - low
