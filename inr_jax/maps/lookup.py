"""Ask maps for genes and voxels: of a store on disk, or of a model in memory.

Axis letters: V voxels, G genes. Frame: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np

from inr_jax.errors import InputError
from inr_jax.maps.factored import Factored
from inr_jax.maps.merged import Merged, join_told, part_folders
from inr_jax.maps.packing import make_image
from inr_jax.maps.store import Told
from inr_jax.maps.store_reading import read_factored, read_head
from inr_jax.maps.write import Canvas, fill
from inr_jax.samples.gene_names import columns_of

if TYPE_CHECKING:
    import pandas as pd


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Store:
    """Maps of G genes at the V voxels of a mask.

    Attributes:
        maps: What gives values.
        told: Names of genes, and what sidecars say.
        canvas: The mask, its grid, its space.
    """

    maps: Factored | Merged
    told: Told
    canvas: Canvas

    @property
    def genes(self) -> tuple[str, ...]:
        """G symbols."""
        return self.told.genes

    def __repr__(self) -> str:
        """Genes and voxels, in a line."""
        voxels = int(self.canvas.mask.sum())
        return f"Store of {len(self.genes)} genes at {voxels} voxels"

    def columns(self, genes: Iterable[str]) -> list[int]:
        """Columns of genes, each once.

        Raises:
            InputError: An unknown gene; names the nearest.
        """
        return columns_of(self.genes, genes)

    def gene(self, gene: str, *, std: bool = False) -> nib.Nifti1Image:
        """The map of a gene, or of its standard deviation, as an image in MNI mm.

        Raises:
            InputError: An unknown gene, no such map, or a part of the store is missing.
        """
        if std and self.told.std_sidecar is None:
            expected, fix = "maps of the standard deviation", "draw with render.std"
            raise InputError("store", expected=expected, found="none", fix=fix)
        mean, sd = self.maps.genes(self.columns([gene]), std=std)
        values = mean if sd is None else sd
        volume = fill(values[:, 0], self.canvas.mask, self.canvas.outside)
        return make_image(volume, self.canvas.grid)

    def voxel(self, x_mm: Any) -> pd.DataFrame:
        """All genes at the voxel that a place lies in.

        Args:
            x_mm: `(3,)`.

        Returns:
            A row a gene with `mean` and `sd`, units of the source.

        Raises:
            InputError: The place lies outside the mask, or its part is missing.
        """
        mean, sd = self.maps.voxel(self.number_at(x_mm))
        return as_frame(self.genes, mean, sd)

    def number_at(self, x_mm: Any) -> int:
        """Which of the V voxels a place `(3,)` lies in.

        Raises:
            InputError: None of them.
        """
        at_mm = np.asarray(x_mm, np.float64)
        mask, grid = self.canvas.mask, self.canvas.grid
        found = f"{x_mm}"
        if at_mm.shape == (3,) and np.isfinite(at_mm).all():
            ijk = np.rint(grid.ijk(at_mm)).astype(int)
            inside = (ijk >= 0).all() and (ijk < mask.shape).all()
            if inside and mask[tuple(ijk)]:
                flat = np.ravel_multi_index(tuple(ijk), mask.shape)
                return int(np.count_nonzero(mask.reshape(-1)[:flat]))
            found += ", outside"
        raise InputError(
            "x_mm", expected="(3,) MNI mm in the mask", found=found, fix="move it"
        )


def as_frame(
    genes: tuple[str, ...], mean: np.ndarray, sd: np.ndarray | None
) -> pd.DataFrame:
    """Genes at one place: a row a gene, columns `mean` and `sd`."""
    import pandas as pd

    columns = {"mean": mean} if sd is None else {"mean": mean, "sd": sd}
    return pd.DataFrame(columns, index=pd.Index(genes, name="gene"))


def read_store(folder: Path) -> Store:
    """The store in a folder.

    Raises:
        InputError: There is none, it is damaged, or of another version.
    """
    head = read_head(folder)
    if head["kind"] != "merged":
        return Store(*read_factored(folder, head))
    folders = part_folders(folder, head["shards"])
    parts = [read_factored(path, read_head(path)) for path in folders]
    maps = Merged(tuple(factored for factored, _, _ in parts))
    return Store(maps, join_told([told for _, told, _ in parts]), parts[0][2])
