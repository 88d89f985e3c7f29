"""Which genes go with a user's map: the same for the command and for Python.

Axis letters: V candidate voxels, M nodes, N wells, G genes. Frame: x_mm (MNI mm).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
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
from inr_jax.samples.gene_sets import GeneSets
from inr_jax.samples.samples import Samples
from inr_jax.stats.association import Tally, normal_scores
from inr_jax.stats.association_sets import set_scores

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
        sets: Scores of gene sets `(S,)`, and under null maps `(S, B)`.
    """

    name: str
    ground: Ground
    y: np.ndarray
    levels: dict[str, Outcome]
    donors: dict[str, np.ndarray]
    model: NullModel
    rule: str
    counts: dict[str, int]
    sets: tuple[np.ndarray, np.ndarray] | None = None

    @property
    def main(self) -> str:
        """The level whose p-values stand first, and that gene sets are scored at."""
        return main_of(self.levels)


def main_of(levels: Iterable[str]) -> str:
    """Voxels where there are, else regions."""
    return "voxel" if "voxel" in levels else "region"


def compare(
    scenery: Scenery,
    value_map: ValueMap,
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
    measured = _measured(scenery.samples, wells)
    regions = regions_of(ground.nodes, scenery.labels) if scenery.labels else None
    nulls = NullMaps(ground.nodes, [model.covariances], asked.nulls, asked.seed)
    parts = [
        _compare_batch(part, y, nulls, sets)
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
        _joined_sets(parts),
    )


def _measured(samples: Samples, wells: Averages) -> Samples | None:
    """The wells that have a node; None where none has, or expression is not known."""
    if not len(wells.rows) or np.isnan(samples.values[:1]).any():
        return None
    return samples.take(wells.rows)


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


class GenePart(NamedTuple):
    """What null maps say of some genes.

    Attributes:
        tallies: By level.
        observed: r `(G,)` by level.
        sets: What these genes add to scores of sets `(S, 1 + B)`, the map's own first.
    """

    tallies: dict[str, Tally]
    observed: dict[str, np.ndarray]
    sets: np.ndarray | None


def _compare_batch(
    batch: GeneBatch, y: np.ndarray, nulls: NullMaps, sets: GeneSets | None
) -> GenePart:
    observed, scores = correlate(batch.seen, y), []
    main = main_of(observed)

    def watch(level: str, r: np.ndarray) -> None:
        if sets is not None and level == main:
            scores.append(set_scores(sets.mean[:, batch.columns], r))

    watch(main, observed[main][:, None])
    with bar("null maps", nulls.total, unit="null") as tick:
        tallies = run_nulls(
            nulls,
            batch.seen,
            observed,
            watch=watch,
            on_batch=lambda done: tick(done, ""),
        )
    return GenePart(tallies, observed, np.concatenate(scores, 1) if scores else None)


def _joined_sets(parts: list[GenePart]) -> tuple[np.ndarray, np.ndarray] | None:
    """Scores of sets, sums over batches of genes: the map's, and null maps'."""
    if parts[0].sets is None:
        return None
    scores = [part.sets for part in parts if part.sets is not None]
    fewest = min(part.shape[1] for part in scores)
    total = np.sum([part[:, :fewest] for part in scores], axis=0)
    return total[:, 0], total[:, 1:]


def _joined(parts: list[GenePart]) -> dict[str, Outcome]:
    """Outcomes of all genes from those of their batches."""
    tallies, observed, _ = parts[0]
    if len(parts) > 1:
        observed = {
            name: np.concatenate([part.observed[name] for part in parts])
            for name in observed
        }
        tallies = {
            name: functools.reduce(_beside, [part.tallies[name] for part in parts])
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
