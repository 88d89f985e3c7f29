"""The latent of a donor that networks never saw, from a few of its wells.

All else is fixed. The latent starts at the mean of the donors' and minimises what the
fit did (`fitting.loss`): with K wells,

    mean_kg (f_g(x_k, z) - y_kg)^2 + prior |z|^2 / K,

the maximum of its posterior where noise is normal, by L-BFGS (Nocedal & Wright 2006,
chapter 7), each member for itself.

Axis letters: E members, D donors, W numbers of a latent, G genes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax

from inr_jax.errors import InputError
from inr_jax.fields.conditioning.conditioning import check_shared, rows_of_genes
from inr_jax.fields.conditioning.donors import LATENTS, with_latent
from inr_jax.fields.field import Params
from inr_jax.fields.model import Model
from inr_jax.fitting.data import FitData
from inr_jax.fitting.fit import FitState
from inr_jax.fitting.fitted_data import pack_wells
from inr_jax.fitting.loss import loss
from inr_jax.fitting.recipe import Preprocessing, Recipe
from inr_jax.samples.samples import Samples

STEPS = 30  # of L-BFGS, far more than a few numbers need


def adapted_to_donor(
    recipe: Recipe, preprocessing: Preprocessing, state: FitState, wells: Samples
) -> Model:
    """The model as a new donor has it.

    Args:
        recipe: Of networks with latents of donors, whose genes share a network.
        preprocessing: Of the fit.
        state: At its end.
        wells: K of the donor, of the model's genes in their order.

    Raises:
        InputError: Each gene has a network and a latent of its own, or heads are of
            mixtures of genes.
    """
    conditioning = recipe.conditioning
    check_shared(conditioning, "adapt_donor", ", and each its own latents")
    if preprocessing.mix is not None:
        found, fix = "heads of mixtures of them", "fit with fit.mixtures=0"
        raise InputError("adapt_donor", expected="heads of genes", found=found, fix=fix)
    params = rows_of_genes(state.params, len(preprocessing.standardiser.scale))
    data = _data(recipe, preprocessing, wells)

    def error(latent: jax.Array, member: Params) -> jax.Array:
        return loss(conditioning, _placed(member, latent), data, jax.random.key(0))

    seen = np.flatnonzero(np.asarray(preprocessing.inputs.donors))
    start = params["shared"][LATENTS][:, seen].mean(1)
    latent = jax.jit(jax.vmap(partial(_least, error)))(start, params)
    return Model(with_latent(params, latent), *preprocessing[:4])


def _placed(member: Params, latent: jax.Array) -> Params:
    """One network's parameters with a latent in the first row, zeros in all others.

    In one row, so that the prior counts it once.
    """
    table = jnp.zeros_like(member["shared"][LATENTS]).at[0].set(latent)
    return {**member, "shared": {**member["shared"], LATENTS: table}}


def _data(recipe: Recipe, preprocessing: Preprocessing, wells: Samples) -> FitData:
    """The wells as those of the donor in the first row."""
    rows = tuple(map(str, range(recipe.donors)))
    wells = dataclasses.replace(wells, donor=np.zeros_like(wells.donor), donors=rows)
    standard = preprocessing.standardiser.standard(wells.values)
    return pack_wells(recipe, preprocessing, wells, standard).of_network(0)


def _least(error: Callable, start: jax.Array, member: Params) -> jax.Array:
    """Where the error of a member is least, from a start `(W,)`."""
    solver = optax.lbfgs()

    def value(latent: jax.Array) -> jax.Array:
        return error(latent, member)

    value_and_slope = optax.value_and_grad_from_state(value)

    def step(carry: tuple, _: None) -> tuple[tuple, None]:
        latent, memory = carry
        size, slope = value_and_slope(latent, state=memory)
        change, memory = solver.update(
            slope, memory, latent, value=size, grad=slope, value_fn=value
        )
        return (optax.apply_updates(latent, change), memory), None

    carry = start, solver.init(start)
    return jax.lax.scan(step, carry, None, length=STEPS)[0][0]
