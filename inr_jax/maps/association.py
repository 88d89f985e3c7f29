"""A map against all genes at voxels, regions and wells, with null maps of the map.

Axis letters: M nodes, n places of a level, R features, G genes, B null maps, S sets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from inr_jax.maps.association_places import Averages, Ground
from inr_jax.stats.association import (
    Chances,
    Level,
    Tally,
    add_nulls,
    chances,
    correlations,
    make_level,
    no_nulls,
)
from inr_jax.stats.association_design import design
from inr_jax.stats.nulls import Covariance, Nodes, null_pair, roots_of
from inr_jax.stats.nulls_pairs import orthonormal

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

PAIRS = 8  # of null maps that are correlated at a time
ENOUGH = 99  # null maps that say something
LEAST_FREE = 5  # places more than columns that are removed


class Seen(NamedTuple):
    """A level, and how values at nodes are seen there.

    Attributes:
        level: Genes at its n places.
        weight: `(n, M)` sparse means over nodes; None where places are the nodes.
        x_mm: `(n, 3)` the places; None where they are the nodes.
    """

    level: Level
    weight: csr_matrix | None
    x_mm: np.ndarray | None = None

    def values(self, nodes: np.ndarray) -> np.ndarray:
        """Values `(M, b)` at nodes to those of the level's places `(n, b)`."""
        return nodes if self.weight is None else self.weight @ nodes


class Outcome(NamedTuple):
    """What a level says of every gene.

    Attributes:
        r: `(G,)` correlation with the map.
        chances: Its p-values.
        tally: What the null maps gave.
    """

    r: np.ndarray
    chances: Chances
    tally: Tally


def voxel_level(
    ground: Ground, features: np.ndarray, weights: np.ndarray | None, trend: str
) -> Seen:
    """Gene maps at the nodes: features `(M, R)`, written over, times weights."""
    columns = design(ground.nodes.x_mm, [ground.nodes.stratum], trend)
    return Seen(make_level(features, weights, orthonormal(columns)), None)


def region_level(
    regions: Averages, features: np.ndarray, weights: np.ndarray | None, trend: str
) -> Seen | None:
    """Means of gene maps over regions; None where regions are too few.

    Args:
        regions: L regions of M nodes.
        features: `(M, R)` at the nodes, as they are.
        weights: `(G, R)`.
        trend: What is removed beside means of strata.
    """
    columns = design(regions.x_mm, [regions.stratum], trend)
    return _averaged(regions, columns, regions.weight @ features, weights)


def well_level(
    wells: Averages, values: np.ndarray, donor: np.ndarray, trend: str
) -> Seen | None:
    """Measured values at wells, less the mean of each donor; None for too few wells.

    Args:
        wells: N wells with a node.
        values: `(N, G)` expression in them.
        donor: `(N,)` rows of donors.
        trend: What is removed beside means of strata and donors.
    """
    columns = design(wells.x_mm, [wells.stratum, donor], trend)
    return _averaged(wells, columns, np.array(values, np.float32), None)


def _averaged(
    places: Averages,
    columns: np.ndarray,
    features: np.ndarray,
    weights: np.ndarray | None,
) -> Seen | None:
    basis = orthonormal(columns)
    if len(basis) < basis.shape[1] + LEAST_FREE:
        return None
    made = make_level(np.asarray(features, np.float32), weights, basis)
    return Seen(made, places.weight, places.x_mm)


class NullMaps(NamedTuple):
    """Null maps as what they are made by; they are never stored.

    Attributes:
        draw: From the number of a pair to two null maps `(M, 2)`.
        total: B.
    """

    draw: Callable[[int], np.ndarray]
    total: int


def field_nulls(
    nodes: Nodes, covariances: Sequence[Covariance], seed: int
) -> Callable[[int], np.ndarray]:
    """From the number of a pair to two random fields `(M, 2)` at nodes.

    Args:
        nodes: Where.
        covariances: Of each stratum.
        seed: Of all.
    """
    roots = roots_of(nodes.lattice, covariances)
    return lambda pair: null_pair(nodes, covariances, roots, seed=seed, pair=pair)


def run_nulls(
    nulls: NullMaps,
    levels: dict[str, Seen],
    observed: dict[str, np.ndarray],
    *,
    watch: Callable[[str, np.ndarray], None] | None = None,
    on_batch: Callable[[int], None] | None = None,
) -> dict[str, Tally]:
    """Correlate null maps with all genes at all levels.

    Args:
        nulls: What to draw.
        levels: Levels by name.
        observed: `(G,)` r of the map, by level.
        watch: Called with a level's name and r `(G, b)` of each batch, as for sets.
        on_batch: Called with the number of null maps done.

    Returns:
        A tally for each level; of what is done, where `on_batch` raises
        KeyboardInterrupt after `ENOUGH` null maps or more.
    """
    tallies = {name: no_nulls(len(r)) for name, r in observed.items()}
    done, pairs = 0, -(-nulls.total // 2)
    for first in range(0, pairs, PAIRS):
        numbers = range(first, min(first + PAIRS, pairs))
        maps = np.concatenate([nulls.draw(pair) for pair in numbers], axis=1)
        maps = maps[:, : nulls.total - done]
        for name, level in levels.items():
            r = correlations(level.level, level.values(maps))
            tallies[name] = add_nulls(tallies[name], observed[name], r)
            if watch is not None:
                watch(name, r)
        done += maps.shape[1]
        if not _goes_on(on_batch, done):
            break
    return tallies


def _goes_on(on_batch: Callable[[int], None] | None, done: int) -> bool:
    """Tell how many are done; False where somebody stops it and there are enough."""
    try:
        if on_batch is not None:
            on_batch(done)
    except KeyboardInterrupt:
        if done < ENOUGH:
            raise
        return False
    return True


def outcomes(
    observed: dict[str, np.ndarray], tallies: dict[str, Tally]
) -> dict[str, Outcome]:
    """p-values of every level."""
    return {
        name: Outcome(r, chances(tallies[name], r), tallies[name])
        for name, r in observed.items()
    }


def correlate(levels: dict[str, Seen], y: np.ndarray) -> dict[str, np.ndarray]:
    """r `(G,)` of a map, values `(M,)` at nodes, at every level."""
    column = np.asarray(y, np.float32)[:, None]
    return {
        name: correlations(level.level, level.values(column))[:, 0]
        for name, level in levels.items()
    }


def by_donor(
    wells: Averages, values: np.ndarray, donor: np.ndarray, y: np.ndarray
) -> dict[int, np.ndarray]:
    """r `(G,)` within each donor's wells, means of strata removed; too few: NaN.

    Args:
        wells: N wells with a node.
        values: `(N, G)` expression in them.
        donor: `(N,)` rows of donors.
        y: `(M,)` the map at the nodes.
    """
    at_wells = np.asarray(wells.weight @ np.asarray(y, np.float32))[:, None]
    result = {}
    for row in np.unique(donor):
        of = donor == row
        basis = orthonormal(design(wells.x_mm[of], [wells.stratum[of]], "linear"))
        if len(basis) < basis.shape[1] + LEAST_FREE:
            result[int(row)] = np.full(values.shape[1], np.nan)
            continue
        level = make_level(np.array(values[of], np.float32), None, basis)
        result[int(row)] = correlations(level, at_wells[of])[:, 0]
    return result
