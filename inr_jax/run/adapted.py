"""A fitted model's trunk with the heads of other genes; the same for all callers.

What comes of it is a bundle like any other: it is saved, loaded, drawn and pickled as
the model that it came from.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from inr_jax.errors import InputError, shortlist
from inr_jax.fields.factors import check_linear
from inr_jax.fields.model import Model
from inr_jax.files.reading import user_path
from inr_jax.fitting import recipe
from inr_jax.fitting.adapt import adapt, check_trunk
from inr_jax.fitting.checkpoint import Bundle
from inr_jax.fitting.held_out_fit import fitted
from inr_jax.fitting.recipe import Recipe
from inr_jax.fitting.unseen import unseen_genes
from inr_jax.run import build
from inr_jax.run import config as settings
from inr_jax.samples.gene_table import read_gene_table
from inr_jax.samples.samples import Samples
from inr_jax.samples.sites import Sites
from inr_jax.samples.source import Source, source_in_python
from inr_jax.stats.predictor import Prediction, Predictor

log = logging.getLogger("inr_jax")


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
    return _bundle(trunk, plan, config, source, model)


def _bundle(
    trunk: Bundle, plan: Recipe, config: str, source: Source, model: Model
) -> Bundle:
    """What is kept of a model on a trunk."""
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


def adapted_in_python(
    trunk: Bundle, samples: Samples, places: str
) -> tuple[Bundle, Source]:
    """The same of samples that were made in Python, and their source.

    Args:
        trunk: Of other genes.
        samples: Of the new ones.
        places: What the trunk was fitted at, "wells" or "kriged".
    """
    source = source_in_python(samples)
    config = _config_of(trunk, places)
    plan = build.make_recipe(config, len(samples.genes))
    return adapted_bundle(trunk, plan, settings.to_json(config), source), source


def _config_of(trunk: Bundle, places: str) -> ConfigDict:
    """Settings of genes on a trunk, of its networks whatever their supports are."""
    config = settings.from_json(trunk.meta["config"])
    changes = {"source__name": "python", "fit__mixtures": 0, "fit__places": places}
    return settings.with_settings(config, **changes)


class Adaptable:
    """A model in memory whose trunk takes in other genes."""

    bundle: Bundle
    recipe: Recipe
    wells: Source

    def adapt(self, samples: Samples) -> Any:
        """A model of the genes of samples, with this one's trunk (`fitting.adapt`).

        Raises:
            InputError: A gene is in the model already, or genes share no trunk.
        """
        bundle, source = adapted_in_python(self.bundle, samples, self.recipe.places)
        return self._made(bundle, source)

    def unseen(self, table: str | Path, genes: Sequence[str]) -> Any:
        """A model of genes that were never measured, from a table of all genes.

        A ridge regression of heads on the table's rows; values are in standard
        deviations of each gene. Says what share of heads the table tells of genes
        that are left out.

        Args:
            table: A file of `samples.gene_table`, with the model's genes and these.
            genes: Their symbols.

        Raises:
            InputError: A gene is missing in the table, or is in the model already.
        """
        config = _config_of(self.bundle, self.recipe.places)
        bundle, source = unseen_in_python(
            self.bundle, self.wells, table, tuple(genes), config
        )
        return self._made(bundle, source)

    def _made(self, bundle: Bundle, source: Source) -> Any:
        parts: Any = self.__reduce__()  # as a pickle is made a model again
        make, (name, *_) = parts
        return make(name, bundle, source)


def unseen_in_python(
    trunk: Bundle,
    wells: Source,
    table: str | Path,
    genes: tuple[str, ...],
    config: ConfigDict,
) -> tuple[Bundle, Source]:
    """Genes of a table on a trunk, and its wells as their source."""
    check_new(genes, trunk.meta["genes"])
    plan = build.make_recipe(config, len(genes))
    check_trunk(plan)
    check_linear(plan.conditioning)
    read = read_gene_table(user_path(table))
    model, gain = unseen_genes(
        recipe.make_model(trunk.preprocessing, trunk.state),
        read.rows(tuple(trunk.meta["genes"])),
        read.vectors_of(genes),
    )
    told = "tells" if gain > 0 else "does not tell genes that are left out: it tells"
    log.info("%s %s %.0f %% of heads' variance", table, told, 100 * gain)
    samples = wells.samples
    unknown = np.full((len(samples.well), len(genes)), np.nan, np.float32)
    samples = dataclasses.replace(samples, genes=genes, values=unknown)
    source = Source(samples, {}, wells.coordinates, {})
    text = settings.to_json(config)
    return _bundle(trunk, plan, text, source, model), source


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
