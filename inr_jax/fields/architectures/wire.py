"""WIRE: layers of complex Gabor wavelets.

Saragadam et al. 2023, WIRE: Wavelet Implicit Neural Representations (arXiv
2301.05187), section 3:

    z <- psi(W z + b),   psi(z) = exp(i omega z) exp(-|scale z|^2),   f = Re(W z + b).

W and b are real in the first layer and complex after it; `scale` is their s_0, an
inverse width. Weights and biases, real and imaginary parts alike, start as in the
authors' code, by PyTorch's default: U(-1/sqrt(n), 1/sqrt(n)), n inputs of the layer.
As there, `hidden` / sqrt(2) complex units stand for `hidden` real ones, so that
parameters are as many. The authors' images: omega 20, scale 10.

|psi| reaches exp((omega / 2 scale)^2) where z is imaginary, so keep omega near twice
the scale, as they do; at five times the scale, fits to AHBA wells came to nothing.
"""

from __future__ import annotations

import math

import flax.linen as nn
import jax
import jax.numpy as jnp

from inr_jax.fields.architectures.layers import (
    ComplexLinear,
    check_gabor,
    gabor,
    linear,
    squares,
)
from inr_jax.fields.field import Field, from_module
from inr_jax.fields.numerics.precision import EXACT


class Wire(nn.Module):
    """`depth` hidden layers of complex wavelets, then the real part of a linear map."""

    outputs: int
    hidden: int
    depth: int
    omega: float
    scale: float
    precision: str = EXACT

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Features `(F,)` to values `(outputs,)`."""
        width = max(1, int(self.hidden / math.sqrt(2)))
        x = linear(width, x.shape[-1])(x)
        z = jnp.concatenate([x, jnp.zeros_like(x)])
        for layer in range(self.depth):
            if layer:
                z = ComplexLinear(width, self.precision)(z)
            z = gabor(z, self.scale**2 * squares(z), self.omega)
        return linear(self.outputs, width, precision=self.precision)(z)


def make(
    *,
    features: int,
    outputs: int,
    hidden: int,
    depth: int,
    omega: float,
    scale: float,
    precision: str = EXACT,
) -> Field:
    """A WIRE as a `Field`.

    Raises:
        InputError: omega is so large beside scale that units blow up.
    """
    check_gabor(omega, scale)
    module = Wire(outputs, hidden, depth, omega, scale, precision)
    return from_module(module, features)
