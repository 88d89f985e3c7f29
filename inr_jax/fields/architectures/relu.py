"""ReLU with positional encoding.

Mildenhall et al. 2020, NeRF (arXiv 2003.08934), equation 4; Tancik et al. 2020,
Fourier Features Let Networks Learn High Frequency Functions (arXiv 2006.10739):

    x <- (x, sin(2^k pi x_d), cos(2^k pi x_d)),   k < frequencies,   d = 1, 2, 3,
    then x <- max(0, W x + b).

The coordinates alone are encoded: tissue is no place, and a gene's code comes encoded.
As in NeRF's code the encoding keeps x itself, weights start by Keras' default, Glorot
& Bengio's uniform U(-sqrt(6 / (n + m)), sqrt(6 / (n + m))) for n inputs and m outputs,
and biases at 0. NeRF's scenes: 10 frequencies.
"""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp

from inr_jax.fields.encodings import fourier
from inr_jax.fields.field import (
    COORDINATES,
    Field,
    Modulate,
    chain,
    from_module,
    unmodulated,
)
from inr_jax.fields.numerics.precision import EXACT, dense_product


class Relu(nn.Module):
    """`depth` hidden layers of `hidden` ramps, then a linear map to `outputs`."""

    outputs: int
    hidden: int
    depth: int
    frequencies: int
    precision: str = EXACT

    @nn.compact
    def __call__(self, x: jax.Array, modulate: Modulate = unmodulated) -> jax.Array:
        """Features `(F,)` to values `(outputs,)`."""
        waves = jax.vmap(lambda u: fourier(u, self.frequencies))(x[:COORDINATES])
        x = jnp.concatenate([x, waves.ravel()])
        for layer in range(self.depth):
            precision = self.precision if layer else EXACT
            x = nn.relu(modulate(layer, x, self._linear(self.hidden, precision)(x)))
        return self._linear(self.outputs, self.precision)(x)

    def _linear(self, width: int, precision: str) -> nn.Dense:
        return nn.Dense(
            width,
            kernel_init=nn.initializers.glorot_uniform(),
            dot_general=dense_product(precision),
        )


def make(
    *,
    features: int,
    outputs: int,
    hidden: int,
    depth: int,
    frequencies: int,
    precision: str = EXACT,
) -> Field:
    """A ReLU network on encoded coordinates as a `Field`."""
    module = Relu(outputs, hidden, depth, frequencies, precision)
    encoded = features + 2 * COORDINATES * frequencies
    return from_module(module, features, chain(encoded, hidden, depth))
