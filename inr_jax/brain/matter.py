"""What a place is made of: grey matter, white matter, or neither.

Samples are of grey matter, but for a few: of the 3,702 wells of the Allen Human Brain
Atlas 15 are of white matter and 5 of the choroid plexus. What holds for the rest need
not hold for these, so intervals and the validated mask tell them apart.

Nouns:
    matter: a row of `MATTERS`. Of a well the one that its structure lies in, where it
        has a name; of a place the one that the template says.
    spaces: sulci and ventricles, with the choroid plexus in them.

Axis letters: N places. Frame: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

import functools

import numpy as np

from inr_jax.brain.divisions import SPACES_PART, WHITE_MATTER_PART
from inr_jax.brain.space import Grid
from inr_jax.brain.template import tissue_maps

MATTERS = ("grey matter", "white matter", "spaces")
GREY, WHITE, SPACES = range(len(MATTERS))


def named_matter(part: np.ndarray) -> np.ndarray:
    """Matter of wells with a name `(N,)`, by the part of the brain that it lies in.

    Args:
        part: `(N,)` rows of `PARTS`; a name of no known part is one of grey matter, as
            nearly all structures are.
    """
    white, spaces = part == WHITE_MATTER_PART, part == SPACES_PART
    return np.select([white, spaces], [WHITE, SPACES], GREY).astype(np.int8)


def template_matter(x_mm: np.ndarray) -> np.ndarray:
    """Matter `(N,)` of the template at places `(N, 3)`; outside of it spaces.

    The likeliest of the three at the nearest voxel; but grey matter also counts in the
    voxels beside it, as the registration of a brain is not as sharp as the template.
    """
    matter, grid = _template()
    ijk = np.rint(grid.ijk(np.asarray(x_mm, np.float64))).astype(int)
    inside = ((ijk >= 0) & (ijk < matter.shape)).all(-1)
    i, j, k = np.where(inside[:, None], ijk, 0).T
    return np.where(inside, matter[i, j, k], SPACES).astype(np.int8)


@functools.lru_cache(maxsize=1)
def _template() -> tuple[np.ndarray, Grid]:
    """Matter of the template's voxels of 1 mm, and their grid."""
    from scipy.ndimage import binary_dilation

    grey, white, grid = tissue_maps()
    spaces = 1 - grey - white
    is_grey = (grey >= white) & (grey >= spaces)
    matter = np.where(white >= spaces, np.int8(WHITE), np.int8(SPACES))
    matter[binary_dilation(is_grey)] = GREY
    matter.flags.writeable = False
    return matter, grid
