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

from inr_jax.fields import model as render
from inr_jax.fitting import fit, recipe
from inr_jax.fitting.data import FitData
from inr_jax.fitting.optimizer import stack
from inr_jax.fitting.recipe import Preprocessing, Recipe
from inr_jax.samples.samples import Samples, Sites


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


def join(states: list[fit.FitState]) -> fit.FitState:
    """One state of those of S settings, all at the same step."""
    many = [state._replace(step=None) for state in states]
    joined = jax.tree.map(lambda *leaves: jnp.concatenate(leaves), *many)
    return joined._replace(step=jnp.copy(states[0].step))


def setting_of(
    state: fit.FitState, setting: int, settings: int, part: float = 1.0
) -> fit.FitState:
    """The state of one of S settings, or of the first part of its members."""
    count = len(state.noise) // settings
    own = slice(setting * count, setting * count + round(part * count))
    some = jax.tree.map(lambda leaf: leaf[own], state._replace(step=None))
    return some._replace(step=state.step)


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
    plans = _alike(plans)
    lead = plans[0]
    preprocessing = recipe.make_preprocessing(lead, training)
    data, taken = _data(plans, preprocessing, training, rows)
    readings = [
        reading._replace(steps=taken[reading.setting] or reading.steps)
        for reading in readings
    ]
    hyper = stack([fit.hyper_of(plan.trainer) for plan in plans])
    places = recipe.places_of(preprocessing, sites)
    state = join([recipe.first_state(plan) for plan in plans])
    found: dict[int, np.ndarray] = {}
    for steps in sorted({reading.steps for reading in readings}):
        state, _ = fit.fit(
            lead.trainer,
            state,
            data,
            steps=steps,
            chunk=lead.chunk,
            on_chunk=on_chunk,
            hyper=hyper,
        )
        for number, reading in enumerate(readings):
            if reading.steps == steps:
                part = reading.members / lead.trainer.members
                own = setting_of(state, reading.setting, len(plans), part)
                model = recipe.make_model(preprocessing, own)
                found[number], _ = render.render(lead.renderer, model, places)
    return np.stack([found[number] for number in range(len(readings))])


def _alike(plans: list[Recipe]) -> list[Recipe]:
    """The recipes with one kind of optimizer, and one set of compiled programs.

    Where one rate falls, one that stays is multiplied by 1.
    """
    falls = any(plan.trainer.optimizer.decay is not None for plan in plans)
    programs, alike = plans[0].trainer.programs, []
    if falls and plans[0].trainer.optimizer.decay is None:
        programs = programs.setdefault("falls", {})  # of another kind of state
    for plan in plans:
        adam = plan.trainer.optimizer
        if falls and adam.decay is None:
            adam = adam._replace(decay=1.0)
        trainer = plan.trainer._replace(optimizer=adam, programs=programs)
        alike.append(plan._replace(trainer=trainer))
    return alike


def _data(
    plans: list[Recipe], preprocessing: Preprocessing, training: Samples, rows: int
) -> tuple[FitData, list[int]]:
    """The wells with targets of each setting; those of one kind are made once.

    Also the steps of each setting where the wells ask for others than it has, or 0.
    """
    made: dict[tuple, tuple[FitData, int]] = {}
    taken = []
    for plan in plans:
        kind = (plan.targets, plan.prior)
        if kind not in made:
            asked = plan._replace(steps=0)  # so that what is left is the wells'
            made[kind] = recipe.make_data_and_steps(
                asked, preprocessing, training, rows
            )
        taken.append(made[kind][1] and plan.field_steps)
    each = [made[plan.targets, plan.prior][0].targets for plan in plans]
    first = next(iter(made.values()))[0]
    data = first if len(made) == 1 else first._replace(targets=jnp.concatenate(each))
    return data, taken
