"""From training wells to predictions: a recipe's fit from its first step to its last.

What a fold of an evaluation goes through, so that nothing can be computed from a donor
that is held out. Axis letters: G genes, V sites.
"""

from __future__ import annotations

from collections.abc import Callable

from inr_jax.fitting import fit
from inr_jax.fitting.fitted_data import make_data_and_steps
from inr_jax.fitting.recipe import (
    Preprocessing,
    Recipe,
    first_state,
    make_model,
    make_preprocessing,
    predict_at,
)
from inr_jax.samples.samples import Samples
from inr_jax.samples.sites import Sites
from inr_jax.stats.predictor import Prediction, Predictor


def fitted(
    recipe: Recipe,
    training: Samples,
    rows: int | None = None,
    on_chunk: Callable[[fit.FitState, float], bool | None] | None = None,
) -> tuple[Preprocessing, fit.FitState]:
    """The preprocessing of these wells and the state at the end of their fit.

    Args:
        recipe: How to fit.
        training: All that may be learned from.
        rows: Pad the wells to so many; None pads none.
        on_chunk: Passed on to `fit.fit`.

    Raises:
        InputError: All wells lie at one place.
    """
    preprocessing = make_preprocessing(recipe, training)
    data, steps = make_data_and_steps(recipe, preprocessing, training, rows)
    state, _ = fit.fit(
        recipe.trainer,
        first_state(recipe),
        data,
        steps=steps,
        chunk=recipe.chunk,
        on_chunk=on_chunk,
    )
    return preprocessing, state


def make_predictor(
    recipe: Recipe, rows: int, on_chunk: Callable | None = None
) -> Predictor:
    """The recipe as a method to compare with baselines.

    Args:
        recipe: How to fit and predict.
        rows: Pad every fold to so many wells, so that all share one program.
        on_chunk: Passed on to `fit.fit`.

    Returns:
        (training samples, sites) to the mean and the standard deviation over the
        ensemble, `(V, G)` float32 each, units of the source.
    """

    def predict(training: Samples, sites: Sites) -> Prediction:
        preprocessing, state = fitted(recipe, training, rows, on_chunk)
        model = make_model(preprocessing, state)
        return predict_at(recipe.renderer, model, sites)

    return predict
