"""What a fitted model tells of places beside values: how well they were tested.

Axis letters: V places, G genes. Frame: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from inr_jax.brain.atlas import DESIKAN_KILLIANY
from inr_jax.brain.surface_labels import SurfaceLabels
from inr_jax.brain.surfaces import FSAVERAGE5
from inr_jax.errors import InputError
from inr_jax.fitting.recipe import Recipe
from inr_jax.maps.calibration import Calibrated
from inr_jax.maps.canvas import make_canvas
from inr_jax.maps.held_out_file import HeldOutPredictions
from inr_jax.maps.places import points
from inr_jax.maps.region_tables import RegionTables
from inr_jax.maps.surfaces import SurfaceValues
from inr_jax.run.atlases import read_atlases
from inr_jax.run.images import Drawable
from inr_jax.run.region_report import tables_of
from inr_jax.run.setting_checks import depths as check_depths
from inr_jax.run.surface_maps import MIDDLE, read_surface, values_on
from inr_jax.run.surface_regions import regions_of
from inr_jax.run.validity import validity_of
from inr_jax.samples.gene_names import columns_of
from inr_jax.samples.source import Source
from inr_jax.stats.neighbours import nearest_distance_mm
from inr_jax.stats.validity import Validity


class DrawnModel:
    """The part of an `ExpressionModel` that goes beyond values at places."""

    name: str
    recipe: Recipe
    wells: Source
    calibrated: Calibrated | None
    held_out: HeldOutPredictions | None

    @property
    def genes(self) -> tuple[str, ...]:
        """G symbols, in the order of the columns."""
        return self.wells.samples.genes

    @property
    def drawable(self) -> Drawable:
        """What maps need of it."""
        raise NotImplementedError

    def distance_mm(self, x_mm: Any) -> np.ndarray:
        """Distance `(V,)`, mm, of places `(V, 3)` to the nearest point of a sample.

        A sample also counts on the other side where left and right are one.

        Raises:
            InputError: As for a call.
        """
        wells = self.wells.samples.points().x_mm
        return nearest_distance_mm(wells, points(x_mm), mirror=self.recipe.mirror)

    def validated(self, x_mm: Any) -> np.ndarray:
        """Whether `(V,)` places `(V, 3)` are of the kind that held-out wells tested.

        As near to wells as they were, and in matter (grey, white, spaces) of which
        there were enough and, where the model is calibrated, intervals held.

        Raises:
            InputError: As for a call; or all wells are of one donor.
        """
        return self.validity.at(points(x_mm))

    @property
    def range_mm(self) -> float:
        """How far from wells held-out wells were, at the 95th percentile, mm."""
        return self.validity.range_mm

    @functools.cached_property
    def validity(self) -> Validity:
        """What `validated` compares places with."""
        samples, mirror = self.wells.samples, self.recipe.mirror
        return validity_of(samples, self.calibrated, mirror=mirror)

    def regions(
        self,
        atlas: str = DESIKAN_KILLIANY,
        info: str = "",
        *,
        genes: str | Iterable[str] | None = None,
        resolution_mm: int = 2,
        mask: Any = "",
        surface: str = FSAVERAGE5,
        space: str = "MNI152",
    ) -> RegionTables:
        """Means of maps over the regions of an atlas, their sd, and the evidence.

        Args:
            atlas: A label image in MNI mm, or labels of vertices (.label.gii, .annot)
                of left and right, comma separated; Desikan-Killiany by default.
            info: Its table, a row a label: id, label; "" takes one beside the image.
            genes: Symbols; None takes all.
            resolution_mm: Of the voxels that are averaged: 1, 2 or 3.
            mask: A NIfTI image, or its path, whose voxels are averaged instead.
            surface: Whose vertices are labelled, as for `on_surface`.
            space: Of its coordinates, likewise.

        Raises:
            InputError: An unknown gene, a bad atlas, or one that lies elsewhere.
        """
        columns = columns_of(self.genes, genes)
        labels = read_atlases(str(atlas), str(info))
        if len(labels) != 1:
            expected, fix = "one atlas", "call it for each"
            raise InputError("regions", expected=expected, found=str(atlas), fix=fix)
        (regions,) = labels.values()
        on = None
        if isinstance(regions, SurfaceLabels):
            on = read_surface(str(surface), space, (MIDDLE,))
        canvas = make_canvas(mask, resolution_mm)
        return tables_of(self, regions_of(regions, canvas, on), columns)

    def on_surface(
        self,
        surface: str = FSAVERAGE5,
        *,
        genes: str | Iterable[str] | None = None,
        depths: Sequence[float] = (MIDDLE,),
        space: str = "MNI152",
    ) -> dict[str, SurfaceValues]:
        """Maps at the vertices of cortex, evaluated there.

        Args:
            surface: "fsaverage5", or GIFTI files of white and pial, comma separated.
            genes: Symbols; None takes all.
            depths: From 0, white, to 1, pial; values are means over these.
            space: Of such files' coordinates: "MNI152", or "MNI305" as fsaverage's.

        Returns:
            "L" and "R", those that there are, to values at vertices.

        Raises:
            InputError: An unknown gene, a bad file, or a surface that lies elsewhere.
        """
        text = ",".join(map(str, depths))
        at = read_surface(str(surface), space, check_depths("depths", text))
        sides = values_on(self, at, columns_of(self.genes, genes))
        return {side.hemi: side for side in sides}
