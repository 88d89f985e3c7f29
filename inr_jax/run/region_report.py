"""Regions of a fitted model: what the command writes and Python returns.

Axis letters: V voxels, L regions, N wells, G genes. Frame: mm (MNI152 RAS).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from inr_jax.brain.atlas import check_in_brain
from inr_jax.brain.label_images import LabelImage, region_at
from inr_jax.brain.surface_labels import SurfaceLabels
from inr_jax.errors import InputError
from inr_jax.fields.model import keep_genes
from inr_jax.maps.calibration import Calibrated
from inr_jax.maps.group_means import GroupMeans, group_means
from inr_jax.maps.held_out_file import HeldOutPredictions
from inr_jax.maps.region_tables import (
    NONE,
    RegionTables,
    Residuals,
    evidence_table,
    gene_table,
    held_out_table,
    no_held_out,
    sd_of,
)
from inr_jax.maps.region_wells import RegionWells, wells_of_regions
from inr_jax.maps.write import Canvas
from inr_jax.run.images import Drawable, places_of
from inr_jax.samples.gene_blocks import is_large
from inr_jax.samples.samples import Samples
from inr_jax.samples.source import Source
from inr_jax.stats.region_errors import (
    RegionErrors,
    groups_of,
    held_out_coverage,
    region_errors,
    scaled,
)

FIXED_REACH_MM = 10.0  # of wells near a region, where no range was validated


class Drawn(Protocol):
    """What tables of regions need of a fitted model, see `ExpressionModel`."""

    @property
    def genes(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def drawable(self) -> Drawable: ...  # noqa: D102
    @property
    def wells(self) -> Source: ...  # noqa: D102
    @property
    def calibrated(self) -> Calibrated | None: ...  # noqa: D102
    @property
    def held_out(self) -> HeldOutPredictions | None: ...  # noqa: D102
    def distance_mm(self, x_mm: Any) -> np.ndarray: ...  # noqa: D102
    def validated(self, x_mm: Any) -> np.ndarray: ...  # noqa: D102


class RegionPlaces(NamedTuple):
    """RegionPlaces `(V, 3)`, mm, and the region `(V,)` of each, 0 to L - 1."""

    x_mm: np.ndarray
    row: np.ndarray


class Regions(NamedTuple):
    """The voxels of a map, or points of cortex, that lie in an atlas's regions.

    Attributes:
        labels: L regions.
        x_mm: `(V, 3)` float32.
        row: `(V,)` the region of each, 0 to L - 1.
        space: Name of the space.
        of: What is counted: "voxels" or "vertices".
        near: By what wells are matched with regions; None takes the places above.
        times: RegionPlaces of each voxel or vertex, as at several depths.
    """

    labels: LabelImage | SurfaceLabels
    x_mm: np.ndarray
    row: np.ndarray
    space: str
    of: str = "voxels"
    near: RegionPlaces | None = None
    times: int = 1

    @property
    def number(self) -> int:
        """L."""
        return len(self.labels.names) - 1

    def share(self, values: np.ndarray) -> np.ndarray:
        """Means `(L,)` over regions of values `(V,)`; NaN without a voxel."""
        sums = np.bincount(self.row, weights=values, minlength=self.number)
        voxels = np.bincount(self.row, minlength=self.number)
        return np.divide(
            sums, voxels, where=voxels > 0, out=np.full(self.number, np.nan)
        )


def regions_on(labels: LabelImage, canvas: Canvas) -> Regions:
    """The voxels of the maps that lie in regions.

    Raises:
        InputError: The labels lie outside the brain.
    """
    x_mm = canvas.grid.points_mm(canvas.mask).astype(np.float32)
    check_in_brain(labels, str(labels.path), x_mm, canvas.grid.voxel_mm())
    row = region_at(labels, x_mm) - 1
    return Regions(labels, x_mm[row >= 0], row[row >= 0], canvas.space)


def tables_of(model: Drawn, regions: Regions, columns: Sequence[int]) -> RegionTables:
    """All that is known of the regions of an atlas.

    Args:
        model: Whose maps are averaged.
        regions: L regions.
        columns: Genes, in this order.
    """
    labels, mirror = regions.labels, model.drawable.recipe.mirror
    values = values_of(model, regions, range(len(model.genes)))
    samples = model.wells.samples.originals()
    near = regions.near or RegionPlaces(regions.x_mm, regions.row)
    wells = wells_of_regions(*near, regions.number, samples.points(), mirror=mirror)
    count = {regions.of: values.places // regions.times}
    table = evidence_table(labels.table(), count, wells, samples.donor)
    table["distance_mm"] = regions.share(model.distance_mm(regions.x_mm)).round(2)
    table["validated"] = _validated(model, regions)
    notes: dict[str, Any] = {"Atlas": str(labels.path), "Space": regions.space}
    errors: RegionErrors | None = None
    held_out, table["held_out_wells"] = no_held_out(), NONE
    genes, kept = [model.genes[column] for column in columns], list(columns)
    if model.held_out is not None:
        rows, residuals = _residuals(model, samples)
        held_wells = RegionWells(wells.inside[rows], wells.distance_mm[rows])
        # All genes tell how good intervals are, whichever are asked for.
        groups = groups_of(residuals.residual, residuals.fold, held_wells.inside)
        errors = region_errors(groups)
        errors = errors and scaled(errors, groups, values.spread)
        covered = held_out_coverage(groups, values.spread)
        notes |= {"HeldOutCoverage": covered, "HeldOutGroups": len(groups.wells)}
        part = residuals
        if kept != list(range(len(model.genes))):
            part = residuals._replace(residual=residuals.residual[:, kept])
        held_out, where = held_out_table(labels.labels, held_wells, part, genes)
        table["held_out_wells"] = where
    sd, told = sd_of(values, errors)
    mean, sd = (
        gene_table(of[:, kept], labels.labels, genes) for of in (values.mean, sd)
    )
    return RegionTables(mean, sd, table, held_out, told | notes)


def values_of(model: Drawn, regions: Regions, columns: Sequence[int]) -> GroupMeans:
    """Means over regions of the maps of genes, and their spread over members."""
    drawable = model.drawable
    return group_means(
        drawable.recipe.renderer,
        keep_genes(drawable.model, list(columns)),
        places_of(drawable, regions.x_mm),
        regions.row,
        regions.number,
    )


def _validated(model: Drawn, regions: Regions) -> np.ndarray:
    """`(L,)` share of voxels that held-out wells have tested; NaN where none were."""
    if model.calibrated is None:
        return np.full(regions.number, np.nan)
    return regions.share(model.validated(regions.x_mm).astype(float)).round(4)


def _residuals(model: Drawn, samples: Samples) -> tuple[np.ndarray, Residuals]:
    """Rows of the samples that were held out, and their residuals."""
    held_out = model.held_out
    assert held_out is not None  # its caller asks
    row_of = {well: row for row, well in enumerate(samples.well.tolist())}
    known = all(well in row_of for well in held_out.well.tolist())
    if not known or held_out.genes != model.genes:
        raise InputError(
            "held_out.parquet",
            expected="the wells and genes of the fit",
            found="others",
            fix="run inr-jax evaluate again",
        )
    rows = np.array([row_of[well] for well in held_out.well.tolist()], int)
    _, fold = np.unique(held_out.fold.astype(str), return_inverse=True)
    reach_mm = model.calibrated.range_mm if model.calibrated else FIXED_REACH_MM
    kind = np.float32 if is_large(*held_out.value.shape) else np.float64
    residual = np.subtract(held_out.value, held_out.prediction, dtype=kind)
    return rows, Residuals(residual, fold.reshape(-1), reach_mm)
