"""Several settings fitted together: one program, one pass over the wells.

Recipes of one kind differ in numbers alone (learning rate, its decay, weight decay,
jitter), in their targets and seed, and in how long and how many members a prediction
takes. Their S E M networks are mapped as those of one recipe are; predictions of
fewer steps or members are read along the way.

Axis letters: S settings, E members, M networks, N wells, V sites, G genes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from inr_jax.fitting import fit, fitted_data, recipe
from inr_jax.fitting.data import FitData
from inr_jax.fitting.recipe import Preprocessing, Recipe
from inr_jax.samples.samples import Samples
from inr_jax.samples.sites import Sites


class Reading(NamedTuple):
    """A prediction that is read along a fit.

    Attributes:
        setting: Which of the S recipes.
        steps: After how many steps.
        members: The mean of the first so many.
    """

    setting: int
    steps: int
    members: int


def with_numbers(state: fit.FitState, trainer: fit.Trainer) -> fit.FitState:
    """The state with the optimizer's numbers and the jitter of another trainer.

    Trainers of one kind differ in these alone; they stand in the state.
    """
    count = len(state.noise)
    numbers = trainer.optimizer.init(jnp.zeros(())).hyperparams
    rows = {name: jnp.full(count, value) for name, value in numbers.items()}
    return state._replace(
        optimizer=state.optimizer._replace(hyperparams=rows),
        jitter_mm=fit.jitter_of(trainer, count),
    )


def join(states: list[fit.FitState]) -> fit.FitState:
    """One state of those of S settings, all at the same step."""
    rows = [state.rows() for state in states]
    if any(state.jitter_mm is not None for state in rows):
        rows = [
            state._replace(jitter_mm=jnp.zeros(len(state.noise)))
            if state.jitter_mm is None
            else state
            for state in rows
        ]
    joined = jax.tree.map(lambda *leaves: jnp.concatenate(leaves), *rows)
    return joined._replace(step=jnp.copy(states[0].step))


def setting_of(
    state: fit.FitState, setting: int, settings: int, part: float = 1.0
) -> fit.FitState:
    """The state of one of S settings, or of the first part of its members."""
    count = len(state.noise) // settings
    rows = slice(setting * count, setting * count + round(part * count))
    taken = jax.tree.map(lambda leaf: leaf[rows], state.rows())
    return taken._replace(step=state.step)


def predict(
    plans: list[Recipe],
    readings: list[Reading],
    training: Samples,
    sites: Sites,
    *,
    rows: int,
    on_chunk: Callable[[fit.FitState, float], bool | None] | None = None,
) -> np.ndarray:
    """Fit S recipes of one kind together and predict at sites.

    Args:
        plans: S recipes; the first one's trainer and renderer serve all.
        readings: What to predict.
        training: Training wells.
        sites: V sites.
        rows: Pad the wells to so many.
        on_chunk: Passed on to `fit.fit`.

    Returns:
        `(readings, V, G)` float32, units of the source.
    """
    lead = plans[0]
    members = max(plan.trainer.members for plan in plans)
    trainer = lead.trainer._replace(members=members)
    preprocessing = recipe.make_preprocessing(lead, training)
    data, readings = _data(plans, readings, preprocessing, training, rows)
    states = [
        with_numbers(fit.init(trainer, jax.random.key(plan.seed)), plan.trainer)
        for plan in plans
    ]
    state = join(states)
    predictions: dict[int, np.ndarray] = {}
    for steps in sorted({reading.steps for reading in readings}):
        state, _ = fit.fit(
            trainer, state, data, steps=steps, chunk=lead.chunk, on_chunk=on_chunk
        )
        for number, reading in enumerate(readings):
            if reading.steps == steps:
                part = reading.members / members
                state_of_setting = setting_of(state, reading.setting, len(plans), part)
                model = recipe.make_model(preprocessing, state_of_setting)
                prediction = recipe.predict_at(lead.renderer, model, sites)
                predictions[number] = prediction.mean
    return np.stack([predictions[number] for number in range(len(readings))])


def _data(
    plans: list[Recipe],
    readings: list[Reading],
    preprocessing: Preprocessing,
    training: Samples,
    rows: int,
) -> tuple[FitData, list[Reading]]:
    """The wells with targets of each setting; those of one kind are made once.

    Also the readings, later where a setting's targets ask for more steps.
    """
    data: dict[str, FitData] = {}
    smooth: dict[str, bool] = {}
    for plan in plans:
        if plan.targets not in data:
            targets, smooth[plan.targets] = fitted_data.make_targets(
                plan, preprocessing, training
            )
            data[plan.targets] = fitted_data.pack_targets(
                plan, preprocessing, training, targets, rows
            )
    joined = data[plans[0].targets]
    if len(data) > 1:
        each = [data[plan.targets].targets for plan in plans]
        joined = joined._replace(targets=jnp.concatenate(each))
    later = []
    for reading in readings:
        plan = plans[reading.setting]._replace(steps=reading.steps)
        steps = plan.steps_for(smooth=smooth[plan.targets])
        later.append(reading._replace(steps=steps))
    return joined, later
