"""The places at which a map and a model are compared: voxels, regions and wells.

Null maps are drawn on a lattice of nodes: voxels of the brain that are 2 mm apart or
more, in grey matter, where the map says something. A region is the mean of its nodes, a
well has the value of the node next to it, of the map and of every null map alike.

Axis letters: M nodes, L regions, N wells. Frame: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from inr_jax.brain.divisions import PARTS, WHITE_MATTER_PART, parts_of
from inr_jax.brain.label_images import LabelImage, region_at
from inr_jax.brain.matter import GREY
from inr_jax.brain.space import folded
from inr_jax.errors import InputError
from inr_jax.maps.write import Canvas
from inr_jax.samples.samples import Samples
from inr_jax.stats.matters import matter_at, matter_of
from inr_jax.stats.neighbours import nearest_wells
from inr_jax.stats.nulls import Nodes, make_lattice
from inr_jax.stats.nulls_variogram import LEAST_POINTS

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

log = logging.getLogger("inr_jax")
FINEST_MM = 2.0  # between nodes; nearer ones say the same
WELL_MM = 4.0  # from a well to its node at most


class Candidates(NamedTuple):
    """Nodes of a brain, whatever map comes.

    Attributes:
        ijk: `(V, 3)` along the axes of their lattice.
        x_mm: `(V, 3)`.
        part: `(V,)` rows of `names`.
        names: Names of strata.
        step_mm: `(3, 3)` columns are the lattice's steps, mm.
    """

    ijk: np.ndarray
    x_mm: np.ndarray
    part: np.ndarray
    names: tuple[str, ...]
    step_mm: np.ndarray


class Ground(NamedTuple):
    """Nodes where a map is known, and the strata that they lie in.

    Attributes:
        nodes: M nodes.
        strata: Names of the strata, one a row of `nodes.stratum`.
        rows: `(M,)` which of the candidates these are.
    """

    nodes: Nodes
    strata: tuple[str, ...]
    rows: np.ndarray


class Averages(NamedTuple):
    """Places whose values are means over nodes.

    Attributes:
        weight: `(n, M)` sparse, rows sum to 1.
        rows: Which regions, or which wells, these are.
        x_mm: `(n, 3)` where they lie.
        stratum: `(n,)` rows of the strata.
    """

    weight: csr_matrix
    rows: np.ndarray
    x_mm: np.ndarray
    stratum: np.ndarray


def find_candidates(
    canvas: Canvas, samples: Samples, *, mirror: bool, strata: str = "auto"
) -> Candidates:
    """Voxels of grey matter, `FINEST_MM` apart or more, and their strata.

    Args:
        canvas: The voxels of the brain.
        samples: Wells; strata are those of the nearest one that is named.
        mirror: Whether a well also counts on the other side.
        strata: "auto", or "none" for one stratum.
    """
    every = np.ceil(FINEST_MM / canvas.grid.voxel_mm() - 0.01).astype(int).clip(1)
    chosen = np.zeros_like(canvas.mask)
    thin = tuple(slice(None, None, n) for n in every)
    chosen[thin] = canvas.mask[thin]
    index, x_mm = np.argwhere(chosen) // every, canvas.grid.points_mm(chosen)
    points = samples.points()
    wells = points.x_mm[matter_of(samples)[points.of] == GREY]
    grey = matter_at(x_mm, wells, mirror=mirror) == GREY
    index, x_mm = index[grey], x_mm[grey]
    part, names = _strata(samples, x_mm, mirror, strata)
    step_mm = canvas.grid.affine[:3, :3] * every
    return Candidates(index, x_mm, part, names, step_mm)


def ground_of(candidates: Candidates, known: np.ndarray, where: object) -> Ground:
    """The candidates at which a map is known.

    Args:
        candidates: V nodes.
        known: `(V,)` bool.
        where: The map, to name in an error.

    Raises:
        InputError: Fewer nodes than a variogram needs.
    """
    count = np.bincount(candidates.part[known], minlength=len(candidates.names))
    few = np.flatnonzero((count > 0) & (count < LEAST_POINTS))
    for row in few:
        text = "%s: left out in the %s, where it is known at %d nodes alone"
        log.warning(text, where, candidates.names[row], count[row])
    rows = np.flatnonzero(known & ~np.isin(candidates.part, few))
    if not len(rows):
        raise InputError(
            where,
            expected=f"a map that is known at {LEAST_POINTS} voxels of grey matter",
            found=f"{int(known.sum())} of {len(known):,}",
            fix="check that it lies in the brain, its mask, and --zeros",
        )
    present, stratum = np.unique(candidates.part[rows], return_inverse=True)
    if len(present) == 1 < len(np.unique(candidates.part)):
        text = "%s: known in the %s alone, so it is compared within it"
        log.warning(text, where, candidates.names[present[0]])
    index = candidates.ijk[rows] - candidates.ijk[rows].min(0)
    lattice = make_lattice(index.max(0) + 1, candidates.step_mm)
    flat = np.ravel_multi_index(tuple(index.T), lattice.shape)
    nodes = Nodes(lattice, flat, stratum, candidates.x_mm[rows])
    return Ground(nodes, tuple(candidates.names[row] for row in present), rows)


def _strata(
    samples: Samples, x_mm: np.ndarray, mirror: bool, strata: str
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Stratum `(M,)` of places, and the strata's names."""
    part = parts_of(
        samples.parents, samples.parent, samples.structures, samples.structure
    )
    named = (part >= 0) & (part < WHITE_MATTER_PART)
    if strata == "none" or not named.any():
        return np.zeros(len(x_mm), int), ("brain",)
    wells = folded(np.asarray(samples.x_mm[named], np.float64), mirror)
    _, row = nearest_wells(wells, folded(x_mm, mirror), count=1)
    return part[named][row[:, 0]], PARTS[:WHITE_MATTER_PART]


def regions_of(nodes: Nodes, labels: LabelImage) -> Averages:
    """Regions of an atlas as means over nodes; regions without a node are left out."""
    region = region_at(labels, nodes.x_mm)
    node = np.flatnonzero(region)
    rows, place = np.unique(region[node], return_inverse=True)
    return _averages(nodes, place, node, rows)


def wells_of(nodes: Nodes, samples: Samples, reach_mm: float = WELL_MM) -> Averages:
    """Wells as values of the nodes next to them, means over their supports.

    Wells farther than `reach_mm` from any node, and copies, are left out.
    """
    points = samples.points()
    x_mm = np.asarray(points.x_mm, np.float64)
    distance, node = (a[:, 0] for a in nearest_wells(nodes.x_mm, x_mm, count=1))
    kept = (distance <= reach_mm) & ~samples.mirrored[points.of]
    rows, place = np.unique(points.of[kept], return_inverse=True)
    return _averages(nodes, place, node[kept], rows)


def _averages(
    nodes: Nodes,
    place: np.ndarray,
    node: np.ndarray,
    rows: np.ndarray,
) -> Averages:
    """Means over nodes: entries (place, node), some of the places' rows."""
    from scipy.sparse import csr_matrix

    shape = len(rows), len(nodes.flat)
    count = np.bincount(place, minlength=len(rows)).astype(np.float64)
    weight = csr_matrix((1 / count[place], (place, node)), shape)
    x_mm = weight @ nodes.x_mm
    strata = int(nodes.stratum.max()) + 1
    votes = np.zeros((len(rows), strata))
    np.add.at(votes, (place, nodes.stratum[node]), 1)
    return Averages(weight.astype(np.float32), rows, x_mm, votes.argmax(1))
