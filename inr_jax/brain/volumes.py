"""Volumes and masks read from image files, once their place is known.

Axis letters: I, J, K voxels along the axes of a grid; V voxels in its mask.
"""

from __future__ import annotations

import functools
import logging
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from inr_jax.brain.space import Grid, outside_head
from inr_jax.errors import InputError

log = logging.getLogger("inr_jax")

SCANNER = 1  # NIFTI_XFORM_SCANNER_ANAT

# 8-bit probabilities, scaled back by a float32 slope, may end just above 1.
PROBABILITY_ERROR = 1e-3

_NIBABEL_ERRORS = (
    nib.filebasedimages.ImageFileError,
    nib.spatialimages.HeaderDataError,
    ValueError,
)


def read_mask(
    source: str | Path | nib.spatialimages.SpatialImage,
) -> tuple[np.ndarray, Grid]:
    """Read a brain mask, on whatever grid it has.

    Two kinds of values are understood: probabilities in [0, 1], inside above .5
    (0 and 1 are the plain case), and 0 with one other positive value, such as 255,
    inside above 0. All else is refused: a label image or a T1 is not a mask.

    Args:
        source: A NIfTI image, or a file .nii or .nii.gz; its affine leads to MNI mm.

    Returns:
        The mask `(I, J, K)`, bool, and its grid.

    Raises:
        InputError: The file is missing, damaged, not NIfTI, not 3-D, empty, no
            mask, or does not lie in a head in MNI space.
    """
    path = source if isinstance(source, str | Path) else "mask"
    values, grid = read_volume(source, functools.partial(_no_mask, path), nifti=True)
    mask = _as_mask(path, values)
    _check_in_head(path, grid.points_mm(mask))
    return mask, grid


def read_volume(
    source: str | Path | nib.spatialimages.SpatialImage,
    fail: Callable[[str, str], InputError],
    nifti: bool = False,
) -> tuple[np.ndarray, Grid]:
    """The values `(I, J, K)` of a 3-D image, as they are stored, and its grid.

    Args:
        source: An image, or a file that nibabel reads; its affine is taken to lead
            to MNI mm. Axes of length 1 behind the third are dropped.
        fail: What is found and what to do about it, to the error to raise.
        nifti: Whether another format than NIfTI is refused.

    Raises:
        InputError: The file is missing, damaged, not 3-D or lies nowhere in mm.
    """
    again = "it may be cut or of another format; copy or convert it again"
    try:
        image: Any = nib.load(source) if isinstance(source, str | Path) else source
        if nifti and not isinstance(image, nib.Nifti1Pair):
            raise nib.filebasedimages.ImageFileError(f"a {type(image).__name__}")
        shape = image.shape
        if len(shape) < 3 or 0 in shape or any(side != 1 for side in shape[3:]):
            found = "an image of " + " x ".join(map(str, shape)) + " voxels"
            raise fail(found, "give one 3-D volume; of several choose one")
        values = np.asanyarray(image.dataobj)
    except InputError:
        raise
    except FileNotFoundError as error:
        raise fail("no such file", "check the path") from error
    except (OSError, EOFError, zlib.error, *_NIBABEL_ERRORS) as error:
        raise fail(str(error) or type(error).__name__, again) from error
    return values.reshape(shape[:3]), Grid(shape[:3], _affine(source, image, fail))


def _affine(
    source: object,
    image: nib.spatialimages.SpatialImage,
    fail: Callable[[str, str], InputError],
) -> np.ndarray:
    """The affine `(4, 4)` float64 of an image that says where it lies."""
    affine = np.asarray(image.affine, np.float64)
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-9:
        raise fail("an affine without inverse", "correct its header")
    if isinstance(image, nib.Nifti1Pair):
        codes = int(image.header["sform_code"]), int(image.header["qform_code"])
        unit = image.header.get_xyzt_units()[0]
        if codes == (0, 0):
            fix = "write the image with an affine to MNI mm"
            raise fail("neither sform nor qform: it lies nowhere", fix)
        if unit in ("meter", "micron"):
            raise fail(f"an affine in units of {unit}", "write the image in mm")
        if (codes[0] or codes[1]) == SCANNER:
            log.warning("%s: its affine is coded 'scanner'; taken as MNI mm", source)
    return affine


def _as_mask(path: str | Path, values: np.ndarray) -> np.ndarray:
    if values.dtype.kind not in "biuf":
        raise _no_mask(path, f"values of type {values.dtype}", "give numbers")
    bad = (~np.isfinite(values)).sum()
    if bad:
        raise _no_mask(path, f"{bad} voxels of NaN or infinity", "set them to 0")
    low, high = float(values.min()), float(values.max())
    if not low >= 0 or not (high <= 1 + PROBABILITY_ERROR or _two_valued(values)):
        found = f"values from {low:g} to {high:g}"
        raise _no_mask(path, found, "threshold it to 0 and 1 first")
    mask = values > (0.5 if high <= 1 + PROBABILITY_ERROR else 0)
    if not mask.any():
        fix = "give a mask with values of 1 inside the brain"
        raise _no_mask(path, "an empty mask", fix)
    return mask


def _two_valued(values: np.ndarray) -> bool:
    return bool(((values == 0) | (values == values.max())).all())


def _check_in_head(path: str | Path, x_mm: np.ndarray) -> None:
    low, high = x_mm.min(0), x_mm.max(0)
    extent = ", ".join(f"{a:.0f}..{b:.0f}" for a, b in zip(low, high, strict=True))
    share = outside_head(x_mm).mean()
    if share > 0.5:
        found = f"{share:.0%} of its voxels outside the head ({extent} mm)"
        raise _no_mask(path, found, "resample it to MNI152 space")
    # A brain in MNI mm straddles the origin; under an identity affine none does.
    if low.min() >= 0 and (high - low).min() > 60:
        found = f"no negative coordinate ({extent} mm)"
        raise _no_mask(path, found, "give it the affine of its MNI152 grid")


def _no_mask(path: str | Path, found: str, fix: str) -> InputError:
    return InputError(path, expected="a brain mask in MNI mm", found=found, fix=fix)
