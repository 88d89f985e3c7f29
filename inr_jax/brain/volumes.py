"""Masks in, volumes out, and how the volumes are named.

Nouns:
    desc: a gene's symbol as letters and digits, what a BIDS file name can hold.
Axis letters: I, J, K voxels along the axes of a grid; V voxels in its mask.
"""

from __future__ import annotations

import logging
import zlib
from pathlib import Path

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


def read_mask(path: str | Path) -> tuple[np.ndarray, Grid]:
    """Read a brain mask, on whatever grid it has.

    Two kinds of values are understood: probabilities in [0, 1], inside above .5
    (0 and 1 are the plain case), and 0 with one other positive value, such as 255,
    inside above 0. All else is refused: a label image or a T1 is not a mask.

    Args:
        path: A NIfTI file, .nii or .nii.gz, whose affine leads to MNI mm.

    Returns:
        The mask `(I, J, K)`, bool, and its grid.

    Raises:
        InputError: The file is missing, damaged, not NIfTI, not 3-D, empty, no
            mask, or does not lie in a head in MNI space.
    """
    values, header = _read(path)
    affine = _affine(path, header)
    mask = _as_mask(path, values)
    grid = Grid(mask.shape, affine)
    _check_in_head(path, grid.points_mm(mask))
    return mask, grid


def _read(path: str | Path) -> tuple[np.ndarray, nib.Nifti1Header]:
    try:
        image = nib.load(path)
        if not isinstance(image, nib.Nifti1Pair):
            raise nib.filebasedimages.ImageFileError(f"a {type(image).__name__}")
        _check_3d(path, image.shape)
        values = np.asanyarray(image.dataobj)
    except InputError:
        raise
    except FileNotFoundError as error:
        raise _no_mask(path, "no such file", "check the path") from error
    except (OSError, EOFError, zlib.error, *_NIBABEL_ERRORS) as error:
        fix = "it may be cut or of another format; copy or convert it again"
        raise _no_mask(path, str(error) or type(error).__name__, fix) from error
    return values.reshape(values.shape[:3]), image.header


def _check_3d(path: str | Path, shape: tuple[int, ...]) -> None:
    if len(shape) < 3 or 0 in shape or any(side != 1 for side in shape[3:]):
        found = "an image of " + " x ".join(map(str, shape)) + " voxels"
        fix = "give one 3-D volume; of 4-D labels or time points choose one"
        raise InputError(path, expected="a 3-D mask", found=found, fix=fix)


def _affine(path: str | Path, header: nib.Nifti1Header) -> np.ndarray:
    codes = int(header["sform_code"]), int(header["qform_code"])
    if codes == (0, 0):
        fix = "write the mask with an affine to MNI mm"
        raise _no_mask(path, "neither sform nor qform: it lies nowhere", fix)
    if header.get_xyzt_units()[0] in ("meter", "micron"):
        found = f"an affine in units of {header.get_xyzt_units()[0]}"
        raise _no_mask(path, found, "write the mask in mm")
    affine = np.asarray(header.get_best_affine(), np.float64)
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-9:
        raise _no_mask(path, "an affine without inverse", "correct its header")
    if (codes[0] or codes[1]) == SCANNER:
        log.warning("%s: its affine is coded 'scanner'; taken as MNI mm", path)
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
