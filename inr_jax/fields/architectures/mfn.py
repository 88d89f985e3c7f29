"""MFN: a product of Gabor filters of the place, in place of layers in depth.

Fathony et al. 2021, Multiplicative Filter Networks (ICLR), GaborNet, with k = `depth`
filters:

    z_1 = g_1(x),   z_(i+1) = (W_i z_i + b_i) g_(i+1)(x),   f = W_k z_k + b_k,
    g_i(x) = exp(-gamma_i |x - mu_i|^2 / 2) sin(omega_i x + phi_i).

Weights as in the authors' code: gamma ~ Gamma(alpha / k, rate beta), a unit;
mu ~ U(-1, 1); phi ~ U(-pi, pi); omega ~ sqrt(gamma) input_scale / sqrt(k)
U(-1/sqrt(F), 1/sqrt(F)), so that narrow windows hold fast waves; W and b ~
U(-1/sqrt(n), 1/sqrt(n)). The authors' images: input_scale 256, alpha 6, beta 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp

from inr_jax.fields.architectures.layers import linear, uniform
from inr_jax.fields.field import Field, Modulate, chain, from_module, unmodulated
from inr_jax.fields.numerics.precision import EXACT
from inr_jax.fields.numerics.sine import sine


class Filters(nn.Module):
    """`count` Gabor filters, all those of a network side by side.

    Gamma(`shape`, `rate`) is the law of gamma, `wave` the bound of omega's entries
    where gamma is 1.
    """

    count: int
    wave: float
    shape: float
    rate: float

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Features `(F,)` to `(count,)`."""
        size = (x.shape[-1], self.count)
        gamma = self.param("gamma", self._gamma, (self.count,))
        mu = self.param("mu", uniform(1.0), size)
        omega = self.param("omega", self._omega(gamma), size)
        phi = self.param("phi", uniform(math.pi), (self.count,))
        distance = x @ x - 2 * (x @ mu) + jnp.sum(mu**2, axis=0)
        return jnp.exp(-gamma * distance / 2) * sine(x @ omega + phi)

    def _gamma(self, key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
        return jax.random.gamma(key, self.shape, shape) / self.rate

    def _omega(self, gamma: jax.Array) -> Callable:
        def init(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
            return jnp.sqrt(gamma)[None, :] * uniform(self.wave)(key, shape)

        return init


class Mfn(nn.Module):
    """The product of `depth` layers of `hidden` filters, then a linear map."""

    outputs: int
    hidden: int
    depth: int
    input_scale: float
    alpha: float
    beta: float
    precision: str = EXACT

    @nn.compact
    def __call__(self, x: jax.Array, modulate: Modulate = unmodulated) -> jax.Array:
        """Features `(F,)` to values `(outputs,)`."""
        k, n = self.depth, self.hidden
        wave = self.input_scale / math.sqrt(k * x.shape[-1])
        g = Filters(k * n, wave, self.alpha / k, self.beta)(x).reshape(k, n)
        z = g[0]
        for i in range(1, k):
            h = linear(n, n, precision=self.precision)(z)
            z = modulate(i - 1, z, h) * g[i]
        return linear(self.outputs, n, precision=self.precision)(z)


def make(
    *,
    features: int,
    outputs: int,
    hidden: int,
    depth: int,
    input_scale: float,
    alpha: float,
    beta: float,
    precision: str = EXACT,
) -> Field:
    """A multiplicative filter network as a `Field`."""
    module = Mfn(outputs, hidden, depth, input_scale, alpha, beta, precision)
    return from_module(module, features, chain(hidden, hidden, depth - 1))
