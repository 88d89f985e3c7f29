"""Maps that go by a known r with the true map of a gene of the phantom.

The rest of a map is a random field, which no gene has anything to do with: of a known
kind, or with the variogram of the gene's own true map in each stratum.
"""

from __future__ import annotations

import numpy as np
from ml_collections import ConfigDict
from scipy.optimize import brentq

from inr_jax.brain.template import tissue_at
from inr_jax.fields.factors import gene_weights
from inr_jax.fitting.adapt import adapt
from inr_jax.maps.association import Seen, correlate, field_nulls
from inr_jax.maps.association_places import Ground
from inr_jax.run import build
from inr_jax.run.association import Scenery
from inr_jax.run.association.refits import refitted
from inr_jax.run.expression_model import ExpressionModel
from inr_jax.samples import phantom
from inr_jax.stats.association import Level, correlations, make_level
from inr_jax.stats.association_refits import moments_of, r_of_weights
from inr_jax.stats.nulls_variogram import VariogramPlan, fit_covariance, variogram
from lib.error_rates import apart, gene_of

SEED = 500


def true_level(brain: phantom.Phantom, ground: Ground, basis: np.ndarray) -> Level:
    """True maps of the phantom's genes at the nodes, less what is removed."""
    x_mm = ground.nodes.x_mm
    maps = phantom.truth(brain, x_mm, tissue_at(x_mm))
    return make_level(maps - maps.mean(0), None, basis)


def rests_like_genes(
    truth: Level, ground: Ground, plans: list[VariogramPlan], total: int
) -> np.ndarray:
    """Random fields `(M, total)` with the variogram of true gene n, modulo G, each."""
    rests = np.empty((len(truth.basis), total), np.float32)
    for number in range(total):
        gene, fits = gene_of(truth, number), []
        for stratum, plan in enumerate(plans):
            observed = variogram(plan, gene[ground.nodes.stratum == stratum])
            fits.append(fit_covariance(plan, observed).covariance)
        rests[:, number] = field_nulls(ground.nodes, fits, SEED + number)(0)[:, 0]
    return rests


def planted_at_wells(
    truth: Level, rests: np.ndarray, r: float, wells: Seen
) -> np.ndarray:
    """Maps `(M, n)` that correlate by r with what wells measured of gene n, each.

    A map is sin t of the gene's true map and cos t of the rest; t follows from r. Noise
    of the wells is in r, so the true map has a larger share than r.

    Args:
        truth: True maps of genes at the nodes.
        rests: `(M, n)` what else is in the maps.
        r: At wells; where a gene's true map has less there, the map is that.
        wells: What was measured, and how maps are seen there.
    """
    maps = np.empty_like(rests)
    for number, rest in enumerate(rests.T):
        gene = gene_of(truth, number)
        rest = apart(truth, gene, rest)

        def beyond(angle: float, gene=gene, rest=rest, row=number) -> float:
            mixed = (np.sin(angle) * gene + np.cos(angle) * rest)[:, None]
            at_wells = correlations(wells.level, wells.values(mixed))
            return at_wells[row % len(at_wells), 0] - r

        most = np.pi / 2
        angle = brentq(beyond, -most, most, xtol=1e-4) if beyond(most) > 0 else most
        maps[:, number] = np.sin(angle) * gene + np.cos(angle) * rest
    return maps


def other_donors(
    config: ConfigDict, brain: phantom.Phantom, model: ExpressionModel, count: int
) -> list[np.ndarray]:
    """Weights `(G, R)` of the genes fitted to other donors of the same brain."""
    weights = []
    for seed in range(1, count + 1):
        settings = config.copy_and_resolve_references()
        settings.phantom.seed = seed  # of donors and noise, as the brain is given
        samples = build.load_source(settings, brain).samples
        adapted = adapt(model.recipe, model.model, samples).model
        weights.append(gene_weights(adapted))
    return weights


def intervals(
    scenery: Scenery,
    levels: dict,
    truth: Level,
    maps: np.ndarray,
    others: list[np.ndarray],
) -> dict[str, float]:
    """Share of intervals that hold a truth, of all genes with all maps.

    `covered_donors`: the mean r that models of other donors have; `covered_truth`: r of
    the true map, `covered_planted` that of the planted gene; `width`: the mean width;
    `special`: the share of planted genes with p_specific below .05, `special_others`
    that of all genes.
    """
    assert scenery.refits is not None
    held, planted, width, special, chosen, donors = ([] for _ in range(6))
    for number, y in enumerate(maps.T):
        true_r = correlations(truth, y[:, None])[:, 0]
        r = correlate({"voxel": levels["voxel"]}, y)["voxel"]
        part = refitted(scenery.refits, levels["voxel"].level, y, r)
        inside = (part.low <= true_r) & (true_r <= part.high)
        gene = number % len(r)
        moments = moments_of(levels["voxel"].level, y)
        mean_r = np.mean([r_of_weights(moments, w) for w in others], axis=0)
        donors.append(((part.low <= mean_r) & (mean_r <= part.high)).mean())
        held.append(inside.mean())
        planted.append(inside[gene])
        width.append((part.high - part.low).mean())
        special.append((part.p_specific <= 0.05).mean())
        chosen.append(part.p_specific[gene] <= 0.05)
    named = {"covered_donors": donors, "covered_truth": held}
    named |= {"covered_planted": planted, "width": width}
    named |= {"special": chosen, "special_others": special}
    return {name: round(float(np.mean(values)), 4) for name, values in named.items()}
