"""A map and its null maps against some genes at a time, and the parts put together.

Axis letters: M nodes, G genes, S gene sets, B null maps.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from inr_jax.maps.association import (
    NullMaps,
    Outcome,
    Seen,
    correlate,
    outcomes,
    run_nulls,
)
from inr_jax.maps.association_baselines import BASELINES, baseline_p
from inr_jax.progress import bar
from inr_jax.run.association.scenery import Asked
from inr_jax.samples.gene_sets import GeneSets
from inr_jax.stats.association import Tally
from inr_jax.stats.association_sets import set_scores


class GeneBatch(NamedTuple):
    """Some genes at all levels.

    Attributes:
        columns: Which genes.
        levels: Levels by name.
    """

    columns: np.ndarray
    levels: dict[str, Seen]


def main_of(levels: Iterable[str]) -> str:
    """Voxels where there are, else regions."""
    return "voxel" if "voxel" in levels else "region"


class GenePart(NamedTuple):
    """What null maps say of some genes.

    Attributes:
        tallies: By level.
        observed: r `(G,)` by level.
        sets: What these genes add to scores of sets `(S, 1 + B)`, the map's own first.
        baselines: p `(G,)` of other packages' null maps, by column.
    """

    tallies: dict[str, Tally]
    observed: dict[str, np.ndarray]
    sets: np.ndarray | None
    baselines: dict[str, np.ndarray]


def compare_batch(
    batch: GeneBatch,
    y: np.ndarray,
    nulls: NullMaps,
    sets: GeneSets | None,
    asked: Asked,
) -> GenePart:
    """Correlate a map `(M,)` and null maps with some genes, and their sets."""
    observed, scores = correlate(batch.levels, y), []
    main = main_of(observed)

    def watch(level: str, r: np.ndarray) -> None:
        if sets is not None and level == main:
            scores.append(set_scores(sets.mean[:, batch.columns], r))

    watch(main, observed[main][:, None])
    with bar("null maps", nulls.total, unit="null") as tick:
        tallies = run_nulls(
            nulls,
            batch.levels,
            observed,
            watch=watch,
            on_batch=lambda done: tick(done, ""),
        )
    others = {}
    for name in filter(None, asked.baselines.split(",")):
        level, column = BASELINES[name]
        if level in batch.levels:
            at_level, total = batch.levels[level], nulls.total
            others[column] = baseline_p(name, at_level, y, total=total, seed=asked.seed)
    joined_scores = np.concatenate(scores, 1) if scores else None
    return GenePart(tallies, observed, joined_scores, others)


def joined_baselines(parts: list[GenePart]) -> dict[str, np.ndarray]:
    """p `(G,)` of other packages' null maps by column, of all batches."""
    columns = parts[0].baselines
    return {
        name: np.concatenate([part.baselines[name] for part in parts])
        for name in columns
    }


def joined_sets(parts: list[GenePart]) -> tuple[np.ndarray, np.ndarray] | None:
    """Scores of sets, sums over batches of genes: the map's, and null maps'."""
    if parts[0].sets is None:
        return None
    scores = [part.sets for part in parts if part.sets is not None]
    fewest = min(part.shape[1] for part in scores)
    total = np.sum([part[:, :fewest] for part in scores], axis=0)
    return total[:, 0], total[:, 1:]


def joined(parts: list[GenePart]) -> dict[str, Outcome]:
    """Outcomes of all genes from those of their batches."""
    tallies, observed = parts[0].tallies, parts[0].observed
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
