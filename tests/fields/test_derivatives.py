"""Gradients and Laplacians of maps against closed forms and finite differences."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from field_models import model_of
from given import input_error

from inr_jax.fields.derivatives import derived, make_derivative_renderer
from inr_jax.fields.inputs import make_places
from inr_jax.fields.model import make_renderer, mean_at, render

pytestmark = pytest.mark.usefixtures("quick_compiling")
K = np.array([0.3, -0.2, 0.5], np.float32)  # rad / mm
X_MM = np.array([[-21.0, 8, -6], [30, -60, 20], [0, -20, 5]], np.float32)
AXES = np.eye(3)


def test_of_a_wave_they_are_the_closed_forms():
    def wave(x):
        return jnp.sin(x @ K)

    for x in X_MM:
        size = np.abs(np.cos(x @ K)) * np.linalg.norm(K)
        np.testing.assert_allclose(derived(wave, "gradient")(x), size, rtol=1e-4)
        curved = -np.sin(x @ K) * (K @ K)
        np.testing.assert_allclose(derived(wave, "laplacian")(x), curved, rtol=1e-4)
        assert derived(wave, "value") is wave


def differences(function, x, h):
    """Slopes and the sum of second differences along the axes, of one side."""
    plus = np.array([function(x + h * axis) for axis in AXES], np.float64)
    minus = np.array([function(x - h * axis) for axis in AXES], np.float64)
    middle = np.asarray(function(x), np.float64)
    return (plus - minus) / (2 * h), (plus + minus - 2 * middle).sum(0) / h**2


@pytest.mark.slow
@pytest.mark.parametrize("name", ["heads", "independent", "film"])
def test_maps_of_them_are_finite_differences_of_the_map(rng, name):
    networks, model = model_of(rng, name)
    tissue = rng.uniform(size=(len(X_MM), 2)).astype(np.float32)
    plain = make_renderer(networks, chunk=8, group=0)
    places = make_places(X_MM, tissue)
    size, none = render(make_derivative_renderer(plain, "gradient"), model, places)
    curved, _ = render(make_derivative_renderer(plain, "laplacian"), model, places)
    assert not none.any()
    # A map's crease, where left and right are one, is no part of its slope.
    flat = model._replace(inputs=dataclasses.replace(model.inputs, mirror=False))
    at = jax.jit(lambda x, t: mean_at(networks, flat, make_place(x, t)))
    for row, x in enumerate(np.abs(X_MM) * [1, 0, 0] + X_MM * [0, 1, 1]):
        slope, second = differences(lambda x, t=tissue[row]: at(x, t), x, 0.5)
        np.testing.assert_allclose(
            size[row], np.linalg.norm(slope, axis=0), rtol=5e-3, atol=1e-5
        )
        np.testing.assert_allclose(curved[row], second, rtol=5e-2, atol=2e-5)


def make_place(x, tissue):
    place = make_places(np.zeros(3), np.zeros(2))
    return place._replace(x_mm=jnp.float32(x), tissue=tissue)


def test_values_keep_their_renderer_and_other_words_are_refused(rng):
    networks, _ = model_of(rng, "heads")
    plain = make_renderer(networks, chunk=8, group=0)
    assert make_derivative_renderer(plain, "value") is plain
    line = str(input_error(make_derivative_renderer, plain, "gradeint"))
    assert "did you mean 'gradient'" in line
