"""What a fit makes small: the squared error of one network at jittered wells.

Pure, so that a loop of one's own can differentiate it (docs/own_loop.py).

Axis letters: N wells, K genes of a network.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from inr_jax.fields.conditioning import Conditioning
from inr_jax.fields.field import Params
from inr_jax.fitting.data import FitData


def loss(
    conditioning: Conditioning,
    params: Params,
    data: FitData,
    key: jax.Array,
    *,
    jitter_mm: float | jax.Array | None = None,
    batch: int = 0,
) -> jax.Array:
    """Mean squared error of one network at jittered wells, and its penalty.

        mean_nk (f_k(x_n + jitter_mm eps_n) - y_nk)^2 + penalty(params) / N

    Args:
        conditioning: The networks.
        params: Of one network; what to differentiate by.
        data: Wells with the targets `(N, K)` of this network (`data.of_network`).
        key: Draws the jitter eps, standard normal, and the batch.
        jitter_mm: sd of noise on the coordinates, mm; None draws none.
        batch: Wells drawn, with replacement; 0 takes all.

    Returns:
        `()` float32, in standard units squared.
    """
    jitter_key, batch_key = jax.random.split(key)
    places, targets = data.places, data.targets
    if batch:
        rows = jax.random.randint(batch_key, (batch,), 0, data.wells)
        places, targets = places.take(rows), targets[rows]
    if jitter_mm is not None:
        noise = jax.random.normal(jitter_key, places.x_mm.shape)
        places = places._replace(x_mm=places.x_mm + jitter_mm * noise)
    features = jax.vmap(data.inputs.features)(places)
    apply = jax.vmap(conditioning.apply, (None, None, 0))
    error = jnp.mean((apply(params, data.codes, features) - targets) ** 2, axis=1)
    wells = data.wells.astype(jnp.float32)
    if batch:
        value = jnp.mean(error)
    else:
        real = jnp.arange(error.shape[0]) < data.wells
        value = jnp.sum(jnp.where(real, error, 0.0)) / wells
    if conditioning.penalty is None:
        return value
    return value + conditioning.penalty(params) / wells
