"""Maps of values that users bring, as a PET or a statistic: where they are known.

Nouns:
    inside: voxels at which the map says something. NaN and infinity say nothing, nor do
        zeros that reach the image's border through zeros: they are background. Zeros
        inside the brain are values.

Axis letters: I, J, K voxels; V places. Frame: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

import functools
import logging
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from inr_jax.brain.space import Grid
from inr_jax.brain.volume_placement import trouble
from inr_jax.brain.volumes import read_mask, read_volume
from inr_jax.errors import InputError, unknown_name

log = logging.getLogger("inr_jax")
ZEROS = ("auto", "values", "outside")  # how zeros are meant
MANY_ZEROS = 0.3  # share of values from which a map looks thresholded


class ValueMap(NamedTuple):
    """A map on its grid.

    Attributes:
        name: Of its file, without endings.
        values: `(I, J, K)` float64, 0 outside.
        inside: `(I, J, K)` bool, where it says something.
        grid: Its grid.
        rule: How the inside was told, in words.
    """

    name: str
    values: np.ndarray
    inside: np.ndarray
    grid: Grid
    rule: str

    def at(self, x_mm: np.ndarray) -> np.ndarray:
        """Values `(V,)` float64 at places `(V, 3)`, NaN where it says nothing.

        Trilinear between the voxels that say something, of which the place must be
        nearer to than to others.
        """
        from scipy.ndimage import map_coordinates

        ijk = self.grid.ijk(np.asarray(x_mm, np.float64)).T
        weight = map_coordinates(self.inside.astype(np.float64), ijk, order=1)
        total = map_coordinates(self.values, ijk, order=1)
        known = weight > 0.5
        return np.where(known, total / np.where(known, weight, 1), np.nan)


def read_value_map(source: Any, *, mask: Any = "", zeros: str = "auto") -> ValueMap:
    """Read a map in MNI mm, of any grid.

    Args:
        source: A NIfTI image or its path.
        mask: A NIfTI mask or its path, on any grid; "" takes the map's own rule.
        zeros: "auto" (background reaches the border), "values", or "outside" for all.

    Raises:
        InputError: No such file, no 3-D image, not in MNI mm, constant, or of two
            values.
    """
    where = source if isinstance(source, str | Path) else "map"
    if zeros not in ZEROS:
        raise unknown_name("--zeros", zeros, ZEROS)
    raw, grid = read_volume(source, functools.partial(_no_map, where))
    values = raw.astype(np.float64)
    inside, rule = _inside(values, zeros)
    if not isinstance(mask, str) or mask:
        inside &= _in_mask(mask, grid, inside.shape)
        rule = f"a mask was given; {rule}"
    check_values(where, values[inside])
    wrong = trouble(inside, grid)
    if wrong:
        raise _no_map(where, *wrong)
    values[~inside] = 0
    name = Path(where).name.removesuffix(".gz").removesuffix(".nii")
    _log_grid(where, grid)
    return ValueMap(name, values, inside, grid, rule)


def _inside(values: np.ndarray, zeros: str) -> tuple[np.ndarray, str]:
    """Where a map says something, and by which rule."""
    from scipy.ndimage import label

    finite = np.isfinite(values)
    bad = int((~finite).sum())
    words = [f"{bad:,} voxels without a number are outside"] if bad else []
    zero = values == 0
    if zeros == "outside":
        finite &= ~zero
        words.append("all zeros are outside")
    elif zeros == "auto":
        parts, _ = label(zero)
        faces = [parts[tuple(face)] for axis in range(3) for face in _faces(axis)]
        border = np.unique(np.concatenate([face.ravel() for face in faces]))
        background = np.isin(parts, border[border > 0])
        finite &= ~background
        inner = int((zero & ~background).sum())
        words.append(
            f"{int(background.sum()):,} zeros that reach the border are outside"
            + (f", {inner:,} others are values" if inner else "")
        )
    else:
        words.append("zeros are values")
    return finite, "; ".join(words)


def _faces(axis: int) -> list[list]:
    ends: list[list] = []
    for end in (0, -1):
        face: list = [slice(None)] * 3
        face[axis] = end
        ends.append(face)
    return ends


def _in_mask(mask: Any, grid: Grid, shape: tuple[int, ...]) -> np.ndarray:
    """Whether voxels of a grid lie in a mask of any grid."""
    inside, mask_grid = read_mask(mask)
    ijk = np.indices(shape).reshape(3, -1).T
    at = np.rint(mask_grid.ijk(grid.mm(ijk))).astype(int)
    on = ((at >= 0) & (at < inside.shape)).all(1)
    i, j, k = np.where(on[:, None], at, 0).T
    return (on & inside[i, j, k]).reshape(shape)


def check_values(where: object, known: np.ndarray, place: str = "voxel") -> None:
    """Refuse a map that does not vary; warn of one cut at a threshold.

    Args:
        where: Its file.
        known: Values where it says something.
        place: What has a value.

    Raises:
        InputError: No value, one or two.
    """
    if not len(known):
        raise _no_map(where, f"no {place} with a value", "check it and --zeros")
    low, high = known.min(), known.max()
    if low == high:
        values_told = f"one value, {low:g}, at every {place} of {len(known):,}"
        fix = "a constant goes with no gene; of a mask whose zeros count give "
        raise _no_map(where, values_told, fix + "--zeros=values and smooth it")
    if ((known == low) | (known == high)).all():
        values_told = f"two values, {low:g} and {high:g}"
        fix = "null maps are continuous: give the map before its threshold, or smooth"
        raise _no_map(where, values_told, f"{fix} this one by some mm")
    zero = float((known == 0).mean())
    if zero > MANY_ZEROS:
        text = "%s: %.0f %% of its values are 0, as of a map cut at a threshold; the "
        text += "whole map says more, and null maps are like it"
        log.warning(text, where, 100 * zero)


def _log_grid(where: object, grid: Grid) -> None:
    """Say where a grid is oblique or its voxels are no cubes."""
    step = grid.affine[:3, :3]
    size = grid.voxel_mm()
    oblique = (abs(step) > 1e-3 * size.max()).sum() > 3
    if oblique or size.max() > 1.01 * size.min():
        words = "oblique, " if oblique else ""
        sides = " x ".join(f"{mm:.3g}" for mm in size)
        log.info("%s: %svoxels of %s mm, read by its affine", where, words, sides)


def _no_map(where: object, found: str, fix: str) -> InputError:
    expected = "a map of values in MNI mm, a 3-D NIfTI or GIFTI of cortex"
    return InputError(where, expected=expected, found=found, fix=fix)
