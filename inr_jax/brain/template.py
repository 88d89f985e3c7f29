"""The brain that maps are drawn in: ICBM152 2009a symmetric, as nilearn ships it.

Nouns:
    T1: the average head's T1-weighted image, skull removed, 1 at its brightest.
    mask: voxels that are brain, by nilearn's rule: T1 above .2.
    tissue: probabilities of grey and white matter, 0 to 1, what is left is neither.

nilearn takes seconds to import, its files a tenth of one to read; so this reads the
files without it, and a test compares with nilearn's own loaders.

Axis letters: N points, D = 3. Frames: x_mm (MNI152 RAS, mm), ijk (voxel index).
"""

from __future__ import annotations

import functools
from typing import Any

import nibabel as nib
import numpy as np

from inr_jax.brain.shipped import package_folder
from inr_jax.brain.space import Grid
from inr_jax.errors import InputError

SPACE = "MNI152NLin2009aSym"  # the template's name in TemplateFlow's scheme

RESOLUTIONS_MM = (1, 2, 3)

MASK_LEVEL = 0.2  # of the T1's maximum; nilearn.datasets.load_mni152_brain_mask


def t1() -> tuple[np.ndarray, Grid]:
    """The T1 at 1 mm: `(197, 233, 189)` float32, 0 to 1, and its grid."""
    return _read("t1")


@functools.lru_cache(maxsize=1)
def tissue_maps() -> tuple[np.ndarray, np.ndarray, Grid]:
    """Probability of grey and of white matter at 1 mm.

    Returns:
        Grey and white, `(197, 233, 189)` float32, 0 to 1, read-only as they are
        kept for the next call; and their grid.
    """
    (grey, grid), (white, _) = _read("gm"), _read("wm")
    for tissue in (grey, white):
        tissue.flags.writeable = False
    return grey, white, grid


@functools.lru_cache(maxsize=len(RESOLUTIONS_MM))
def brain_mask(resolution_mm: int) -> tuple[np.ndarray, Grid]:
    """The brain on a grid of 1, 2 or 3 mm.

    nilearn resamples the T1 by a cubic spline; the coarse voxels' centres are
    centres of fine voxels, where a spline passes through the data, so taking every
    second or third voxel gives the same. As in nilearn the grid covers the whole
    template, so at 3 mm its last layers lie just outside and are empty.

    Args:
        resolution_mm: 1, 2 or 3.

    Returns:
        The mask, bool, read-only as it is kept for the next call, and its grid.

    Raises:
        InputError: Another resolution.
    """
    if resolution_mm not in RESOLUTIONS_MM:
        raise InputError(
            "resolution of the brain mask",
            expected="1, 2 or 3 mm",
            found=f"{resolution_mm!r}",
            fix="choose one of these, or give a mask of your own",
        )
    image, fine = t1()
    step = int(resolution_mm)
    brain = image[::step, ::step, ::step] > MASK_LEVEL
    i, j, k = (-(-(n - 1) // step) + 1 for n in fine.shape)
    mask = np.zeros((i, j, k), bool)
    mask[tuple(slice(n) for n in brain.shape)] = brain
    affine = fine.affine.copy()
    affine[:3, :3] *= step
    mask.flags.writeable = affine.flags.writeable = False
    return mask, Grid((i, j, k), affine)


def tissue_at(x_mm: np.ndarray) -> np.ndarray:
    """Tissue at points, trilinear between the voxels of the 1 mm maps.

    Args:
        x_mm: `(N, 3)` MNI mm.

    Returns:
        `(N, 2)` float32, probability of grey and of white; 0 outside the template.
    """
    from scipy.ndimage import map_coordinates

    grey, white, grid = tissue_maps()
    ijk = grid.ijk(np.asarray(x_mm, np.float64)).T
    at = [map_coordinates(tissue, ijk, order=1) for tissue in (grey, white)]
    return np.stack(at, axis=-1)


def _read(kind: str) -> tuple[np.ndarray, Grid]:
    """One of nilearn's files, "t1", "gm" or "wm": bytes, scaled to 0 to 1."""
    folder = package_folder("nilearn", "nilearn") / "datasets" / "data"
    image: Any = nib.load(
        folder / f"mni_icbm152_{kind}_tal_nlin_sym_09a_converted.nii.gz"
    )
    data = np.asanyarray(image.dataobj).astype(np.float32)
    return data / data.max(), Grid(image.shape, image.affine)
