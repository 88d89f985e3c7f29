"""What the header of a NIfTI says of its affine: codes, units, and two that differ.

The codes are NIFTI_XFORM_* of nifti1.h. nibabel takes the sform where it has a code,
else the qform.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import nibabel as nib
import numpy as np

from inr_jax.errors import InputError

log = logging.getLogger("inr_jax")

ALIGNED, TALAIRACH, MNI = 2, 3, 4  # nibabel writes ALIGNED where it is not told
WORDS = {1: "scanner", 5: "another template"}
APART_MM = 1.0  # that sform and qform may differ by at a corner


def header_says(
    source: object,
    image: nib.Nifti1Pair,
    affine: np.ndarray,
    fail: Callable[[str, str], InputError],
) -> None:
    """Refuse an affine that is none to MNI mm, warn of one that may be none.

    Args:
        source: The file to name in a warning.
        image: The image.
        affine: `(4, 4)` of the image, as nibabel takes it.
        fail: What is found and what to do about it, to the error to raise.

    Raises:
        InputError: It has no code, Talairach's, or other units than mm.
    """
    sform, qform = (int(image.header[f"{name}form_code"]) for name in "sq")
    code = sform or qform
    try:
        unit = image.header.get_xyzt_units()[0]
    except KeyError as error:
        raise fail(f"a unit of code {error}", "correct its header") from error
    if sform <= 0 and qform <= 0:
        fix = "write the image with an affine to MNI mm"
        raise fail("neither sform nor qform: it lies nowhere", fix)
    if unit in ("meter", "micron"):
        raise fail(f"an affine in units of {unit}", "write the image in mm")
    if code == TALAIRACH:
        fix = "transform it to MNI152, or correct the code"
        raise fail("an affine coded 'Talairach'", fix)
    if code not in (ALIGNED, MNI):
        text = "%s: its affine is coded '%s'; taken as MNI mm"
        log.warning(text, source, WORDS.get(code, code))
    if sform > 0 and qform > 0:
        apart = _apart_mm(image, affine)
        if apart > APART_MM:
            text = "%s: its sform and qform differ by up to %.1f mm; the sform is taken"
            log.warning(text, source, apart)


def _apart_mm(image: nib.Nifti1Pair, affine: np.ndarray) -> float:
    """The largest distance between corners by the affine and by the qform, mm."""
    try:
        qform = image.header.get_qform()
    except (nib.spatialimages.HeaderDataError, ValueError):
        return float("inf")
    corners = np.array(np.meshgrid(*((0, side - 1) for side in image.shape[:3])))
    ijk = np.vstack([corners.reshape(3, -1), np.ones(8)])
    return float(np.linalg.norm(((affine - qform) @ ijk)[:3], axis=0).max())
