"""Maps of one gene, and all genes at one place, of a model in memory.

Frame: x_mm (MNI152 RAS, mm). Axis letters: G genes.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np

from inr_jax.errors import InputError
from inr_jax.maps.bids import gene_desc
from inr_jax.maps.canvas import make_canvas
from inr_jax.maps.lookup import Store, as_frame
from inr_jax.maps.uncertainty import UNCALIBRATED
from inr_jax.run.images import Drawable, images_of, mixes_of
from inr_jax.run.stores import factored_of, told_of
from inr_jax.samples.gene_names import columns_of

if TYPE_CHECKING:
    import pandas as pd


class AskedForMaps:
    """What a model answers by the features of the ICBM152 brain, which it keeps."""

    @property
    def genes(self) -> tuple[str, ...]:
        """G symbols."""
        raise NotImplementedError

    @property
    def drawable(self) -> Drawable:
        """What maps need of the model."""
        raise NotImplementedError

    def map(self, gene: str, *, std: bool = False) -> nib.Nifti1Image:
        """The map of a gene at 2 mm, or of its standard deviation, in MNI mm.

        The first call computes features at all voxels, 360 MB at the default size;
        others take a product. `render` draws other resolutions and masks.

        Raises:
            InputError: An unknown gene.
        """
        columns_of(self.genes, gene)
        if self.drawable.recipe.conditioning.linear:
            return self._brain.gene(gene, std=std)
        means, stds = self.render(gene, std=True)  # type: ignore[attr-defined]
        return (stds if std else means)[gene]

    def at(self, x_mm: Any) -> pd.DataFrame:
        """All genes at one place.

        Args:
            x_mm: `(3,)`.

        Returns:
            A row a gene with `mean` and `sd`, units of the source.

        Raises:
            InputError: It is no place in a head.
        """
        if np.shape(x_mm) != (3,):
            found, fix = f"shape {np.shape(x_mm)}", "call the model for many places"
            raise InputError("x_mm", expected="(3,) MNI mm", found=found, fix=fix)
        mean, sd = self([x_mm])  # type: ignore[operator]
        return as_frame(self.genes, mean[0], sd[0])

    def between(
        self, first: str, last: str, count: int = 5, *, resolution_mm: int = 2
    ) -> list[nib.Nifti1Image]:
        """Maps from one gene to another in even steps, by mixes of their weights.

        Args:
            first: Its map is the first.
            last: Its map is the last.
            count: Of maps, 2 or more.
            resolution_mm: Of the ICBM152 brain: 1, 2 or 3.

        Raises:
            InputError: An unknown gene, or genes that share no network.
        """
        mixes = mixes_of(self.drawable, (first, last), max(int(count), 2))
        canvas = make_canvas("", resolution_mm)
        images, _ = images_of(mixes, range(len(mixes.genes)), canvas, std=False)
        return list(images.values())

    @functools.cached_property
    def _brain(self) -> Store:
        canvas = make_canvas("", 2)
        x_mm = canvas.grid.points_mm(canvas.mask).astype(np.float32)
        named = [
            {"Gene": gene, "Desc": desc, "HeldOutR": None, "HeldOutR2": None}
            for gene, desc in gene_desc(self.genes).items()
        ]
        told = told_of(named, UNCALIBRATED, "memory")
        return Store(factored_of(self.drawable, x_mm, kept=True), told, canvas)
