"""A sine that is fast on CPUs.

XLA's own sine costs a CPU 7 ns an element and dominates a SIREN; one Cody-Waite range
reduction and a short polynomial cost under 1 ns. A derivative takes sine and cosine
from one reduction. GPUs and TPUs have a fast sine of their own and keep it.

Error bound, float32: 2e-7 absolute for |x| <= LIMIT (tests/test_numerics.py). An array
with anything beyond goes through XLA's sine as a whole, which is right everywhere;
only there may the last bit of a value depend on its neighbours.
bfloat16 is computed in float32 and rounded once.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.custom_batching import custom_vmap

# pi in three parts, the first two so short that k times them is exact in float32
# for k < 2**13 (Cody & Waite 1980, chapter 8).
PI_1 = 3.140625
PI_2 = 9.6702575683593750e-4
PI_3 = 6.2783295730096264e-7
LIMIT = 20_000.0  # 2**13 pi, and some room


def _reduce(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """x to r in [-pi/2, pi/2] and the sign (-1)^k of x = r + k pi."""
    k = jnp.round(x * (1 / jnp.pi))
    r = ((x - k * PI_1) - k * PI_2) - k * PI_3
    sign = 1 - 2 * (k - 2 * jnp.floor(k * 0.5))
    return r, sign


def _sine_of(r: jax.Array) -> jax.Array:
    """Taylor's polynomial of degree 11."""
    z = r * r
    tail = z * (1 / 120 + z * (-1 / 5040 + z * (1 / 362880 - z / 39916800)))
    return r + r * z * (-1 / 6 + tail)


def _cosine_of(r: jax.Array) -> jax.Array:
    """Taylor's polynomial of degree 12."""
    z = r * r
    tail = 1 / 40320 + z * (-1 / 3628800 + z / 479001600)
    return 1 + z * (-1 / 2 + z * (1 / 24 + z * (-1 / 720 + z * tail)))


def _fast_sine(x: jax.Array) -> jax.Array:
    r, sign = _reduce(x)
    return sign * _sine_of(r)


def _fast_cosine(x: jax.Array) -> jax.Array:
    r, sign = _reduce(x)
    return sign * _cosine_of(r)


def _fast_both(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    r, sign = _reduce(x)
    return sign * _sine_of(r), sign * _cosine_of(r)


def _exact_both(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    return jnp.sin(x), jnp.cos(x)


def _elementwise(fast: Callable, exact: Callable) -> Callable:
    """`fast` where the whole array is within LIMIT on a CPU, else `exact`.

    One branch for an array, not a choice for each element, which would compute both;
    so vmap asks once for the whole batch.
    """

    @custom_vmap
    def on_cpu(x: jax.Array):
        return jax.lax.cond(jnp.max(jnp.abs(x)) <= LIMIT, fast, exact, x)

    @on_cpu.def_vmap
    def _(size: int, batched: list, x: jax.Array):
        del size, batched
        value = on_cpu(x)
        return value, jax.tree.map(lambda _: True, value)

    def function(x: jax.Array):
        wide = jnp.asarray(x, jnp.float32)
        value = jax.lax.platform_dependent(wide, cpu=on_cpu, default=exact)
        return jax.tree.map(lambda array: array.astype(jnp.result_type(x)), value)

    return function


_sine = _elementwise(_fast_sine, jnp.sin)
_cosine = _elementwise(_fast_cosine, jnp.cos)
_both = _elementwise(_fast_both, _exact_both)


@jax.custom_jvp
def sine(x: jax.Array) -> jax.Array:
    """sin(x), any shape, float32 or bfloat16."""
    return _sine(x)


@jax.custom_jvp
def cosine(x: jax.Array) -> jax.Array:
    """cos(x), any shape, float32 or bfloat16."""
    return _cosine(x)


@jax.custom_jvp
def sine_cosine(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """(sin(x), cos(x)) from one reduction, any shape, float32 or bfloat16."""
    return _both(x)


@sine.defjvp
def _(primals, tangents):
    s, c = sine_cosine(primals[0])
    return s, c * tangents[0]


@cosine.defjvp
def _(primals, tangents):
    s, c = sine_cosine(primals[0])
    return c, -s * tangents[0]


@sine_cosine.defjvp
def _(primals, tangents):
    s, c = sine_cosine(primals[0])
    return (s, c), (c * tangents[0], -s * tangents[0])
