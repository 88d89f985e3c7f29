"""Codes that are learned with the networks: an auto-decoder (Park et al. 2019).

A gene's code is among what is its own, `params["genes"]["latent"]` (DeepSDF, arXiv
1901.05103, equation 10). Its normal prior adds to the mean squared error

    prior sum_g |c_g|^2 / (wells genes),    prior = noise variance / variance of codes.

Axis letters: K genes of a network, C width of a code.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from inr_jax.brain.space import Array
from inr_jax.errors import InputError
from inr_jax.fields.conditioning.conditioning import Conditioning
from inr_jax.fields.field import Params


def with_latents(inner: Conditioning, *, prior: float) -> Conditioning:
    """Networks whose codes are learned, in place of codes that are given.

    Args:
        inner: Networks that take codes of C numbers.
        prior: Of the penalty, standard units squared.

    Raises:
        InputError: The networks take no codes.
    """
    if not inner.code:
        raise InputError(
            "conditioning.code",
            expected="a code only where the injection takes one",
            found="latent, for genes that enter without a code",
            fix="take conditioning.name=concat, shift, film or hyper",
        )

    def init(key: jax.Array) -> Params:
        inner_key, latent_key = jax.random.split(key)
        params = inner.init(inner_key)
        latent = jax.random.normal(latent_key, (inner.outputs, inner.code))
        return {**params, "genes": {"inner": params["genes"], "latent": latent}}

    def opened(params: Params) -> Params:
        return {**params, "genes": params["genes"]["inner"]}

    def apply(params: Params, codes: Array, x: Array) -> jax.Array:
        del codes
        return inner.apply(opened(params), params["genes"]["latent"], x)

    def penalty(params: Params) -> jax.Array:
        latent = params["genes"]["latent"]
        value = prior * jnp.sum(latent**2) / len(latent)
        return value + inner.penalty(opened(params)) if inner.penalty else value

    return inner._replace(init=init, apply=apply, penalty=penalty, code=0)
