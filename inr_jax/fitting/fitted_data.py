"""From training wells to what a fit sees: targets, places and codes, packed.

Axis letters: N wells, G genes, K mixtures of genes.
"""

from __future__ import annotations

import numpy as np

from inr_jax.fitting.data import FitData, pack
from inr_jax.fitting.kriged_places import kriged_places, place_count
from inr_jax.fitting.mixtures import values_of_mixtures
from inr_jax.fitting.recipe import (
    Preprocessing,
    Recipe,
    places_of_wells,
    standard_of_all,
)
from inr_jax.samples.samples import Samples
from inr_jax.samples.standardise import Standardised
from inr_jax.stats.targets import targets_of


def make_targets(
    recipe: Recipe, preprocessing: Preprocessing, training: Samples
) -> tuple[np.ndarray, bool]:
    """What the networks are fitted to at the wells, `(N, G)` in standard units.

    `(N, K)` where they are fitted to mixtures. Also whether it holds an effect that is
    smooth in space beside those of names.
    """
    if preprocessing.mix is None:
        standard = preprocessing.standardiser.standard(training.values)
    else:
        each = Standardised(training.values, preprocessing.standardiser)
        of_all = standard_of_all(recipe, training, each)
        standard = values_of_mixtures(of_all, recipe.mixtures)
    if recipe.targets == "wells":
        return standard, False
    targets, variance_share = targets_of(training, standard, mirror=recipe.mirror)
    return targets, variance_share > 0


def make_data(
    recipe: Recipe,
    preprocessing: Preprocessing,
    training: Samples,
    rows: int | None = None,
) -> FitData:
    """Targets and places of these wells, padded to `rows`."""
    return make_data_and_steps(recipe, preprocessing, training, rows)[0]


def make_data_and_steps(
    recipe: Recipe,
    preprocessing: Preprocessing,
    training: Samples,
    rows: int | None = None,
) -> tuple[FitData, int]:
    """As `make_data`, and the steps that a fit of these wells takes."""
    targets, smooth = make_targets(recipe, preprocessing, training)
    data = pack_targets(recipe, preprocessing, training, targets, rows)
    return data, recipe.steps_for(smooth=smooth)


def pack_targets(
    recipe: Recipe,
    preprocessing: Preprocessing,
    training: Samples,
    targets: np.ndarray,
    rows: int | None = None,
) -> FitData:
    """What a fit sees: wells with targets `(N, G)`, or places kriged from them."""
    if recipe.places == "wells":
        return pack_wells(recipe, preprocessing, training, targets, rows)
    count = place_count(len(training.x_mm))
    places, values = kriged_places(training, targets, mirror=recipe.mirror, count=count)
    return pack(
        recipe.conditioning,
        preprocessing.inputs,
        places=places,
        standard=values,
        codes=preprocessing.codes,
        rows=count if rows is None else place_count(rows),
    )


def pack_wells(
    recipe: Recipe,
    preprocessing: Preprocessing,
    training: Samples,
    targets: np.ndarray,
    rows: int | None = None,
) -> FitData:
    """Wells with targets `(N, G)`, padded to `rows`."""
    return pack(
        recipe.conditioning,
        preprocessing.inputs,
        places=places_of_wells(preprocessing, training),
        standard=targets,
        codes=preprocessing.codes,
        rows=len(training.x_mm) if rows is None else rows,
        size=training.points().size,
    )
