"""Genes refitted through a model's frozen trunk: without each donor, and random ones.

Where values are linear in what is a gene's own, its weights follow in closed form from
any values at wells (`fitting.adapt`), targets and penalty included. The trunk stays: it
saw all donors, so what it owes to one of them is not in the intervals.

Axis letters: N wells, G genes, R features, K donors, C kinds of genes, B random genes
of a kind.
"""

from __future__ import annotations

import dataclasses
import logging
from typing import NamedTuple

import numpy as np

from inr_jax.brain.space import folded
from inr_jax.errors import InputError
from inr_jax.fields.factors import gene_weights
from inr_jax.fitting.adapt import adapt, check_trunk
from inr_jax.progress import bar
from inr_jax.run.expression_model import ExpressionModel
from inr_jax.samples.samples import Samples
from inr_jax.stats.association import Level
from inr_jax.stats.association_refits import (
    LEAST_DONORS,
    jackknife_interval,
    moments_of,
    r_of_weights,
    specific_p,
)
from inr_jax.stats.nulls_genes import kinds_of, random_genes

log = logging.getLogger("inr_jax")
RANDOM = 199  # B
AT_A_TIME = 2000  # random genes that are fitted together
CHEAP = 2000  # genes up to which refits take a minute or less


class Refits(NamedTuple):
    """Weights of genes, refitted; the same for all maps.

    Attributes:
        everything: `(G, R)` to all wells.
        without: `(K, G, R)` to all but each donor's.
        size: `(K,)` wells of each donor.
        kind: `(G,)` rows of `random`.
        random: `(C, B, R)` of random genes of each kind.
    """

    everything: np.ndarray
    without: np.ndarray
    size: np.ndarray
    kind: np.ndarray
    random: np.ndarray


class Refitted(NamedTuple):
    """What refitted genes say of r with a map, `(G,)` each.

    Attributes:
        low: Of a 95 % interval of r; NaN where there are too few donors.
        high: Likewise.
        p_specific: How often a random gene of this kind has so large an |r|.
    """

    low: np.ndarray
    high: np.ndarray
    p_specific: np.ndarray


def make_refits(
    model: ExpressionModel, samples: Samples, *, seed: int, refit: str = "auto"
) -> Refits | None:
    """Refit a model's genes; None, and a line that says why, where it cannot be.

    Args:
        model: A fitted model.
        samples: Its wells, with expression.
        seed: Of random genes.
        refit: "always", "never", or "auto" for up to `CHEAP` genes.
    """
    why = _why_not(model, samples, refit)
    if why:
        log.warning("ci_lo, ci_hi and p_specific stay empty: %s", why)
        return None
    donors = np.unique(samples.donor)
    if len(donors) < LEAST_DONORS:
        text = "ci_lo and ci_hi stay empty: of %d donors nothing can be said of others"
        log.warning(text, len(donors))
        donors = donors[:0]
    kinds, kind = kinds_of(_places(model, samples), samples.donor, samples.values)
    with bar("refits", 1 + len(donors) + len(kinds), unit="fit") as tick:
        everything, without = _weights(model, samples), []
        tick(1, "")
        for donor in donors:
            without.append(_weights(model, samples.take(samples.donor != donor)))
            tick(1 + len(without), "")
        support = samples.points().folded(model.recipe.mirror)
        random: list[np.ndarray] = []
        for first in range(0, len(kinds), AT_A_TIME // RANDOM):
            part = kinds[first : first + AT_A_TIME // RANDOM]
            values = [random_genes(k, support, RANDOM, seed) for k in part]
            weights = _weights(model, _with_values(samples, np.hstack(values)))
            random.extend(np.split(weights, len(part)))
            tick(1 + len(without) + len(random), "")
    sizes = np.bincount(samples.donor[~samples.mirrored])[donors]
    shape = (0, *everything.shape)
    apart = np.array(without, np.float32) if without else np.empty(shape, np.float32)
    return Refits(everything, apart, sizes, kind, np.array(random))


def _why_not(model: ExpressionModel, samples: Samples, refit: str) -> str:
    genes = len(samples.genes)
    if refit == "never":
        return "--config.associate.refit=never"
    if refit == "auto" and genes > CHEAP:
        return f"{genes:,} genes take minutes, see --config.associate.refit=always"
    if np.isnan(samples.values[:1]).any():
        return "the wells' expression is not at hand (from Python: samples=)"
    if not model.recipe.conditioning.linear:
        return "genes are not weights of common features"
    try:
        check_trunk(model.recipe)
    except InputError as error:
        return str(error)
    return ""


def _places(model: ExpressionModel, samples: Samples) -> np.ndarray:
    return folded(np.asarray(samples.x_mm, np.float64), model.recipe.mirror)


def _weights(model: ExpressionModel, samples: Samples) -> np.ndarray:
    """Weights `(G, R)` of the genes of samples on the model's trunk."""
    return gene_weights(adapt(model.recipe, model.model, samples).model)


def _with_values(samples: Samples, values: np.ndarray) -> Samples:
    genes = tuple(f"random {number}" for number in range(values.shape[1]))
    return dataclasses.replace(samples, values=values, genes=genes, context=None)


def refitted(refits: Refits, level: Level, y: np.ndarray, r: np.ndarray) -> Refitted:
    """What refits say of a map `(n,)` at a level, where genes have r `(G,)`."""
    moments = moments_of(level, y)
    everything = r_of_weights(moments, refits.everything)
    without = [r_of_weights(moments, weights) for weights in refits.without]
    low, high = jackknife_interval(r, everything, np.array(without), refits.size)
    random = np.array([r_of_weights(moments, weights) for weights in refits.random])
    return Refitted(low, high, specific_p(everything, refits.kind, random))
