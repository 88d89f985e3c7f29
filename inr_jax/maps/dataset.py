"""What makes the folder of maps a BIDS derivative, and what its space is in words.

The space of the files is that of their grid, mask and tissue: ICBM152 2009a symmetric.
The field in them is a function of MNI mm, fitted to wells whose coordinates come from
registrations to 2009c; these two templates of one average differ by less than the sets
of coordinates do among themselves (2.9 mm in the median), and nothing is converted. So
`space-` names the grid, and `CoordinateSet` where the wells' coordinates come from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inr_jax.brain.space import Grid
from inr_jax.brain.template import SPACE
from inr_jax.files import write_json, write_text

BIDS_VERSION = "1.10.0"
HOME = "https://github.com/inr-jax/inr_jax"
# `source-` and the suffix `feature` are neuromaps', not of BIDS: validators skip them.
IGNORED = "source-*\n"
REFERENCE = (
    "ICBM 152 nonlinear 2009a symmetric (Fonov et al. 2011), as nilearn ships it: "
    "mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"
)


def write_dataset(folder: Path, version: str, *, phantom: bool) -> None:
    """Write dataset_description.json and .bidsignore.

    Args:
        folder: Of the maps.
        version: Of this package.
        phantom: Whether the maps are of invented data.

    Raises:
        InputError: A file cannot be written.
    """
    name = "Maps of gene expression in the human brain"
    description = {
        "Name": f"{name} (a synthetic phantom)" if phantom else name,
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [{"Name": "inr_jax", "Version": version, "CodeURL": HOME}],
    }
    write_json(folder / "dataset_description.json", description)
    write_text(folder / ".bidsignore", IGNORED)


def space_told(grid: Grid, space: str, outside: str) -> dict[str, Any]:
    """What sidecars say of the voxels.

    Args:
        grid: Of the maps.
        space: Its name.
        outside: What voxels outside the mask hold, "zero" or "nan".
    """
    sides = " x ".join(f"{side:g}" for side in grid.voxel_mm().round(3))
    reference = REFERENCE if space == SPACE else f"{space}, as given"
    value = "NaN" if outside == "nan" else 0
    return {
        "Resolution": f"voxels of {sides} mm",
        "SpatialReference": reference,
        "OutsideOfBrain": value,
    }
