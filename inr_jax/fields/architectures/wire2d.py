"""WIRE-2D: complex Gabor wavelets with a second window, across the first.

Saragadam et al. 2023 (arXiv 2301.05187), the two-dimensional form of the authors'
code (modules/wire2d.py of github.com/vishwa91/wire):

    z <- exp(i omega z_1) exp(-scale^2 (|z_1|^2 + |z_2|^2)),   z_k = W_k z + b_k,

f = Re(W z + b). The wave runs along z_1; z_2 bounds it in another direction, where
WIRE's wavelets go on without end. All else, weights too, is as in `wire`, but
`hidden` / 2 complex units stand for `hidden` real ones.
"""

from __future__ import annotations

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


class Wire2D(nn.Module):
    """`depth` hidden layers of such wavelets, then the real part of a linear map."""

    outputs: int
    hidden: int
    depth: int
    omega: float
    scale: float
    precision: str = EXACT

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Features `(F,)` to values `(outputs,)`."""
        width = max(1, self.hidden // 2)
        x, across = (linear(width, x.shape[-1])(x) for _ in range(2))
        z, z2 = (jnp.concatenate([v, jnp.zeros_like(v)]) for v in (x, across))
        for layer in range(self.depth):
            if layer:
                z, z2 = (ComplexLinear(width, self.precision)(z) for _ in range(2))
            window = self.scale**2 * (squares(z) + squares(z2))
            z = gabor(z, window, self.omega)
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
    """A WIRE-2D as a `Field`.

    Raises:
        InputError: omega is so large beside scale that units blow up.
    """
    check_gabor(omega, scale)
    module = Wire2D(outputs, hidden, depth, omega, scale, precision)
    return from_module(module, features)
