"""Label images: a grid whose voxels lie in named regions of the brain.

Nouns:
    label: a whole number of an image file, 0 outside all regions.
    region: a row of a label image's tables. Row 0 is everywhere else, of no name.
    parent: what a region lies in, "cortex" or "subcortex/brainstem".
    share: how far a point belongs to a region, 0 to 1.

Axis letters: I, J, K voxels; L regions and one; V points. Frame: x_mm (MNI152, mm).
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from inr_jax.brain.space import Grid
from inr_jax.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger("inr_jax")
SIDED = 0.1  # voxels on the right for one on the left, in an atlas of both sides


class LabelImage(NamedTuple):
    """Regions of a brain.

    Attributes:
        region: `(I, J, K)` int16 rows of `names`, 0 where there is none.
        grid: Its grid.
        names: L names, the first "".
        parents: L names of what the regions lie in, the first "".
        sides: L hemispheres, "L", "R", "B" for both or "" for unknown; none for
            regions that join labels of both sides.
        labels: L labels in the file, the first 0; none likewise.
        path: The file.
    """

    region: np.ndarray
    grid: Grid
    names: tuple[str, ...]
    parents: tuple[str, ...]
    sides: tuple[str, ...] = ()
    labels: tuple[int, ...] = ()
    path: Path | None = None

    def table(self) -> pd.DataFrame:
        """The regions as abagen takes them: by id, label, hemisphere, structure."""
        return region_table(self.labels, self.names, self.sides, self.parents)


def region_table(
    labels: tuple[int, ...],
    names: tuple[str, ...],
    sides: tuple[str, ...],
    parents: tuple[str, ...],
) -> pd.DataFrame:
    """L regions without the first, as abagen takes them."""
    import pandas as pd

    columns = {"label": names[1:], "hemisphere": sides[1:], "structure": parents[1:]}
    return pd.DataFrame(columns, index=pd.Index(labels[1:], name="id"))


def joined(image: LabelImage, where: object) -> LabelImage:
    """An image whose labels of one name, as those of two sides, are one region.

    Args:
        image: A region for each label.
        where: The table of names, for an error.

    Raises:
        InputError: Regions of one name lie in different parents.
    """
    parent: dict[str, str] = {}
    for name, above in zip(image.names[1:], image.parents[1:], strict=True):
        if parent.setdefault(name, above) != above:
            found = f"{name} in {parent[name] or 'none'} and {above or 'none'}"
            fix = "give regions that differ other names"
            expected = "one parent for each name"
            raise InputError(where, expected=expected, found=found, fix=fix)
    names = ("", *sorted(parent))
    row = {name: number for number, name in enumerate(names)}
    rows = np.array([0, *(row[name] for name in image.names[1:])], np.int16)
    region = rows[image.region]
    region.flags.writeable = False
    parents = ("", *(parent[name] for name in names[1:]))
    return LabelImage(region, image.grid, names, parents, path=image.path)


def one_sided(image: LabelImage) -> LabelImage:
    """An image for folded places, whose x is never below 0.

    It is the image itself, or where its right side has hardly any labels, its left
    side turned over; which is logged.
    """
    x = image.grid.points_mm(image.region > 0)[:, 0]
    if (x > 0).sum() >= SIDED * (x < 0).sum():
        return image
    log.info("atlas: labels on the left alone, taken for both sides")
    affine = np.diag([-1.0, 1, 1, 1]) @ image.grid.affine
    return image._replace(grid=Grid(image.grid.shape, affine))


def region_at(image: LabelImage, x_mm: np.ndarray) -> np.ndarray:
    """`(V,)` rows of the regions at points `(V, 3)`, by their voxels; 0 outside."""
    ijk = np.rint(image.grid.ijk(np.asarray(x_mm, np.float64))).astype(int)
    inside = ((ijk >= 0) & (ijk < image.grid.shape)).all(-1)
    return np.where(inside, image.region[tuple(np.where(inside, ijk.T, 0))], 0)


def shares_at(image: LabelImage, x_mm: np.ndarray, blur_mm: float) -> np.ndarray:
    """How far points `(V, 3)` belong to each region: `(V, L)` float32, sums of 1.

    A region's voxels are blurred by a Gaussian, as an atlas has no hard edges in
    truth, and read between voxels by trilinear interpolation.

    Args:
        image: The regions.
        x_mm: `(V, 3)` MNI mm.
        blur_mm: Standard deviation of the Gaussian; 0 leaves voxels as they are.
    """
    from scipy.ndimage import gaussian_filter, map_coordinates

    if not blur_mm:
        rows = region_at(image, x_mm)
        return np.eye(len(image.names), dtype=np.float32)[rows]
    ijk = image.grid.ijk(np.asarray(x_mm, np.float64)).T
    sd = blur_mm / image.grid.voxel_mm()
    margin = np.ceil(4 * sd).astype(int) + 1
    shares = np.zeros((len(x_mm), len(image.names)), np.float32)
    for row in range(1, len(image.names)):
        voxels = np.argwhere(image.region == row)
        if not len(voxels):
            continue
        low, high = voxels.min(0) - margin, voxels.max(0) + margin + 1
        part = np.zeros(high - low, np.float32)
        part[tuple((voxels - low).T)] = 1
        near = ((low <= ijk.T) & (high > ijk.T)).all(1)
        at = ijk[:, near] - low[:, None]
        blurred = gaussian_filter(part, sd, mode="constant")
        shares[near, row] = map_coordinates(blurred, at, order=1, mode="constant")
    shares[:, 0] = np.maximum(0, 1 - shares.sum(1))
    return shares / shares.sum(1, keepdims=True)
