"""Products of vectors and a matrix at a chosen precision.

    float32      as the backend multiplies float32
    bfloat16     operands rounded to bfloat16 (8 bits), sums in float32
    bfloat16_3x  operands split into two bfloat16 each, the three largest of the four
                 products; 16 bits, near float32 where bfloat16 is 3 times as fast

Values and gradients with respect to the vector take the chosen precision; gradients
with respect to the matrix stay in float32: they sum over wells, and a CPU is no
faster at them in bfloat16 (benchmarks/README.md). Parameters are float32 throughout.

Axis letters: n inputs, m outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp

from inr_jax.errors import unknown_name

EXACT = "float32"
PRECISIONS = (EXACT, "bfloat16", "bfloat16_3x")


def product(precision: str) -> Callable[[jax.Array, jax.Array], jax.Array]:
    """(x `(..., n)`, W `(n, m)`) to x W `(..., m)`, float32; callers vmap.

    Below float32 it has no forward-mode derivative.

    Raises:
        InputError: The precision is unknown; lists the known ones.
    """
    if precision not in PRECISIONS:
        raise unknown_name("precision", precision, PRECISIONS)
    return jnp.matmul if precision == EXACT else partial(_rounded, precision)


def dense_product(precision: str) -> Callable | None:
    """What flax's `Dense` takes as its `dot_general`; None for its own, in float32."""
    if precision == EXACT:
        return None
    multiply = product(precision)

    def dot_general(x, kernel, dimension_numbers, precision=None):
        del dimension_numbers, precision  # always x W
        return multiply(x, kernel)

    return dot_general


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _rounded(precision: str, x: jax.Array, w: jax.Array) -> jax.Array:
    return _multiply(precision, x, w)


def _forward(precision: str, x: jax.Array, w: jax.Array):
    return _multiply(precision, x, w), (x, w)


def _backward(precision: str, operands: tuple, slope: jax.Array):
    x, w = operands
    # Under vmap over wells XLA makes one product over wells of these outer products.
    return _multiply(precision, slope, w.T), jnp.einsum("...n,...m->nm", x, slope)


_rounded.defvjp(_forward, _backward)


def _multiply(precision: str, x: jax.Array, w: jax.Array) -> jax.Array:
    if precision == "bfloat16":
        return _bfloat16(x, w)
    (x_high, x_low), (w_high, w_low) = _split(x), _split(w)
    small = _bfloat16(x_high, w_low) + _bfloat16(x_low, w_high)
    return _bfloat16(x_high, w_high) + small


def _split(a: jax.Array) -> tuple[jax.Array, jax.Array]:
    """a as the sum of a bfloat16 and what that leaves."""
    # reduce_precision, as XLA may simplify a cast there and back away.
    high = jax.lax.reduce_precision(a, exponent_bits=8, mantissa_bits=7)
    return high, a - high


def _bfloat16(x: jax.Array, w: jax.Array) -> jax.Array:
    x, w = x.astype(jnp.bfloat16), w.astype(jnp.bfloat16)
    return jnp.matmul(x, w, preferred_element_type=jnp.float32)
