"""What a fit makes small: the squared error of one network at jittered wells.

Pure, so that a loop of one's own can differentiate it (docs/own_loop.py).

Axis letters: N wells, P points of their supports, K genes of a network.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from inr_jax.brain.space import Array
from inr_jax.fields.conditioning import Conditioning
from inr_jax.fields.conditioning.conditioning import value_of_gene
from inr_jax.fields.field import Params
from inr_jax.fields.inputs import Places
from inr_jax.fitting.data import FitData, PointRows
from inr_jax.fitting.smoothness import ROUGH, Smoothness, roughness

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
    pairs: int = 0,
    smoothness: Smoothness = ROUGH,
) -> jax.Array:
    """Mean squared error of one network at jittered wells, and its penalties.

        mean_nk (mean_p f_k(x_np + jitter_mm eps_np) - y_nk)^2 + penalty(params) / N
        + gradient mean |grad f|^2 + laplacian mean (lap f)^2

    the inner mean over the points of a well's support, of which most wells have one,
    those of the second line over all places of the step.

    Args:
        conditioning: The networks.
        params: Of one network; what to differentiate by.
        data: Wells with the targets `(N, K)` of this network (`data.of_network`).
        key: Draws the jitter eps, standard normal, the batch and the points.
        jitter_mm: sd of noise on the coordinates, mm; None draws none.
        batch: Wells drawn, with replacement; 0 takes all.
        points: Points of each support drawn, with replacement; 0 takes all, or
            `DRAWN` beside a batch.
        pairs: Of a well and a gene, drawn with replacement; 0 takes all genes. Where
            a value costs as much as all that a gene is (concat, film), a step of so
            many pairs costs as much for 61 genes as for 15,000.
        smoothness: Penalties on slopes; none of them costs anything at 0.

    Returns:
        `()` float32, in standard units squared.
    """
    step = _drawn(data, key, batch=batch, points=points, pairs=pairs)
    places, targets, genes = step.places, step.targets, step.genes
    if jitter_mm is not None:
        noise = jax.random.normal(jax.random.split(key)[0], places.x_mm.shape)
        places = places._replace(x_mm=places.x_mm + jitter_mm * noise)
    features = jax.vmap(data.inputs.features)(places)
    if genes is None:
        apply = jax.vmap(conditioning.apply, (None, None, 0))
        predicted = apply(params, data.codes, features)
    else:
        of_pair = partial(value_of_gene, conditioning, params, data.codes)
        predicted = jax.vmap(of_pair)(genes, features)
    if data.points is not None and step.points:
        predicted = predicted.reshape(-1, step.points, predicted.shape[-1]).mean(1)
    elif data.points is not None:
        predicted = _mean_over_points(data.points, predicted, len(targets))
    error = jnp.mean((predicted - targets) ** 2, axis=1)
    wells = data.wells.astype(jnp.float32)
    if batch or pairs:
        value = jnp.mean(error)
    else:
        real = jnp.arange(error.shape[0]) < data.wells
        value = jnp.sum(jnp.where(real, error, 0.0)) / wells
    if any(smoothness):
        value = value + roughness(
            smoothness,
            conditioning,
            params,
            data,
            places=places,
            genes=genes,
            weights=None if step.points or batch or pairs else _real(data),
        )
    if conditioning.penalty is None:
        return value
    return value + conditioning.penalty(params) / wells


def _real(data: FitData) -> jax.Array:
    """`(P,)` 1 at wells or the points of their supports, 0 at padding."""
    if data.points is not None:
        return jnp.float32(data.points.share > 0)
    return jnp.float32(jnp.arange(len(data.places.x_mm)) < data.wells)


class _Step(NamedTuple):
    """What a step looks at.

    Attributes:
        places: Of the P points.
        targets: `(B, K)` of the wells; `(B, 1)` of pairs.
        genes: `(P,)` of pairs; None for all K genes.
        points: Drawn of each well's support; 0 where all are there.
    """

    places: Places
    targets: Array
    genes: jax.Array | None
    points: int


def _drawn(
    data: FitData, key: jax.Array, *, batch: int, points: int, pairs: int
) -> _Step:
    """Wells, genes and points of a step; arguments as for `loss`."""
    jitter_key, batch_key = jax.random.split(key)
    places, targets, count = data.places, data.targets, pairs or batch
    rows, genes, drawn = None, None, points or (DRAWN if count else 0)
    if count:
        rows = jax.random.randint(batch_key, (count,), 0, data.wells)
        targets = targets[rows]
    if pairs:
        of_gene = jax.random.fold_in(batch_key, 1)
        genes = jax.random.randint(of_gene, (pairs,), 0, targets.shape[1])
        targets = jnp.take_along_axis(targets, genes[:, None], axis=1)
    if data.points is None:
        places = places if rows is None else places.take(rows)
    elif drawn:
        places = places.take(_draw(jitter_key, data.points, rows, drawn))
        genes = None if genes is None else jnp.repeat(genes, drawn)
    return _Step(places, targets, genes, drawn)


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
