"""WIRE and WIRE-2D: layers of complex Gabor wavelets, with one window or two.

Saragadam et al. 2023, WIRE: Wavelet Implicit Neural Representations (arXiv
2301.05187), section 3, and the two-dimensional form of the authors' code
(modules/wire2d.py of github.com/vishwa91/wire):

    z <- exp(i omega z_1) exp(-scale^2 sum_k |z_k|^2),   z_k = W_k z + b_k,
    f = Re(W z + b),   k = 1, or k = 1, 2 in WIRE-2D.

The wave runs along z_1; z_2 bounds it in another direction, where WIRE's wavelets go
on without end. W and b are real in the first layer and complex after it; `scale` is
their s_0, an inverse width. Weights and biases, real and imaginary parts alike, start
as in the authors' code, by PyTorch's default: U(-1/sqrt(n), 1/sqrt(n)), n inputs of
the layer. As there, `hidden` / sqrt(2) complex units, or `hidden` / 2 with two
windows, stand for `hidden` real ones, so that parameters are as many. The authors'
images: omega 20, scale 10.

A unit reaches exp((omega / 2 scale)^2) where z is imaginary, so keep omega near twice
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
from inr_jax.fields.field import Field, Modulate, chain, from_module, unmodulated
from inr_jax.fields.numerics.precision import EXACT


def complex_width(hidden: int, windows: int) -> int:
    """Complex units that stand for so many real ones."""
    return max(1, int(hidden / math.sqrt(2 * windows)))


class Wire(nn.Module):
    """`depth` hidden layers of complex wavelets, then the real part of a linear map."""

    outputs: int
    hidden: int
    depth: int
    omega: float
    scale: float
    windows: int
    precision: str = EXACT

    @nn.compact
    def __call__(self, x: jax.Array, modulate: Modulate = unmodulated) -> jax.Array:
        """Features `(F,)` to values `(outputs,)`."""
        width = complex_width(self.hidden, self.windows)
        each = range(self.windows)
        real = [linear(width, x.shape[-1])(x) for _ in each]
        wave, *windows = [jnp.concatenate([v, jnp.zeros_like(v)]) for v in real]
        z = self._wavelet([modulate(0, x, wave), *windows])
        for layer in range(1, self.depth):
            wave, *windows = [ComplexLinear(width, self.precision)(z) for _ in each]
            z = self._wavelet([modulate(layer, z, wave), *windows])
        return linear(self.outputs, width, precision=self.precision)(z)

    def _wavelet(self, parts: list[jax.Array]) -> jax.Array:
        """A wave along the first part, in a window across all of them."""
        first, *rest = map(squares, parts)
        return gabor(parts[0], self.scale**2 * sum(rest, first), self.omega)


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
    module = Wire(outputs, hidden, depth, omega, scale, 1, precision)
    layers = chain(features, 2 * complex_width(hidden, 1), depth)
    return from_module(module, features, layers)


def make_2d(
    *,
    features: int,
    outputs: int,
    hidden: int,
    depth: int,
    omega: float,
    scale: float,
    precision: str = EXACT,
) -> Field:
    """A WIRE-2D as a `Field`.

    Raises:
        InputError: omega is so large beside scale that units blow up.
    """
    check_gabor(omega, scale)
    module = Wire(outputs, hidden, depth, omega, scale, 2, precision)
    layers = chain(features, 2 * complex_width(hidden, 2), depth)
    return from_module(module, features, layers)
