"""What a fit may pay for slopes of its maps, beside errors at wells.

    gradient mean_pk |grad f_k(x_p)|^2 + laplacian mean_pk (lap f_k(x_p))^2

over the places of a step and the genes of a network, in standard units; with a
coefficient of 0 nothing of it is computed.

Axis letters: P places of a step, K genes of a network.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from inr_jax.fields.conditioning import Conditioning
from inr_jax.fields.conditioning.conditioning import value_of_gene
from inr_jax.fields.derivatives import laplacian, on_its_side, slopes
from inr_jax.fields.field import Params
from inr_jax.fields.inputs import Places
from inr_jax.fitting.data import FitData


class Smoothness(NamedTuple):
    """Coefficients of the penalties.

    Attributes:
        gradient: Of squared gradients, mm^2.
        laplacian: Of squared Laplacians, mm^4.
    """

    gradient: float = 0.0
    laplacian: float = 0.0


ROUGH = Smoothness()


def roughness(
    smoothness: Smoothness,
    conditioning: Conditioning,
    params: Params,
    data: FitData,
    *,
    places: Places,
    genes: jax.Array | None,
    weights: jax.Array | None,
) -> jax.Array:
    """The penalty `()` of one network.

    Args:
        smoothness: At least one coefficient is not 0.
        conditioning: The networks.
        params: Of one network.
        data: With inputs and codes.
        places: P places of the step.
        genes: `(P,)` the gene that is asked for at each; None asks for all.
        weights: `(P,)` 0 for padding; None where there is none.
    """

    def at_place(place: Places, gene: jax.Array | None) -> jax.Array:
        features, x_mm = on_its_side(data.inputs, place)

        def values(x: jax.Array) -> jax.Array:
            if gene is None:
                return conditioning.apply(params, data.codes, features(x))
            return value_of_gene(conditioning, params, data.codes, gene, features(x))

        value = jnp.float32(0)
        if smoothness.gradient:
            square = jnp.sum(slopes(values, x_mm) ** 2, axis=-1)
            value = value + smoothness.gradient * jnp.mean(square)
        if smoothness.laplacian:
            square = laplacian(values, x_mm) ** 2
            value = value + smoothness.laplacian * jnp.mean(square)
        return value

    over = None if genes is None else 0
    return jnp.average(jax.vmap(at_place, (0, over))(places, genes), weights=weights)
