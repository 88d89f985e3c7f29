"""Which genes go with a user's map: the same for the command and for Python.

Axis letters: V candidate voxels, M nodes, N wells, G genes. Frame: x_mm (MNI mm).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from inr_jax.brain.surface_values import SurfaceMap
from inr_jax.brain.value_maps import ValueMap
from inr_jax.maps.association import (
    NullMaps,
    Outcome,
    Seen,
    by_donor,
    field_nulls,
    region_level,
    voxel_level,
    well_level,
)
from inr_jax.maps.association_nulls import fit_null_model
from inr_jax.maps.association_places import (
    Averages,
    Ground,
    ground_of,
    regions_of,
    wells_of,
)
from inr_jax.run.association.gene_batches import (
    GeneBatch,
    GenePart,
    compare_batch,
    joined,
    joined_baselines,
    joined_sets,
    main_of,
)
from inr_jax.run.association.refits import Refits, Refitted, refitted
from inr_jax.run.association.scenery import Asked, Scenery, gene_maps
from inr_jax.samples.gene_sets import GeneSets
from inr_jax.samples.samples import Samples
from inr_jax.stats.association import normal_scores
from inr_jax.stats.nulls import Lattice
from inr_jax.stats.nulls_variogram import FittedCovariance, VariogramPlan

LEVELS = ("voxel", "region", "well")


class Stratum(NamedTuple):
    """A part of a map with one covariance.

    Attributes:
        size: Its nodes, or regions.
        plan: How its variogram is estimated.
        fit: The fitted covariance.
    """

    size: int
    plan: VariogramPlan
    fit: FittedCovariance


class Compared(NamedTuple):
    """A map compared with all genes.

    Attributes:
        name: Of the map.
        y: `(M,)` its values at nodes, or regions.
        levels: Outcomes by level, of those that could be made.
        donors: r `(G,)` by donor.
        strata: What null maps are drawn with, by stratum.
        lattice: That they are drawn on; None for values of regions.
        rule: How the inside of the map was told.
        counts: Places of each level.
        trend: What was removed, beside means of strata.
        sets: Scores of gene sets `(S,)`, and under null maps `(S, B)`.
        x_mm: `(M, 3)` the nodes; None for regions.
        refitted: What refitted genes say of r at the main level.
        baselines: p `(G,)` of other packages' null maps, by column.
    """

    name: str
    y: np.ndarray
    levels: dict[str, Outcome]
    donors: dict[str, np.ndarray]
    strata: dict[str, Stratum]
    lattice: Lattice | None
    rule: str
    counts: dict[str, int]
    trend: str
    sets: tuple[np.ndarray, np.ndarray] | None = None
    x_mm: np.ndarray | None = None
    refitted: Refitted | None = None
    baselines: Mapping[str, np.ndarray] = MappingProxyType({})

    @property
    def main(self) -> str:
        """The level whose p-values stand first, and that gene sets are scored at."""
        return main_of(self.levels)


def compare(
    scenery: Scenery,
    value_map: ValueMap | SurfaceMap,
    asked: Asked,
    sets: GeneSets | None = None,
) -> Compared:
    """Compare a map with all genes.

    Args:
        scenery: What it is compared with.
        value_map: The map.
        asked: How to compare.
        sets: Gene sets of the model's genes.

    Raises:
        InputError: It is known in too little of the brain, or does not vary there.
    """
    values = value_map.at(scenery.candidates.x_mm)
    ground = ground_of(scenery.candidates, np.isfinite(values), value_map.name)
    y = values[ground.rows]
    if asked.method == "normal":
        y = normal_scores(y)
    model = fit_null_model(
        ground, y, trend=asked.trend, seed=asked.seed, where=value_map.name
    )
    wells = wells_of(ground.nodes, scenery.samples)
    measured = measured_at(scenery.samples, wells)
    regions = regions_of(ground.nodes, scenery.labels) if scenery.labels else None
    draw = field_nulls(ground.nodes, model.covariances, asked.seed)
    batches = _batches(scenery, ground, regions, (wells, measured), model.trend)
    parts, again = compare_all(batches, y, draw, asked, (sets, scenery.refits))
    counts = {
        "voxel": len(y),
        "region": 0 if regions is None else len(regions.rows),
        "well": 0 if measured is None else len(wells.rows),
    }
    size = np.bincount(ground.nodes.stratum)
    strata = map(Stratum, size.tolist(), model.plans, model.fits)
    return Compared(
        value_map.name,
        y,
        joined(parts),
        {} if measured is None else r_of_donors(wells, measured, y),
        dict(zip(ground.strata, strata, strict=True)),
        ground.nodes.lattice,
        value_map.rule,
        counts,
        model.trend,
        joined_sets(parts),
        ground.nodes.x_mm,
        again,
        joined_baselines(parts),
    )


def compare_all(
    batches: Iterable[GeneBatch],
    y: np.ndarray,
    draw: Callable[[int], np.ndarray],
    asked: Asked,
    more: tuple[GeneSets | None, Refits | None],
) -> tuple[list[GenePart], Refitted | None]:
    """Compare a map `(n,)` of the main level with batches of genes.

    Refits are of all genes, so of models whose genes are one batch.
    """
    (sets, refits), parts, again = more, [], None
    for batch in batches:
        part = compare_batch(batch, y, NullMaps(draw, asked.nulls), sets, asked)
        parts.append(part)
        if refits is not None:
            main = main_of(batch.levels)
            level = batch.levels[main].level
            again = refitted(refits, level, y, part.observed[main])
    return parts, again


def r_of_donors(
    wells: Averages, measured: Samples, y: np.ndarray
) -> dict[str, np.ndarray]:
    """r `(G,)` within each donor's wells, by name."""
    r = by_donor(wells, measured.values, measured.donor, y)
    return {measured.donors[row]: r[row] for row in r}


def measured_at(samples: Samples, wells: Averages) -> Samples | None:
    """The wells that have a node; None where none has, or expression is not known."""
    if not len(wells.rows) or np.isnan(samples.values[:1]).any():
        return None
    return samples.take(wells.rows)


def _batches(
    scenery: Scenery,
    ground: Ground,
    regions: Averages | None,
    at_wells: tuple[Averages, Samples | None],
    trend: str,
) -> Iterator[GeneBatch]:
    """All genes of a linear model at once; of others as many as memory holds."""
    wells, samples = at_wells
    for columns, features, weights in gene_maps(scenery, ground):
        levels: dict[str, Seen] = {}
        if regions is not None:
            level = region_level(regions, features, weights, trend)
            levels |= {"region": level} if level else {}
        if samples is not None:
            values = samples.values[:, columns]
            level = well_level(wells, values, samples.donor, trend)
            levels |= {"well": level} if level else {}
        levels["voxel"] = voxel_level(ground, features, weights, trend)
        yield GeneBatch(
            columns, {name: levels[name] for name in LEVELS if name in levels}
        )
