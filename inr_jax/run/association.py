"""Which genes go with a user's map: the same for the command and for Python.

Axis letters: V candidate voxels, M nodes, N wells, G genes. Frame: x_mm (MNI mm).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from inr_jax.brain.value_maps import ValueMap
from inr_jax.maps.association import (
    NullMaps,
    Outcome,
    Seen,
    by_donor,
    correlate,
    outcomes,
    region_level,
    run_nulls,
    voxel_level,
    well_level,
)
from inr_jax.maps.association_nulls import NullModel, fit_null_model
from inr_jax.maps.association_places import (
    Averages,
    Ground,
    ground_of,
    regions_of,
    wells_of,
)
from inr_jax.progress import bar
from inr_jax.run.association_stage import Asked, Scenery, gene_maps
from inr_jax.samples.samples import Samples
from inr_jax.stats.association import Tally

LEVELS = ("voxel", "region", "well")


class Compared(NamedTuple):
    """A map compared with all genes.

    Attributes:
        name: Of the map.
        ground: Nodes that it was compared at.
        y: `(M,)` its values there.
        levels: Outcomes by level, of those that could be made.
        donors: r `(G,)` by donor.
        model: What null maps are drawn with.
        rule: How the inside of the map was told.
        counts: Places of each level.
        scores: `(S, B)` scores of gene sets under null maps; None without sets.
    """

    name: str
    ground: Ground
    y: np.ndarray
    levels: dict[str, Outcome]
    donors: dict[str, np.ndarray]
    model: NullModel
    rule: str
    counts: dict[str, int]


def compare(scenery: Scenery, value_map: ValueMap, asked: Asked) -> Compared:
    """Compare a map with all genes.

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
    measured = _measured(scenery.samples, wells)
    regions = regions_of(ground.nodes, scenery.labels) if scenery.labels else None
    nulls = NullMaps(ground.nodes, model.groups, asked.nulls, asked.seed)
    parts = [
        _compare_batch(part, y, nulls)
        for part in _batches(scenery, ground, regions, (wells, measured), asked.trend)
    ]
    counts = {
        "voxel": len(y),
        "region": 0 if regions is None else len(regions.rows),
        "well": 0 if measured is None else len(wells.rows),
    }
    donors = {}
    if measured is not None:
        r = by_donor(wells, measured.values, measured.donor, y)
        donors = {measured.donors[row]: r[row] for row in r}
    return Compared(
        value_map.name,
        ground,
        y,
        _joined(parts),
        donors,
        model,
        value_map.rule,
        counts,
    )


def _measured(samples: Samples, wells: Averages) -> Samples | None:
    """The wells that have a node; None where none has, or expression is not known."""
    if not len(wells.rows) or np.isnan(samples.values[:1]).any():
        return None
    return samples.take(wells.rows)


def normal_scores(y: np.ndarray) -> np.ndarray:
    """Values `(M,)` replaced by normal quantiles of their ranks, ties averaged."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    return ndtri((rankdata(y) - 0.5) / len(y))


class GeneBatch(NamedTuple):
    """Some genes at all levels.

    Attributes:
        columns: Which genes.
        seen: Levels by name.
    """

    columns: np.ndarray
    seen: dict[str, Seen]


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
        seen: dict[str, Seen] = {}
        if regions is not None:
            level = region_level(regions, features, weights, trend)
            seen |= {"region": level} if level else {}
        if samples is not None:
            values = samples.values[:, columns]
            level = well_level(wells, values, samples.donor, trend)
            seen |= {"well": level} if level else {}
        seen["voxel"] = voxel_level(ground, features, weights, trend)
        yield GeneBatch(columns, {name: seen[name] for name in LEVELS if name in seen})


def _compare_batch(
    batch: GeneBatch, y: np.ndarray, nulls: NullMaps
) -> tuple[np.ndarray, dict[str, Tally], dict[str, np.ndarray]]:
    observed = correlate(batch.seen, y)
    with bar("null maps", nulls.total, unit="null") as tick:
        tallies = run_nulls(
            nulls, batch.seen, observed, on_batch=lambda done: tick(done, "")
        )
    return batch.columns, tallies, observed


def _joined(parts: list[tuple]) -> dict[str, Outcome]:
    """Outcomes of all genes from those of their batches."""
    _, tallies, observed = parts[0]
    if len(parts) > 1:
        observed = {
            name: np.concatenate([part[2][name] for part in parts]) for name in observed
        }
        tallies = {
            name: functools.reduce(_beside, [part[1][name] for part in parts])
            for name in tallies
        }
    return outcomes(observed, tallies)


def _beside(one: Tally, other: Tally) -> Tally:
    """The tally of the genes of both, under the same null maps."""
    return Tally(
        one.done,
        np.append(one.reached, other.reached),
        np.append(one.variance, other.variance),
        np.maximum(one.largest, other.largest),
    )
