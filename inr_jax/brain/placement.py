"""Whether points and volumes lie where a brain lies, and what would explain that not.

Numbers alone have no unit. Coordinates in centimetres, voxel indices of a coarse grid
or axes in another order may all lie inside a head; so the template's brain is asked:
a reading is believed before the given one when it puts (almost) all points inside the
brain and the given one does not, or when no brain is as small as the given one says.

Nouns:
    reading: a map of the numbers that were given to MNI mm, and its name in words.
    share: of points, how many lie in the brain or within MARGIN_MM of it.
    covered: of points of the brain, how many a volume holds.

Axis letters: N points, D = 3. Frame: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from inr_jax.brain.space import Grid
from inr_jax.brain.template import brain_mask

# Of the atlas's 3,702 wells 99.6 % lie so near the brain at the released coordinates,
# 99.97 % at abagen's; with axes swapped or turned round at most 92 %.
MARGIN_MM = 4.0
MOST = 0.98  # share from which a reading puts points inside the brain
# Share from which the given one does. Of some structure's 30 wells a tenth lie outside.
MANY, OF_MANY, OF_FEW = 40, 0.95, 0.75
LEAST = 3  # points outside that are no accident
SOME = 20  # points from which it is no accident that they fit one of 23 turns
TINY_MM = 0.5  # no study of a brain is so small: metres
SMALL_MM = 25.0  # nor as small as this, where ten times as large fits: centimetres
SPAN_MM = (40.0, 60.0, 60.0)  # along each axis, of a study of at least one half
SAMPLED = 20_000  # voxels of a volume that are looked at
GRIDS_MM = (1, 2, 3, 4)  # of templates
# Where their first voxels lie, mm, x turned so that it grows: ICBM152 2009a, FSL's and
# SPM's MNI152, ICBM152 2009c.
ORIGINS_MM = ((-98, -134, -72), (-90, -126, -72), (-78, -112, -70), (-96, -132, -78))


class Placement(NamedTuple):
    """What the numbers may be in truth: x_mm = matrix @ number + offset.

    Attributes:
        name: In words.
        matrix: `(3, 3)`.
        offset: `(3,)` mm.
    """

    name: str
    matrix: np.ndarray
    offset: np.ndarray

    def mm(self, numbers: np.ndarray) -> np.ndarray:
        """MNI mm `(N, 3)` of numbers `(N, 3)`."""
        return numbers @ self.matrix.T + self.offset


METRES, CENTIMETRES = (
    Placement(name, factor * np.eye(3), np.zeros(3))
    for name, factor in (("metres", 1000), ("centimetres", 10))
)


@functools.lru_cache(maxsize=1)
def _grown_brain() -> tuple[np.ndarray, Grid]:
    """The template's voxels of 3 mm within `MARGIN_MM` of its brain, 4 around it."""
    mask, grid = brain_mask(3)
    mask = np.pad(mask, 4)
    grown = mask.copy()
    for axis in range(3):  # the centres of these lie at 3 mm, of the next at 4.2
        for step in (-1, 1):
            grown |= np.roll(mask, step, axis)
    return grown, grid


def near_brain(x_mm: np.ndarray) -> np.ndarray:
    """`(N,)` whether points `(N, 3)` lie in the template's brain or almost so."""
    brain, grid = _grown_brain()
    ijk = np.rint(grid.ijk(x_mm)).clip(-4, 10_000).astype(int) + 4
    ijk = np.minimum(ijk, np.array(brain.shape) - 1)
    return brain[tuple(ijk.T)]


def share(x_mm: np.ndarray) -> float:
    """Share of points `(N, 3)` in the template's brain or almost so."""
    return float(near_brain(x_mm).mean()) if len(x_mm) else 1.0


def indexed() -> Iterator[Placement]:
    """Readings as voxel indices of a template's grid."""
    for side, origin in itertools.product(GRIDS_MM, ORIGINS_MM):
        name = f"voxel indices of a {side} mm grid"
        yield Placement(name, side * np.eye(3), np.array(origin, np.float64))


def turned() -> Iterator[Placement]:
    """Readings with axes in another order or of the other sign.

    The brain is its own mirror image, so a sign of x alone makes no difference.
    """
    for order in itertools.permutations(range(3)):
        for y, z in itertools.product((1, -1), repeat=2):
            words = []
            if order != (0, 1, 2):
                words.append("axes in the order " + "".join("xyz"[k] for k in order))
            if (y, z) != (1, 1):
                axes = " and ".join(
                    axis for axis, sign in (("y", y), ("z", z)) if sign < 0
                )
                lps = " (LPS)" if axes == "y" and not words else ""
                words.append(f"{axes} of the other sign{lps}")
            if words:
                matrix = np.diag([1.0, y, z]) @ np.eye(3)[list(order)]
                yield Placement(", ".join(words), matrix, np.zeros(3))


def explanation(x_mm: np.ndarray) -> str:
    """What points `(N, 3)` are taken for, rather than MNI mm; "" for MNI mm.

    Args:
        x_mm: What was given as MNI mm; finite.
    """
    size = abs(x_mm).max()
    if len(x_mm) >= LEAST and size < TINY_MM:
        return METRES.name
    small = len(x_mm) >= LEAST and size < SMALL_MM and np.ptp(x_mm) > TINY_MM
    if small and share(CENTIMETRES.mm(x_mm)) >= MOST:
        return CENTIMETRES.name
    if len(x_mm) >= 10 and (x_mm >= 0).all(-1).mean() >= MOST:
        for reading in indexed():
            y_mm = reading.mm(x_mm)
            if (np.ptp(y_mm, axis=0) > SPAN_MM).all() and share(y_mm) >= MOST:
                return reading.name
    outside = ~near_brain(x_mm)
    enough = OF_MANY if len(x_mm) >= MANY else OF_FEW
    if len(x_mm) < SOME or outside.sum() < LEAST or 1 - outside.mean() >= enough:
        return ""
    shares = {reading.name: share(reading.mm(x_mm)) for reading in turned()}
    best = max(shares, key=shares.__getitem__)
    return best if shares[best] >= MOST else ""
