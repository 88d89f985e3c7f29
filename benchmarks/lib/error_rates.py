"""Shares of random maps that an association calls significant."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from inr_jax.maps.association import (
    Seen,
    correlate,
    region_level,
    voxel_level,
    well_level,
)
from inr_jax.maps.association_nulls import is_smooth, largest_stratum
from inr_jax.maps.association_places import Ground, regions_of, wells_of
from inr_jax.run.association import Scenery, gene_maps
from inr_jax.stats.association import (
    Level,
    add_nulls,
    chances,
    false_discovery,
    no_nulls,
    tail_p,
)
from inr_jax.stats.association_design import design
from inr_jax.stats.association_sets import set_scores, set_tails
from inr_jax.stats.nulls_variogram import (
    VariogramPlan,
    correlation_tables,
    fit_covariance,
    plan_variogram,
)
from lib import null_tables as tabled

NOMINAL = 0.05
SETS, IN_A_SET = 40, (5, 16)


def levels_of(scenery: Scenery, ground: Ground, trend: str) -> dict[str, Seen]:
    """Genes at regions, wells and voxels; all wells, however coarse the nodes."""
    reach = float(np.linalg.norm(ground.nodes.lattice.step_mm, axis=0).max())
    wells = wells_of(ground.nodes, scenery.samples, reach)
    measured = scenery.samples.take(wells.rows)
    ((_, features, weights),) = gene_maps(scenery, ground)
    levels = {"well": well_level(wells, measured.values, measured.donor, trend)}
    if scenery.labels is not None:
        regions = regions_of(ground.nodes, scenery.labels)
        levels["region"] = region_level(regions, features, weights, trend)
    levels["voxel"] = voxel_level(ground, features, weights, trend)
    return {name: level for name, level in levels.items() if level is not None}


def plans_of(ground: Ground, trend: str) -> list[VariogramPlan]:
    """How the variogram of each stratum is estimated."""
    tables, x_mm = correlation_tables(ground.nodes.lattice), ground.nodes.x_mm
    inside = [x_mm[ground.nodes.stratum == s] for s in range(len(ground.strata))]
    return [plan_variogram(x, design(x, [], trend), tables) for x in inside]


def random_sets(genes: int) -> np.ndarray:
    """`(SETS, G)` members of random gene sets, rows that sum to 1."""
    rng = np.random.default_rng(3)
    sets = np.zeros((SETS, genes))
    for row in sets:
        size = min(genes, rng.integers(*IN_A_SET))
        row[rng.choice(genes, size, replace=False)] = 1 / size
    return sets


class Study(NamedTuple):
    """What maps are tested with, once a trend is removed.

    Attributes:
        levels: Genes at voxels, regions and wells.
        plans: How the variogram of each stratum is estimated.
        tables: Products of null maps.
    """

    levels: dict[str, Seen]
    plans: list[VariogramPlan]
    tables: tabled.Tables


def studies_of(
    scenery: Scenery, ground: Ground, trend: str, nulls: int
) -> dict[str, Study]:
    """By trend: the one that is named, or the two that "auto" takes one of."""
    studies = {}
    for name in ("linear", "quadratic") if trend == "auto" else (trend,):
        levels, plans = levels_of(scenery, ground, name), plans_of(ground, name)
        tables = tabled.make_tables(ground, levels, nulls)
        studies[name] = Study(levels, plans, tables)
    return studies


def rates(
    ground: Ground, studies: dict[str, Study], maps: np.ndarray
) -> dict[str, dict[str, float]]:
    """`tested` maps `(M, n)`, each with the trend that `inr-jax associate` removes."""
    if len(studies) == 1:
        return tested(ground, *studies.values(), maps)
    smooth = smooth_maps(ground, studies["linear"].plans, maps)
    whole: dict[str, dict[str, float]] = {}
    for name, rows in (("linear", ~smooth), ("quadratic", smooth)):
        if not rows.any():
            continue
        part = tested(ground, studies[name], maps, np.flatnonzero(rows))
        for level, shares in part.items():
            into = whole.setdefault(level, dict.fromkeys(shares, 0.0))
            for key, share in shares.items():
                into[key] = round(into[key] + share * float(rows.mean()), 4)
    return whole


def smooth_maps(
    ground: Ground, plans: list[VariogramPlan], maps: np.ndarray
) -> np.ndarray:
    """Whether `(n,)` of maps `(M, n)` a quadratic trend is removed."""
    row = largest_stratum(ground)
    curves = tabled.observed_variograms(plans[row], maps[ground.nodes.stratum == row])
    fits = [fit_covariance(plans[row], curve).covariance for curve in curves.T]
    return np.array([is_smooth(fit) for fit in fits])


def tested(
    ground: Ground,
    study: Study,
    maps: np.ndarray,
    numbers: np.ndarray | None = None,
) -> dict[str, dict[str, float]]:
    """Rates of false positives among maps `(M, n)`, or those of some `numbers`.

    `counted` goes by null maps, `tail` by the t distribution, `family` by the largest
    |r| of all genes, `any_q` by any gene's q, `sets` by any q of random gene sets;
    `naive` by Pearson's p; `gene` is `counted` for the gene that is planted, if any.
    """
    levels, plans, tables = study
    numbers = np.arange(maps.shape[1]) if numbers is None else numbers
    maps = maps[:, numbers]
    strata = [ground.nodes.stratum == s for s in range(len(plans))]
    observed = [
        tabled.observed_variograms(plan, maps[inside])
        for plan, inside in zip(plans, strata, strict=True)
    ]
    counts: dict[str, dict[str, list]] = {name: {} for name in levels}
    for row, (number, column) in enumerate(zip(numbers, maps.T, strict=True)):
        fits = [
            fit_covariance(plan, curve[:, row]).covariance
            for plan, curve in zip(plans, observed, strict=True)
        ]
        nulls = tabled.null_r(tables, levels, fits, slice(None))
        for name, r in correlate(levels, column).items():
            places = np.full(len(r), len(levels[name].level.basis))
            found = {"naive": (tail_p(r, places) <= NOMINAL).mean()}
            found |= _shares(r, nulls[name], number % len(r))
            for key, share in found.items():
                counts[name].setdefault(key, []).append(share)
    return {
        name: {key: round(float(np.mean(v)), 4) for key, v in of.items()}
        for name, of in counts.items()
    }


def planted(level: Level, rests: np.ndarray, r: float) -> np.ndarray:
    """Maps `(M, n)` that correlate by r with gene n, modulo G, each.

    Args:
        level: Maps of genes, a model's or the true ones.
        rests: `(M, n)` what else is in the maps.
        r: With the map of the gene.
    """
    maps = np.empty_like(rests)
    for number, rest in enumerate(rests.T):
        gene = gene_of(level, number)
        maps[:, number] = r * gene + np.sqrt(1 - r**2) * apart(level, gene, rest)
    return maps


def apart(level: Level, gene: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """What of a map `(M,)` goes with neither a gene's map nor a trend, of length 1."""
    rest = rest - level.basis @ (level.basis.T @ rest)
    rest = rest - gene * (gene @ rest)
    return rest / np.linalg.norm(rest)


def gene_of(level: Level, number: int) -> np.ndarray:
    """Residuals `(M,)` of length 1 of a gene's map."""
    number %= len(level.weights)
    if level.weights.ndim == 1:
        return level.features[:, number] * level.weights[number]
    return level.features @ level.weights[number]


def _shares(r: np.ndarray, nulls: np.ndarray, gene: int) -> dict[str, float]:
    outcome = chances(add_nulls(no_nulls(len(r)), r, nulls), r)
    sets = random_sets(len(r))
    p = set_tails(set_scores(sets, r[:, None])[:, 0], set_scores(sets, nulls))
    return {
        "gene": float(outcome.p_null[gene] <= NOMINAL),
        "counted": float((outcome.p_null <= NOMINAL).mean()),
        "tail": float((outcome.p_tail <= NOMINAL).mean()),
        "family": float(outcome.p_max.min() <= NOMINAL),
        "any_q": float(outcome.q.min() <= NOMINAL),
        "sets": float(false_discovery(p).min() <= NOMINAL),
    }
