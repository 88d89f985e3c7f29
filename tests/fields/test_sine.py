"""The fast sine against float64."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_jax.fields.numerics.sine import cosine, sine, sine_cosine

pytestmark = pytest.mark.usefixtures("strict_types")

RANGES = (1.0, 30.0, 1000.0, 20_000.0)


@pytest.mark.parametrize("reach", RANGES)
@pytest.mark.parametrize(("ours", "exact"), [(sine, np.sin), (cosine, np.cos)])
def test_error_is_below_two_in_ten_million(rng, reach, ours, exact):
    x = rng.uniform(-reach, reach, 100_000).astype(np.float32)
    error = np.abs(np.asarray(jax.jit(ours)(x), np.float64) - exact(x.astype(float)))
    assert error.max() < 2e-7


def test_sine_is_exact_at_zero_and_odd(rng):
    x = rng.uniform(0, 50, 1000).astype(np.float32)
    assert sine(jnp.float32(0)) == 0
    np.testing.assert_array_equal(sine(x), -np.asarray(sine(-x)))


def test_derivatives_of_every_order_are_those_of_the_sine():
    function, slopes = sine, (np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x))
    for exact in slopes:
        function = jax.grad(function)
        for x in (-40.0, -1.5708, 0.3, 12.0):
            assert function(x) == pytest.approx(exact(np.float32(x)), abs=4e-7)


def test_it_differentiates_forward_and_in_reverse_alike(rng):
    x = rng.uniform(-9, 9, 50).astype(np.float32)
    forward = jax.vmap(jax.jacfwd(sine))(x)
    reverse = jax.jit(jax.vmap(jax.grad(sine)))(x)
    np.testing.assert_allclose(forward, reverse, atol=1e-7)


def test_beyond_its_range_it_stays_correct():
    x = np.array([3.0, -2.1e4, 1e5, 1e6, 3e7, 1e30], np.float32)
    exact = x.astype(float)
    np.testing.assert_allclose(jax.jit(sine)(x), np.sin(exact), atol=2e-7)
    np.testing.assert_allclose(jax.jit(cosine)(x), np.cos(exact), atol=2e-7)
    assert np.isnan(sine(jnp.float32(np.inf)))


def test_a_batch_asks_for_its_range_once_and_is_the_same_function(rng):
    x = rng.uniform(-9, 9, (6, 50)).astype(np.float32)
    program = jax.jit(jax.vmap(sine))
    np.testing.assert_array_equal(program(x), sine(x))
    assert "select" not in str(jax.make_jaxpr(jax.vmap(sine))(x))


def test_both_at_once_are_sine_and_cosine_and_each_the_slope_of_the_other(rng):
    x = rng.uniform(-40, 40, 200).astype(np.float32)
    both, slopes = jax.jvp(sine_cosine, (x,), (np.ones_like(x),))
    np.testing.assert_array_equal(both, (sine(x), cosine(x)))
    np.testing.assert_array_equal(slopes, (cosine(x), -sine(x)))


def test_bfloat16_is_the_sine_of_its_argument_rounded_once(rng):
    x = jnp.asarray(rng.uniform(-300, 300, 1000), jnp.bfloat16)
    exact = np.sin(np.asarray(x, np.float64))
    found = jax.jit(sine)(x)
    assert found.dtype == jnp.bfloat16
    error = np.abs(np.asarray(found, np.float64) - exact)
    assert (error <= 2.0**-9 + 2e-7).all()  # half of the last of 8 bits below 1
    assert jax.grad(sine)(x[0]).dtype == jnp.bfloat16
