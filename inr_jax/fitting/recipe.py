"""A recipe: all that turns training wells into a model, without a config in sight.

A fold of an evaluation and the final fit go through the same two functions, so that
nothing can be computed from a donor that is held out. Axis letters: N wells, G genes.
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import jax
import numpy as np

from inr_jax.brain.space import box_around, folded
from inr_jax.errors import InputError, shortlist
from inr_jax.fields import model as render
from inr_jax.fields.conditioning import Conditioning, of_donors
from inr_jax.fields.conditioning.conditioning import rows_of_genes
from inr_jax.fields.gene_codes import GeneCodes
from inr_jax.fields.inputs import Inputs, Places, make_places
from inr_jax.fields.numerics.forks import check_process
from inr_jax.fitting import fit
from inr_jax.fitting.mixtures import make_mix, of_genes
from inr_jax.samples import standardise
from inr_jax.samples.donors import donor_rows, donor_shares
from inr_jax.samples.samples import Samples
from inr_jax.samples.sites import Sites
from inr_jax.samples.standardise import Standardised, Standardiser
from inr_jax.samples.structures import KnownStructures, known_structures, memberships
from inr_jax.stats.predictor import Prediction


class Recipe(NamedTuple):
    """How to fit and how to predict.

    Attributes:
        trainer: Networks, optimizer, jitter, members.
        renderer: The program that evaluates a model.
        steps: Optimizer steps of a fit.
        chunk: Steps a jitted call.
        seed: Of the networks, the jitter and the batches.
        mirror: Whether left and right are one.
        tissue: Kind of tissue input.
        box: Kind of box.
        scale: Kind of standardiser.
        targets: "wells", or "effects" of their structures.
        places: "wells" that are fitted, or "kriged" places around them.
        hemisphere: Whether the networks see the side of the brain.
        donors: D that the networks see; 0 where they see none.
        codes: How codes of genes are made; None where networks take none.
        sees_structures: Whether the networks see structures and parents.
        mixtures: K, of genes that heads are fitted to; 0 fits a head to each gene.
        field_steps: Steps instead, where the targets hold a field in space beside
            the effects of names, which takes longer to learn; 0 is as many.
    """

    trainer: fit.Trainer
    renderer: render.Renderer
    steps: int
    chunk: int
    seed: int
    mirror: bool
    tissue: str
    box: str
    scale: str
    targets: str
    codes: GeneCodes | None = None
    sees_structures: bool = False
    field_steps: int = 0
    mixtures: int = 0
    places: str = "wells"
    hemisphere: bool = False
    donors: int = 0

    def steps_for(self, *, smooth: bool) -> int:
        """Steps of a fit to targets that are, or are not, smooth in space as well."""
        return self.field_steps if smooth and self.field_steps else self.steps

    @property
    def conditioning(self) -> Conditioning:
        """The networks, for training and rendering alike."""
        return self.trainer.conditioning

    @property
    def symmetric(self) -> bool:
        """Whether places that lie mirrored have the same features but for tissue."""
        return self.mirror and not self.hemisphere


class Preprocessing(NamedTuple):
    """What a model fixes before its first step, from training wells alone.

    Attributes:
        inputs: How a place becomes features, with its box.
        standardiser: Units of the source to units of the fit.
        codes: `(G, C)` gene codes.
        structures: Names the wells have, where the networks see them.
        mix: `(K, G)` from mixtures to genes, where heads are of mixtures.
    """

    inputs: Inputs
    standardiser: Standardiser
    codes: np.ndarray
    structures: KnownStructures | None = None
    mix: np.ndarray | None = None


def make_preprocessing(recipe: Recipe, training: Samples) -> Preprocessing:
    """Box, standardiser and gene codes of these wells.

    Raises:
        InputError: All wells lie at one place.
    """
    standardiser = standardise.standardiser(training.values, recipe.scale)
    x_mm = folded(training.x_mm, recipe.mirror)
    if not np.ptp(x_mm, axis=0).any():
        donors = shortlist(training.donors[d] for d in np.unique(training.donor))
        place = ", ".join(f"{x:g}" for x in x_mm[0])
        raise InputError(
            f"wells to fit, of donor {donors}",
            expected="two places or more",
            found=f"all {len(x_mm)} at ({place}) mm",
            fix="give more wells of these donors, or correct their coordinates",
        )
    inputs = Inputs(box_around(x_mm, recipe.box), recipe.mirror, recipe.tissue)
    inputs = with_conditions(recipe, inputs, training)
    codes = np.zeros((len(training.genes), 0), np.float32)
    if recipe.codes:
        standard = standardiser.standard(training.values)
        codes = recipe.codes.of(standard, training.genes)
    structures = known_structures(training) if recipe.sees_structures else None
    mix = None
    if recipe.mixtures:
        standard = Standardised(training.values, standardiser)
        of_all = standard_of_all(recipe, training, standard)
        mix = make_mix(of_all, recipe.mixtures, genes=standard)
    return Preprocessing(inputs, standardiser, codes, structures, mix)


def with_conditions(recipe: Recipe, inputs: Inputs, training: Samples) -> Inputs:
    """The inputs with what networks see beside place and tissue, of these wells."""
    donors = donor_shares(training) if recipe.donors else None
    return dataclasses.replace(inputs, hemisphere=recipe.hemisphere, donors=donors)


def standard_of_all(
    recipe: Recipe, training: Samples, standard: Standardised
) -> Standardised:
    """Standardised values of all genes that mixtures are of; `standard`: its own."""
    if training.context is None:
        return standard
    units = standardise.standardiser(training.context, recipe.scale)
    return Standardised(training.context, units)


def places_of(model: Preprocessing | render.Model, sites: Sites) -> Places:
    """What the networks see at the points of sites; memberships where they see any."""
    points = sites.points()
    if model.structures is None:
        return make_places(points.x_mm, points.tissue)
    membership = memberships(model.structures, sites.structure, sites.parent)
    return make_places(points.x_mm, points.tissue, membership[points.of])


def places_of_wells(preprocessing: Preprocessing, training: Samples) -> Places:
    """What the networks see at the points of training wells, donors among it."""
    places = places_of(preprocessing, training.sites())
    if preprocessing.inputs.donors is None:
        return places
    rows = donor_rows(training)[training.points().of]
    return places._replace(donor=rows)


def predict_at(
    renderer: render.Renderer, model: render.Model, sites: Sites
) -> Prediction:
    """Mean and standard deviation over the ensemble of means over supports.

    Units of the source, `(V, G)` each. The members' deviations are taken as one over a
    support, which is the most that its mean can deviate.
    """
    mean, spread = render.render(renderer, model, places_of(model, sites))
    points = sites.points()
    if points.single:
        return Prediction(mean, spread)
    return Prediction(points.mean(mean), np.sqrt(points.mean(spread**2)))


def first_state(recipe: Recipe) -> fit.FitState:
    """The state before the first step, from the recipe's seed."""
    check_process()
    return fit.init(recipe.trainer, jax.random.key(recipe.seed))


def first_shapes(recipe: Recipe) -> fit.FitState:
    """Shapes and types of `first_state`, without a program being compiled."""
    check_process()
    return jax.eval_shape(lambda: fit.init(recipe.trainer, jax.random.key(recipe.seed)))


def make_model(preprocessing: Preprocessing, state: fit.FitState) -> render.Model:
    """The model that a state of a fit stands for."""
    genes, mix = len(preprocessing.standardiser.scale), preprocessing.mix
    params = rows_of_genes(state.params, genes if mix is None else len(mix))
    if mix is not None:
        params = of_genes(params, mix)
    donors = preprocessing.inputs.donors
    if donors is not None:
        params = of_donors(params, np.flatnonzero(donors))
    return render.Model(params, *preprocessing[:4])
