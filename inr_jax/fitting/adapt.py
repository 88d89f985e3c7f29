"""New genes on a trunk that stays as it is.

What a model has in common for all genes, its trunk, was learned with other genes; it
is kept bit for bit. Where values are linear in what is a gene's own (`heads`,
`low_rank`), that follows in closed form (`ridge`); elsewhere by steps of Adam from the
mean of the trunk's genes. A new gene goes the way of a gene of the joint fit: its
own standardiser, targets, jitter and supports, in the trunk's box; no other new gene
has a say in it.

Axis letters: N wells, P points of their supports, G new genes, E members, D numbers of
a gene in a member, J draws of the jitter.
"""

from __future__ import annotations

import logging
from typing import NamedTuple

import jax
import numpy as np

from inr_jax.brain.space import Array
from inr_jax.errors import InputError
from inr_jax.fields.factors import place_features
from inr_jax.fields.inputs import make_places
from inr_jax.fields.model import Model
from inr_jax.fitting import fitted_data
from inr_jax.fitting.adapt_steps import STEPS, adapted_by_steps
from inr_jax.fitting.recipe import Preprocessing, Recipe
from inr_jax.fitting.ridge import heads_prior, make_design, ridge, single
from inr_jax.samples import standardise
from inr_jax.samples.samples import Samples
from inr_jax.stats.folds import well_folds

log = logging.getLogger("inr_jax")
AROUND_MM = 3.0  # of a trunk that was fitted to kriged places
DRAWS = 8  # J; the moments of features over jitter are known to a few percent


class Adapted(NamedTuple):
    """New genes on a trunk.

    Attributes:
        model: Of the new genes alone.
        penalty: `(G,)` of the ridge, chosen; None where genes were adapted by steps.
    """

    model: Model
    penalty: np.ndarray | None


def adapt(
    recipe: Recipe, trunk: Model, samples: Samples, *, steps: int = STEPS
) -> Adapted:
    """Adapt a trunk to the genes of samples.

    Args:
        recipe: That of the trunk, for as many genes as the samples have.
        trunk: A model of other genes.
        samples: N wells of G genes; all that may be learned from.
        steps: Of Adam, where values are not linear in what is a gene's own.

    Raises:
        InputError: Networks share nothing, or see structures.
    """
    check_trunk(recipe)
    units = standardise.standardiser(samples.values, recipe.scale)
    codes = np.zeros((len(samples.genes), trunk.codes.shape[1]), np.float32)
    preprocessing = Preprocessing(trunk.inputs, units, codes)
    targets, _ = fitted_data.make_targets(recipe, preprocessing, samples)
    if not recipe.conditioning.linear:
        data = fitted_data.pack_wells(recipe, preprocessing, samples, targets)
        model = adapted_by_steps(recipe, trunk, preprocessing, data, steps=steps)
        return Adapted(model, None)
    features = member_features(recipe, trunk, samples)
    drawn = [
        member_features(recipe, trunk, samples, draw)
        for draw in range(DRAWS if _noise_mm(recipe) else 0)
    ]
    design = make_design(features, np.stack(drawn or [features]), _folds(samples))
    wells, _, numbers = features.shape
    if wells < numbers:
        text = "adapt: %d wells for %d numbers of a gene; what heads are like decides"
        log.info(text, wells, numbers)
    root = heads_prior(head_rows(trunk.params["genes"]))
    values = units.standard(samples.values)
    heads = ridge(design, root, targets, values)
    params = {**trunk.params, "genes": head_leaves(trunk.params["genes"], heads.theta)}
    model = Model(params, trunk.inputs, units, codes)
    return Adapted(model, heads.penalty)


def check_trunk(recipe: Recipe) -> None:
    """Refuse networks that cannot take in a new gene.

    Raises:
        InputError: Each gene has a network of its own, or structures are seen.
    """
    found = ""
    if recipe.conditioning.networks != 1:
        found = "a network of its own for every gene"
    elif recipe.sees_structures:
        found = "a model that sees structures, which new wells may name otherwise"
    if found:
        raise InputError(
            "adapt",
            expected="a place model whose genes share a trunk",
            found=found,
            fix="fit the new genes as the others were fitted",
        )


def member_features(
    recipe: Recipe, trunk: Model, samples: Samples, draw: int | None = None
) -> np.ndarray:
    """Features `(N, E, D)` of wells, means over their supports.

    Args:
        recipe: With linear networks.
        trunk: The model.
        samples: N wells.
        draw: Number of a draw of the jitter; None has none.
    """
    points = samples.points()
    x_mm = single(points.x_mm)
    if draw is not None:
        noise = np.random.default_rng([recipe.seed, draw]).normal(size=x_mm.shape)
        x_mm = single(x_mm + _noise_mm(recipe) * noise)
    places = make_places(x_mm, points.tissue)
    rows = place_features(recipe.conditioning, trunk, places)
    members = len(jax.tree.leaves(trunk.params["genes"])[0])
    mean = points.mean(rows[:, :-1])
    return single(mean).reshape(len(mean), members, -1)


def _noise_mm(recipe: Recipe) -> float:
    """sd of noise on points, mm: about as far as the trunk's places lay from wells.

    Kriging each new gene to places would take as long as a fit, and a few wells have no
    spacing to speak of; a well's target stands for the places around it instead.
    """
    return AROUND_MM if recipe.places == "kriged" else recipe.trainer.jitter_mm


def head_rows(genes: Array) -> np.ndarray:
    """Gene arrays `(E, G, ...)` as rows `(G, E, D)`, in the order of features."""
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(genes)]
    flat = [leaf.reshape(*leaf.shape[:2], -1) for leaf in leaves]
    return np.concatenate(flat, axis=2).transpose(1, 0, 2)


def head_leaves(like: Array, rows: np.ndarray) -> Array:
    """The inverse of `head_rows`, in arrays as those of other genes are."""
    leaves, tree = jax.tree.flatten(like)
    made, first = [], 0
    for leaf in leaves:
        shape = leaf.shape[2:]
        last = first + int(np.prod(shape, dtype=int))
        part = rows[:, :, first:last].transpose(1, 0, 2)
        made.append(part.reshape(*part.shape[:2], *shape))
        first = last
    return jax.tree.unflatten(tree, made)


def _folds(samples: Samples) -> np.ndarray:
    """`(N,)` what is left out together: donors, or wells where there is one donor."""
    if len(np.unique(samples.donor)) > 1:
        return samples.donor
    return well_folds(samples).of
