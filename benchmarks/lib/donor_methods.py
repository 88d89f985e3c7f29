"""What a method says of a new donor from some of its wells, way by way.

Axis letters: N wells, G genes, K wells of the new donor.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from inr_jax.fitting.donor_latents import adapted_to_donor
from inr_jax.fitting.held_out_fit import fitted
from inr_jax.fitting.recipe import Recipe, make_model, predict_at
from inr_jax.samples.samples import Samples
from inr_jax.stats.kriging import kriging
from inr_jax.stats.new_donor import donor_latent, donor_prior

AS_IT_WAS = "as it was"


class Draw(NamedTuple):
    """K wells of a donor that are given, and others that are predicted.

    Attributes:
        number: Of the draw.
        known: `(K,)` rows of the wells.
        rest: Rows to predict, the same for every K of a draw.
    """

    number: int
    known: np.ndarray
    rest: np.ndarray


def draws_of(samples: Samples, donor: int, count: int, *, draws: int, most: int):
    """So many draws of K wells of a donor."""
    wells = np.flatnonzero(samples.donor == donor)
    for number in range(draws):
        order = np.random.default_rng(number).permutation(wells)
        yield Draw(number, order[:count], order[most:])


def by_residuals(
    samples: Samples, made: dict, donor: int, draws: list[Draw]
) -> Iterator[tuple[str, Draw, np.ndarray]]:
    """Of a model without latents: as it was, shifted, mixed; and kriging."""
    f, others = made[(donor,)], samples.donor != donor
    inner = np.full(samples.values.shape, np.nan)
    for other in np.unique(samples.donor[others]).tolist():
        rows = samples.donor == other
        inner[rows] = made[tuple(sorted((donor, other)))][rows]
    told = samples.values[others], inner[others], samples.donor[others]
    prior = donor_prior(*told, len(draws[0].known))
    for draw in draws:
        known, rest = draw.known, draw.rest
        latent = donor_latent(prior, samples.values[known], f[known])
        yield AS_IT_WAS, draw, f[rest]
        shift = (samples.values[known] - f[known]).mean(0)
        yield "mean residual", draw, f[rest] + shift
        yield "latent", draw, latent.adapted(f[rest])
        wells = samples.take(np.union1d(np.flatnonzero(others), known))
        sites = samples.take(rest).sites().unnamed()
        yield "kriging, wells added", draw, kriging(wells, sites, mirror=True).mean


def by_network(
    samples: Samples, plan: Recipe, parts: tuple[Any, Any], draws: list[Draw]
) -> Iterator[tuple[str, Draw, np.ndarray]]:
    """Of networks with latents of donors: averaged out, and adapted."""
    averaged = make_model(*parts)
    for draw in draws:
        sites = samples.take(draw.rest).sites().unnamed()
        mean = predict_at(plan.renderer, averaged, sites).mean
        yield "network's latents, averaged", draw, mean
        model = adapted_to_donor(plan, *parts, samples.take(draw.known))
        mean = predict_at(plan.renderer, model, sites).mean
        yield "network's latent, adapted", draw, mean


def network_parts(plan: Recipe, samples: Samples, donor: int) -> tuple[Any, Any]:
    """Preprocessing and state of a fit without a donor."""
    return fitted(plan, samples.take(samples.donor != donor), len(samples.well))
