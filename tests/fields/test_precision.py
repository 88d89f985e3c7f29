"""Products of rounded operands against float64."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from inr_jax.errors import InputError
from inr_jax.fields.numerics.precision import PRECISIONS, dense_product, product
from inr_jax.run.settings_table import TABLE

pytestmark = pytest.mark.usefixtures("strict_types")

# Half of the last bit of each operand, relative: 8 bits, two times 8 bits.
ERRORS = {"float32": 1e-6, "bfloat16": 2.0**-8, "bfloat16_3x": 2.0**-15}
N, M, WELLS = 33, 7, 12


@pytest.fixture
def operands(rng):
    x, w = rng.normal(size=(WELLS, N)), rng.normal(size=(N, M))
    return x.astype(np.float32), w.astype(np.float32)


def batch(precision):
    return jax.vmap(product(precision), (0, None))


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_error_is_that_of_the_operands(operands, precision):
    x, w = operands
    exact, size = x.astype(float) @ w, abs(x.astype(float)) @ abs(w)
    found = np.asarray(jax.jit(batch(precision))(x, w))
    assert found.dtype == np.float32
    error = abs(found - exact) / size
    assert error.max() < ERRORS[precision]
    assert precision == "float32" or error.max() > ERRORS[precision] / 2000


@pytest.mark.parametrize("precision", PRECISIONS)
def test_slopes_are_those_of_a_product(operands, rng, precision):
    x, w = operands
    pull = rng.normal(size=(WELLS, M)).astype(np.float32)
    _, back = jax.vjp(batch(precision), x, w)
    dx, dw = back(pull)
    size = abs(pull) @ abs(w.T)
    assert (abs(dx - pull.astype(float) @ w.T) / size).max() < ERRORS[precision]
    np.testing.assert_allclose(dw, x.T.astype(float) @ pull, atol=2e-5)


@pytest.mark.parametrize("precision", PRECISIONS[1:])
def test_networks_and_leading_axes_are_only_more_rows(operands, precision):
    x, w = operands
    rows = batch(precision)(x, w)
    np.testing.assert_allclose(product(precision)(x, w), rows, atol=1e-5)
    pairs = jax.vmap(batch(precision))(np.stack([x, x]), np.stack([w, 2 * w]))
    np.testing.assert_allclose(pairs, [rows, 2 * rows], atol=1e-5)


def test_a_slope_over_wells_never_holds_a_matrix_for_each_well(rng):
    x, w = rng.normal(size=(2000, 64)), rng.normal(size=(64, 64))
    total = jax.grad(lambda x, w: (batch("bfloat16")(x, w) ** 2).sum(), (0, 1))
    program = jax.jit(total).lower(np.float32(x), np.float32(w)).compile()
    assert program.memory_analysis().temp_size_in_bytes < 8 * x.size * 4


@pytest.mark.parametrize("key", ["fit.precision", "render.precision"])
def test_the_settings_know_every_precision(key):
    assert TABLE[key].check.known == PRECISIONS


def test_an_unknown_precision_lists_the_known_ones():
    with pytest.raises(InputError, match="bfloat16, bfloat16_3x, float32"):
        dense_product("float16")
