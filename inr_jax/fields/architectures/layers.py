"""Layers that several fields share, and where their weights start.

A complex vector of n numbers is a real one of 2 n: the real parts, then the imaginary
ones; so parameters are real float32 and an optimizer needs to know nothing of them.

Axis letters: n inputs of a layer.
"""

from __future__ import annotations

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp

from inr_jax.errors import InputError
from inr_jax.fields.numerics.precision import EXACT, dense_product, product
from inr_jax.fields.numerics.sine import cosine, sine

# A Gabor unit may reach exp((omega / 2 scale)^2). One at exp(16) drowns all others
# and no fit recovers; two layers beyond that leave float32, which ends at exp(88).
MOST_EXPONENT = 16.0


def uniform(bound: float) -> Callable:
    """An initialiser that draws from U(-bound, bound)."""

    def init(key: jax.Array, shape: tuple[int, ...], dtype=jnp.float32) -> jax.Array:
        return jax.random.uniform(key, shape, dtype, -bound, bound)

    return init


def linear(
    width: int, n: int, *, bound: float | None = None, precision: str = EXACT
) -> nn.Dense:
    """W x + b with W ~ U(-bound, bound) and b ~ U(-1/sqrt(n), 1/sqrt(n)).

    Args:
        width: Outputs.
        n: Inputs that count: those of a complex vector count once.
        bound: Of the weights; 1/sqrt(n), as PyTorch's nn.Linear has it, if None.
        precision: Of the product; a first layer keeps float32, as coordinates lose
            millimetres in bfloat16.
    """
    around = n**-0.5
    kernel = uniform(around if bound is None else bound)
    return nn.Dense(
        width,
        kernel_init=kernel,
        bias_init=uniform(around),
        dot_general=dense_product(precision),
    )


class ComplexLinear(nn.Module):
    """W z + b of complex numbers; real and imaginary parts ~ U(-1/sqrt(n), 1/sqrt(n)).

    (A + i B)(x + i y) = (A x - B y) + i (B x + A y), as one real product.
    """

    width: int
    precision: str = EXACT

    @nn.compact
    def __call__(self, z: jax.Array) -> jax.Array:
        """Complex `(2 n,)` to complex `(2 width,)`."""
        n = z.shape[-1] // 2
        init = uniform(n**-0.5)
        a, b = self.param("kernel", init, (2, n, self.width))
        bias = self.param("bias", init, (2 * self.width,))
        upper = jnp.concatenate([a, b], axis=1)
        lower = jnp.concatenate([-b, a], axis=1)
        whole = jnp.concatenate([upper, lower])
        return product(self.precision)(z, whole) + bias


def squares(z: jax.Array) -> jax.Array:
    """|z|^2 `(n,)` of a complex `(2 n,)`."""
    x, y = jnp.split(z, 2)
    return x**2 + y**2


def gabor(z: jax.Array, window: jax.Array, omega: float) -> jax.Array:
    """exp(i omega z - window) of complex `(2 n,)` and real `(n,)`, complex `(2 n,)`."""
    x, y = jnp.split(z, 2)
    size = jnp.exp(-omega * y - window)
    return jnp.concatenate([size * cosine(omega * x), size * sine(omega * x)])


def check_gabor(omega: float, scale: float) -> None:
    """Refuse Gabor units that can outgrow all others.

    Raises:
        InputError: omega is too large beside scale.
    """
    most = 2 * scale * MOST_EXPONENT**0.5
    if omega > most:
        raise InputError(
            "field.omega",
            expected=f"at most {most:.4g} with field.scale {scale:g}",
            found=f"{omega:g}",
            fix="lower it or raise field.scale, or units blow up",
        )
