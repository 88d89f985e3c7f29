"""Volumes and masks read from image files, once their place is known.

Axis letters: I, J, K voxels along the axes of a grid; V voxels in its mask.
"""

from __future__ import annotations

import functools
import gzip
import logging
import math
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from inr_jax.brain.nifti_codes import header_says
from inr_jax.brain.space import Grid, outside_head
from inr_jax.brain.volume_placement import sampled_mm, trouble
from inr_jax.errors import InputError, first_line
from inr_jax.files.reading import GZIP, IMAGE, MIB, chunks, plain_size, user_path

log = logging.getLogger("inr_jax")

# 8-bit probabilities, scaled back by a float32 slope, may end just above 1.
PROBABILITY_ERROR = 1e-3

MOST_VOXELS = 75_000_000  # half a millimetre throughout a template


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
    _check_in_head(path, mask, grid)
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
    if isinstance(source, str | Path):
        source = _checked_file(source, fail)
    try:
        with nib.imageglobals.LoggingOutputSuppressor():  # what is wrong is raised
            image: Any = nib.load(source) if isinstance(source, Path) else source
        if nifti and not isinstance(image, nib.Nifti1Pair):
            raise nib.filebasedimages.ImageFileError(_kind(image))
        shape = _checked_shape(image, fail)
        values = np.asanyarray(image.dataobj)
    except InputError:
        raise
    except FileNotFoundError as error:
        raise fail("no such file", "check the path") from error
    except Exception as error:  # nibabel's parsers raise any, on a damaged header
        raise fail(first_line(error), again) from error
    return values.reshape(shape), Grid(shape, _affine(source, image, fail))


def _checked_file(path: str | Path, fail: Callable[[str, str], InputError]) -> Path:
    """The path of a plain file of bounded size, gzip read to its end.

    nibabel stops where the voxels end, before gzip's checksum.
    """
    path = user_path(path)
    try:
        size = plain_size(path, "an image")
        with open(path, "rb") as file:
            zipped = file.read(2) == GZIP
        if zipped:
            with gzip.open(path) as stream:
                size = sum(map(len, chunks(stream, path, "an image", most=IMAGE)))
    except InputError as error:
        raise fail(error.found, error.fix) from error
    except (OSError, EOFError, zlib.error, ValueError) as error:
        missing = isinstance(error, FileNotFoundError)
        found = "no such file" if missing else getattr(error, "strerror", None)
        fix = "check the path" if missing else "it is cut or damaged; copy it again"
        raise fail(found or f"a damaged file ({first_line(error)})", fix) from error
    if size > IMAGE:
        raise fail(f"{size / MIB:.0f} MiB", "is this the right file? resample it")
    return path


def _kind(image: object) -> str:
    """What an object of nibabel is, in words."""
    kind = type(image).__name__
    surfaces = isinstance(image, nib.gifti.GiftiImage)
    return f"a {kind}, surfaces and no volume" if surfaces else f"a {kind}"


def _checked_shape(
    image: Any, fail: Callable[[str, str], InputError]
) -> tuple[int, int, int]:
    """The shape of a 3-D image of numbers that fit in memory, before they are read."""
    if not isinstance(image, nib.spatialimages.SpatialImage):
        raise fail(_kind(image), "give a volume, as a NIfTI")
    shape = image.shape
    said = "an image of " + " x ".join(map(str, shape)) + " voxels"
    if len(shape) < 3 or min(shape) < 1 or any(side != 1 for side in shape[3:]):
        raise fail(said, "give one 3-D volume; of several choose one")
    if math.prod(shape) > MOST_VOXELS:
        raise fail(said, f"at most {MOST_VOXELS:,} fit; resample it")
    if image.get_data_dtype().kind not in "biuf":
        found = f"values of type {image.get_data_dtype()}"
        raise fail(found, "give numbers")
    i, j, k = shape[:3]
    return i, j, k


def _affine(
    source: object,
    image: nib.spatialimages.SpatialImage,
    fail: Callable[[str, str], InputError],
) -> np.ndarray:
    """The affine `(4, 4)` float64 of an image that says where it lies."""
    affine = np.asarray(image.affine, np.float64)
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-9:
        raise fail("an affine without inverse", "correct its header")
    nowhere = "write the image as NIfTI with an affine to MNI mm"
    if isinstance(image, nib.Nifti1Pair):
        header_says(source, image, affine, fail)
    elif isinstance(image, nib.analyze.AnalyzeImage):
        raise fail("an Analyze image, which says not where it lies", nowhere)
    elif isinstance(image, nib.MGHImage) and not int(image.header["goodRASFlag"]):
        raise fail("an MGH image that says not where it lies", nowhere)
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


def _check_in_head(path: str | Path, mask: np.ndarray, grid: Grid) -> None:
    x_mm = sampled_mm(mask, grid)
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
    wrong = trouble(mask, grid)
    if wrong:
        raise _no_mask(path, *wrong)


def _no_mask(path: str | Path, found: str, fix: str) -> InputError:
    return InputError(path, expected="a brain mask in MNI mm", found=found, fix=fix)
