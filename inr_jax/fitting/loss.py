"""What a fit makes small: the squared error of one network at jittered wells.

Pure, so that a loop of one's own can differentiate it (docs/own_loop.py).

Axis letters: N wells, P points of their supports, K genes of a network.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from inr_jax.fields.conditioning import Conditioning
from inr_jax.fields.field import Params
from inr_jax.fitting.data import FitData, PointRows

DRAWN = 8  # points of a support beside a batch of wells


def loss(
    conditioning: Conditioning,
    params: Params,
    data: FitData,
    key: jax.Array,
    *,
    jitter_mm: float | jax.Array | None = None,
    batch: int = 0,
    points: int = 0,
) -> jax.Array:
    """Mean squared error of one network at jittered wells, and its penalty.

        mean_nk (mean_p f_k(x_np + jitter_mm eps_np) - y_nk)^2 + penalty(params) / N

    the inner mean over the points of a well's support, of which most wells have one.

    Args:
        conditioning: The networks.
        params: Of one network; what to differentiate by.
        data: Wells with the targets `(N, K)` of this network (`data.of_network`).
        key: Draws the jitter eps, standard normal, the batch and the points.
        jitter_mm: sd of noise on the coordinates, mm; None draws none.
        batch: Wells drawn, with replacement; 0 takes all.
        points: Points of each support drawn, with replacement; 0 takes all, or
            `DRAWN` beside a batch.

    Returns:
        `()` float32, in standard units squared.
    """
    jitter_key, batch_key = jax.random.split(key)
    places, targets = data.places, data.targets
    rows, drawn = None, points or (DRAWN if batch else 0)
    if batch:
        rows = jax.random.randint(batch_key, (batch,), 0, data.wells)
        targets = targets[rows]
    if data.points is None:
        places = places if rows is None else places.take(rows)
    elif drawn:
        places = places.take(_draw(jitter_key, data.points, rows, drawn))
    if jitter_mm is not None:
        noise = jax.random.normal(jitter_key, places.x_mm.shape)
        places = places._replace(x_mm=places.x_mm + jitter_mm * noise)
    features = jax.vmap(data.inputs.features)(places)
    apply = jax.vmap(conditioning.apply, (None, None, 0))
    predicted = apply(params, data.codes, features)
    if data.points is not None and drawn:
        predicted = predicted.reshape(-1, drawn, predicted.shape[-1]).mean(1)
    elif data.points is not None:
        predicted = _mean_over_points(data.points, predicted, len(targets))
    error = jnp.mean((predicted - targets) ** 2, axis=1)
    wells = data.wells.astype(jnp.float32)
    if batch:
        value = jnp.mean(error)
    else:
        real = jnp.arange(error.shape[0]) < data.wells
        value = jnp.sum(jnp.where(real, error, 0.0)) / wells
    if conditioning.penalty is None:
        return value
    return value + conditioning.penalty(params) / wells


def _draw(
    key: jax.Array, points: PointRows, rows: jax.Array | None, count: int
) -> jax.Array:
    """Rows of so many points of each well's support, one well behind the other."""
    first, size = jnp.asarray(points.first), jnp.asarray(points.size)
    if rows is not None:
        first, size = first[rows], size[rows]
    share = jax.random.uniform(jax.random.fold_in(key, 1), (len(first), count))
    within = jnp.floor(share * size[:, None].astype(jnp.float32)).astype(jnp.int32)
    last = jnp.maximum(size - 1, 0)  # a share that was rounded up to 1
    return (first[:, None] + jnp.minimum(within, last[:, None])).reshape(-1)


def _mean_over_points(points: PointRows, values: jax.Array, wells: int) -> jax.Array:
    """Values at the points `(P, K)` to means over supports `(N, K)`."""
    return jax.ops.segment_sum(
        points.share[:, None] * values, points.well, wells, indices_are_sorted=True
    )
