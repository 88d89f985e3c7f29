"""The voxels that maps are drawn in: a mask of one's own, or the ICBM152 brain."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib

from inr_jax.brain import template
from inr_jax.brain.volumes import read_mask
from inr_jax.maps.bids import mask_name
from inr_jax.maps.write import Canvas


def make_canvas(
    mask: str | Path | nib.Nifti1Image,
    resolution_mm: int,
    space: str = "",
    outside: str = "zero",
) -> Canvas:
    """The voxels of a mask, and the name of the space they lie in.

    Args:
        mask: A NIfTI image or its path; "" takes the ICBM152 brain.
        resolution_mm: Of the ICBM152 brain: 1, 2 or 3.
        space: Name of the space in file names; "" is MNI152, or the template's.
        outside: What voxels outside the mask hold, "zero" or "nan".

    Raises:
        InputError: The mask cannot be read, or is none.
    """
    if isinstance(mask, str) and not mask:
        brain, grid = template.brain_mask(resolution_mm)
        return Canvas(brain, grid, space or template.SPACE, outside)
    brain, grid = read_mask(mask)
    path = str(mask) if isinstance(mask, str | Path) else ""
    name = mask_name(path, brain, grid.affine)
    return Canvas(brain, grid, space or "MNI152", outside, name)
