"""Which genes go with values of regions, where there is no image.

Axis letters: L regions, M nodes, N wells, G genes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inr_jax.brain.label_images import LabelImage, region_at
from inr_jax.errors import InputError
from inr_jax.maps.association import (
    LEAST_FREE,
    Seen,
    region_level,
    well_level,
)
from inr_jax.maps.association_nulls import is_flat
from inr_jax.maps.association_places import (
    Averages,
    Ground,
    ground_of,
    regions_of,
    wells_of,
)
from inr_jax.maps.association_regions import (
    fit_regions,
    plan_regions,
    region_covariances,
    region_nulls,
)
from inr_jax.run.association.compare import (
    Compared,
    Stratum,
    compare_all,
    measured_at,
    r_of_donors,
)
from inr_jax.run.association.gene_batches import (
    GeneBatch,
    joined,
    joined_baselines,
    joined_sets,
)
from inr_jax.run.association.scenery import Asked, Scenery, gene_maps
from inr_jax.samples.gene_sets import GeneSets
from inr_jax.samples.samples import Samples
from inr_jax.stats.association import normal_scores
from inr_jax.stats.association_design import design
from inr_jax.stats.nulls_pairs import orthonormal
from inr_jax.stats.nulls_variogram import correlation_tables


def compare_regions(
    scenery: Scenery,
    name: str,
    values: np.ndarray,
    asked: Asked,
    sets: GeneSets | None = None,
) -> Compared:
    """Compare values of regions with all genes, at regions and at wells.

    Args:
        scenery: What they are compared with; with an atlas.
        name: Of the values.
        values: `(L,)` of the atlas's regions, NaN where not known.
        asked: How to compare.
        sets: Gene sets of the model's genes.

    Raises:
        InputError: Too few regions with a value, or one value in all.
    """
    labels = scenery.labels
    assert labels is not None  # the table was read with it
    ground, regions = _known(scenery, labels, values, name)
    y = values[regions.rows - 1]
    trend = "linear" if asked.trend == "auto" else asked.trend
    columns = design(regions.x_mm, [regions.stratum], trend)
    check_values(name, y, columns)
    if asked.method == "normal":
        y = normal_scores(y)
    tables = correlation_tables(ground.nodes.lattice)
    covariances = region_covariances(regions, ground.nodes.x_mm, tables)
    plan = plan_regions(regions.x_mm, columns, covariances)
    fit, matrix = fit_regions(plan, covariances, y)
    wells = _wells(scenery, ground, regions)
    measured = measured_at(scenery.samples, wells)
    batches = _batches(scenery, ground, regions, (wells, measured), trend)
    draw = region_nulls(matrix, asked.seed)
    parts, again = compare_all(batches, y, draw, asked, (sets, scenery.refits))
    return Compared(
        name,
        y,
        joined(parts),
        {} if measured is None else r_of_donors(wells, measured, y),
        {"regions": Stratum(len(y), plan, fit)},
        None,
        f"{len(y)} regions with a value",
        {"region": len(y), "well": 0 if measured is None else len(wells.rows)},
        trend,
        joined_sets(parts),
        refitted=again,
        baselines=joined_baselines(parts),
    )


def _batches(
    scenery: Scenery,
    ground: Ground,
    regions: Averages,
    at_wells: tuple[Averages, Samples | None],
    trend: str,
) -> Iterator[GeneBatch]:
    """Genes at regions, whose null maps are regions already, and at wells."""
    wells, measured = at_wells
    for genes, features, weights in gene_maps(scenery, ground):
        levels: dict[str, Seen | None] = {
            "region": region_level(regions, features, weights, trend)
        }
        if measured is not None:
            values = measured.values[:, genes]
            levels["well"] = well_level(wells, values, measured.donor, trend)
        made = {level: s for level, s in levels.items() if s is not None}
        made["region"] = made["region"]._replace(weight=None)
        yield GeneBatch(genes, made)


def _known(
    scenery: Scenery, labels: LabelImage, values: np.ndarray, name: str
) -> tuple[Ground, Averages]:
    """The nodes of regions with a value, and the regions as their means."""
    region = region_at(labels, scenery.candidates.x_mm)
    known = (region > 0) & np.isfinite(np.append(np.nan, values)[region])
    ground = ground_of(scenery.candidates, known, name)
    return ground, regions_of(ground.nodes, labels)


def _wells(scenery: Scenery, ground: Ground, regions: Averages) -> Averages:
    """Wells with the value of the region that their node lies in."""
    wells = wells_of(ground.nodes, scenery.samples)
    member = (regions.weight.T > 0).astype(np.float32)  # (M, L), one region a node
    return wells._replace(weight=(wells.weight @ member).tocsr())


def check_values(name: str, y: np.ndarray, columns: np.ndarray) -> None:
    """Refuse too few regions, and values of which a trend leaves nothing.

    Args:
        name: Of the values.
        y: `(L,)`.
        columns: `(L, q)` what is removed.

    Raises:
        InputError: As said.
    """
    least = columns.shape[1] + LEAST_FREE
    trouble = f"{len(y)} in grey matter" if len(y) < least else ""
    if not trouble and np.ptp(y) == 0:
        trouble = f"one value, {y[0]:g}, in all"
    if not trouble:
        basis = orthonormal(columns)
        if is_flat(np.square(y - basis @ (basis.T @ y)), y):
            trouble = "values that strata and a trend tell wholly"
    if trouble:
        expected = f"values that vary, of {least} regions at least"
        fix = "check the column and the atlas"
        raise InputError(name, expected=expected, found=trouble, fix=fix)
