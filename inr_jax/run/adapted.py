"""A fitted model's trunk with the heads of other genes; the same for all callers.

What comes of it is a bundle like any other: it is saved, loaded, drawn and pickled as
the model that it came from.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from ml_collections import ConfigDict

from inr_jax.errors import InputError, shortlist
from inr_jax.fitting import recipe
from inr_jax.fitting.adapt import adapt, check_trunk
from inr_jax.fitting.checkpoint import Bundle
from inr_jax.fitting.held_out_fit import fitted
from inr_jax.fitting.recipe import Recipe
from inr_jax.run import build
from inr_jax.run import config as settings
from inr_jax.samples.samples import Samples
from inr_jax.samples.sites import Sites
from inr_jax.samples.source import Source
from inr_jax.stats.predictor import Prediction, Predictor


def adapted_bundle(trunk: Bundle, plan: Recipe, config: str, source: Source) -> Bundle:
    """The bundle of a trunk with the heads of new genes.

    Args:
        trunk: Of other genes.
        plan: Its recipe, for as many genes as the source has.
        config: Its settings with those of the source, as JSON.
        source: N wells of the new genes.

    Raises:
        InputError: A gene is in the trunk's model already, or as `fitting.adapt`.
    """
    check_new(source.samples.genes, trunk.meta["genes"])
    check_trunk(plan)
    fitted_model = recipe.make_model(trunk.preprocessing, trunk.state)
    model = adapt(plan, fitted_model, source.samples).model
    state = recipe.first_state(plan)
    state = state._replace(params=model.params, step=trunk.state.step)
    codes = np.asarray(model.codes)
    preprocessing = recipe.Preprocessing(model.inputs, model.standardiser, codes)
    meta = {
        "config": config,
        "genes": list(source.samples.genes),
        "mirror": plan.mirror,
        "tissue": plan.tissue,
        "inputs_sha256": source.files,
        "coordinates": source.coordinates,
        "steps": int(trunk.state.step),
        "trunk": trunk.meta.get("sha256", ""),
    }
    return Bundle(state, preprocessing, meta)


def adapted_in_python(trunk: Bundle, samples: Samples) -> tuple[Bundle, Source]:
    """The same of samples that were made in Python, and their source."""
    if not isinstance(samples, Samples):
        raise InputError(
            "samples",
            expected="Samples",
            found=type(samples).__name__,
            fix="make them by inr_jax.read_samples or inr_jax.Samples.from_frame",
        )
    config = settings.from_json(trunk.meta["config"])
    config = settings.with_settings(config, source__name="python", fit__mixtures=0)
    source = Source(samples, {}, "as given in Python", {})
    plan = build.make_recipe(config, len(samples.genes))
    return adapted_bundle(trunk, plan, settings.to_json(config), source), source


class Adaptable:
    """A model in memory whose trunk takes in other genes."""

    bundle: Bundle

    def adapt(self, samples: Samples) -> Any:
        """A model of the genes of samples, with this one's trunk (`fitting.adapt`).

        Raises:
            InputError: A gene is in the model already, or genes share no trunk.
        """
        bundle, source = adapted_in_python(self.bundle, samples)
        parts: Any = self.__reduce__()  # as a pickle is made a model again
        make, (name, *_) = parts
        return make(name, bundle, source)


def check_new(genes: tuple[str, ...], known: list[str]) -> None:
    """Refuse genes that are in the model already.

    Raises:
        InputError: Names them.
    """
    there = [gene for gene in genes if gene in known]
    if there:
        raise InputError(
            "adapt",
            expected="genes that are not in the model",
            found=f"{len(there)} that are ({shortlist(there)})",
            fix="leave them out, as with --config.source.genes=NAME,NAME",
        )


def new_genes(config: ConfigDict, source: Source, known: list[str]) -> Source:
    """The source without genes that the model has, where none were asked for by name.

    Raises:
        InputError: No gene is left, or a gene that was asked for is in the model.
    """
    genes = source.samples.genes
    if config.source.genes or not set(genes) - set(known):
        check_new(genes, known)
    left = [gene for gene in genes if gene not in known]
    if len(left) == len(genes):
        return source
    return source._replace(samples=source.samples.keep_genes(left))


def adapted_predictor(
    plans: tuple[Recipe, Recipe], trunk: Bundle, wells: Samples, samples: Samples
) -> Predictor:
    """Trunk and heads without the donors that are held out, as one method.

    Args:
        plans: Recipes of the trunk's genes and of the new ones.
        trunk: Fitted to all wells; stands for a fold whose donors it never saw.
        wells: That it was fitted to, with values.
        samples: Those of the new genes, which are to be held out donor by donor.
    """
    of_trunk, of_new = plans
    names = np.asarray(wells.donors)[wells.donor]
    rows = max(
        (names != donor).sum() for donor in samples.donors if (names != donor).any()
    )

    def predict(training: Samples, sites: Sites) -> Prediction:
        present = {training.donors[row] for row in np.unique(training.donor)}
        held = sorted(set(training.donors) - present)
        kept = ~np.isin(names, held)
        preprocessing, state = trunk.preprocessing, trunk.state
        if not kept.all():
            preprocessing, state = fitted(of_trunk, wells.take(kept), int(rows))
        model = recipe.make_model(preprocessing, state)
        adapted = adapt(of_new, model, training).model
        return recipe.predict_at(of_new.renderer, adapted, sites)

    return predict
