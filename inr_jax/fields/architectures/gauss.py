"""Gaussian: layers of bells.

Ramasinghe & Lucey 2022, Beyond Periodicity: Towards a Unifying Framework for
Activations in Coordinate-MLPs (arXiv 2111.15135):

    x <- exp(-(W x + b)^2 / (2 sigma^2)).

The paper finds bells robust to how weights start and asks for none in particular; as
in the authors' code they start by PyTorch's default, weights and biases ~
U(-1/sqrt(n), 1/sqrt(n)), n inputs of the layer. The authors' scenes: sigma .09; a
larger one is smoother.
"""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp

from inr_jax.fields.architectures.layers import linear
from inr_jax.fields.field import Field, Modulate, chain, from_module, unmodulated
from inr_jax.fields.numerics.precision import EXACT


class Gauss(nn.Module):
    """`depth` hidden layers of `hidden` bells, then a linear map to `outputs`."""

    outputs: int
    hidden: int
    depth: int
    sigma: float
    precision: str = EXACT

    @nn.compact
    def __call__(self, x: jax.Array, modulate: Modulate = unmodulated) -> jax.Array:
        """Features `(F,)` to values `(outputs,)`."""
        for layer in range(self.depth):
            precision = self.precision if layer else EXACT
            h = linear(self.hidden, x.shape[-1], precision=precision)(x)
            x = jnp.exp(-((modulate(layer, x, h) / self.sigma) ** 2) / 2)
        return linear(self.outputs, x.shape[-1], precision=self.precision)(x)


def make(
    *,
    features: int,
    outputs: int,
    hidden: int,
    depth: int,
    sigma: float,
    precision: str = EXACT,
) -> Field:
    """A Gaussian network as a `Field`."""
    module = Gauss(outputs, hidden, depth, sigma, precision)
    return from_module(module, features, chain(features, hidden, depth))
