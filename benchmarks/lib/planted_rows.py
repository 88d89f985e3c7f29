"""Rows of maps in which a gene is planted: how often it is found, intervals of r."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from inr_jax.maps.association import Seen
from inr_jax.maps.association_places import Ground
from inr_jax.run.association import Scenery
from inr_jax.stats.association import Level
from inr_jax.stats.nulls_variogram import VariogramPlan
from lib.error_rates import planted
from lib.planted import intervals, planted_at_wells, rests_like_genes
from lib.random_maps import LEVELS, random_maps

PLANTED, SEED = (0.2, 0.3, 0.5), 78
LIKE_GENES = "gene"  # a rest with the variogram of the gene's own true map


class Planting(NamedTuple):
    """Where genes are planted, and what tests find.

    Attributes:
        ground: Nodes of maps.
        index: `(M, 3)` of the nodes in a lattice.
        levels: Genes at voxels, regions and wells.
        plans: How the variogram of each stratum is estimated.
        scenery: Of the model.
        others: Weights of genes fitted to other donors; none without intervals.
    """

    ground: Ground
    index: np.ndarray
    levels: dict[str, Seen]
    plans: list[VariogramPlan]
    scenery: Scenery
    others: list[np.ndarray]


def planted_rows(
    planting: Planting,
    truth_of: Callable[[Ground, np.ndarray], Level] | None,
    study: Callable[[str, np.ndarray], list[dict]],
    flags: Namespace,
) -> list[dict]:
    """Rows for each kind of rest and each r; printed as they come.

    Args:
        planting: As it says.
        truth_of: Makes true maps of genes; None plants the model's own maps.
        study: Kind and maps `(M, n)` to rows.
        flags: Of association.py.
    """
    ground, levels, rows = planting.ground, planting.levels, []
    voxel = levels["voxel"].level
    truth = None if truth_of is None else truth_of(ground, voxel.basis)
    for rest, rests in _rests(planting, truth, flags):
        for r in PLANTED[: 1 if flags.tiny else None]:
            if flags.at == "well" and truth is not None:
                maps, where = planted_at_wells(truth, rests, r, levels["well"]), "wells"
            else:
                maps, where = planted(truth or voxel, rests, r), "voxels"
            rows += study(f"planted r = {r} at {where}, {rest}", maps)
            if truth is not None and planting.others:
                scenery, others = planting.scenery, planting.others
                rows[-1] |= intervals(scenery, levels, truth, maps, others)
                print(rows[-1], flush=True)
    return rows


def _rests(
    planting: Planting, truth: Level | None, flags: Namespace
) -> Iterator[tuple[str, np.ndarray]]:
    """What else is in the maps `(M, n)`, by its name."""
    ground, total = planting.ground, flags.planted
    for rest in flags.rest.split(","):
        if rest == LIKE_GENES and truth is not None:
            yield rest, rests_like_genes(truth, ground, planting.plans, total)
        else:
            kind = tuple(LEVELS)[1] if rest == LIKE_GENES else rest
            yield kind, random_maps(ground, planting.index, kind, total, seed=SEED)
