"""The fast sine against float64."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_jax.numerics import cosine, sine

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
