"""SIREN: layers of sines.

Sitzmann et al. 2020, Implicit Neural Representations with Periodic Activation
Functions (arXiv 2006.09661), section 3.2:

    x <- sin(omega (W x + b)),   first W ~ U(-1/n, 1/n),
    then W ~ U(-sqrt(6/n)/omega, sqrt(6/n)/omega),   n inputs of the layer.

With these weights every layer's input to the sine is near a standard normal and its
output near an arcsine distribution, whatever the depth. Biases follow PyTorch's
nn.Linear, U(-1/sqrt(n), 1/sqrt(n)), as in the authors' and the AHBA paper's code.
"""

from __future__ import annotations

import flax.linen as nn
import jax

from inr_jax.fields.architectures.layers import linear
from inr_jax.fields.field import Field, Modulate, chain, from_module, unmodulated
from inr_jax.fields.numerics.precision import EXACT
from inr_jax.fields.numerics.sine import sine


class Siren(nn.Module):
    """`depth` hidden layers of `hidden` sines, then a linear map to `outputs`."""

    outputs: int
    hidden: int
    depth: int
    omega: float
    precision: str = EXACT

    @nn.compact
    def __call__(self, x: jax.Array, modulate: Modulate = unmodulated) -> jax.Array:
        """Features `(F,)` to values `(outputs,)`."""
        for layer in range(self.depth):
            n = x.shape[-1]
            bound = 1 / n if layer == 0 else (6 / n) ** 0.5 / self.omega
            precision = self.precision if layer else EXACT
            layer_of = linear(self.hidden, n, bound=bound, precision=precision)
            x = sine(self.omega * modulate(layer, x, layer_of(x)))
        n, bound = x.shape[-1], (6 / x.shape[-1]) ** 0.5 / self.omega
        return linear(self.outputs, n, bound=bound, precision=self.precision)(x)


def make(
    *,
    features: int,
    outputs: int,
    hidden: int,
    depth: int,
    omega: float,
    precision: str = EXACT,
) -> Field:
    """A SIREN as a `Field`; the paper's per-gene one is 5 x 256 at omega 30."""
    module = Siren(outputs, hidden, depth, omega, precision)
    return from_module(module, features, chain(features, hidden, depth))
