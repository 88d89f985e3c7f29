"""Each field against its equation in NumPy, and the statistics of its first weights."""

from __future__ import annotations

from functools import cache

import field_references
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import ndimage, stats

from inr_jax.errors import InputError
from inr_jax.fields.architectures import FIELDS, make_field
from inr_jax.fields.architectures.layers import MOST_EXPONENT
from inr_jax.fields.architectures.oinr import encoded_grid, neighbours, read_off
from inr_jax.fields.architectures.siren import Siren

pytestmark = pytest.mark.usefixtures("quick_compiling", "strict_types")

SETTINGS = {
    "siren": {"hidden": 9, "depth": 3, "omega": 5.0},
    "wire": {"hidden": 9, "depth": 3, "omega": 5.0, "scale": 2.0},
    "wire2d": {"hidden": 10, "depth": 3, "omega": 5.0, "scale": 1.5},
    "gauss": {"hidden": 9, "depth": 3, "sigma": 0.5},
    "mfn": {"hidden": 9, "depth": 3, "input_scale": 5.0, "alpha": 6.0, "beta": 1.0},
    "relu": {"hidden": 9, "depth": 3, "frequencies": 3},
    "oinr": {"hidden": 7, "depth": 2, "grid": 4, "channels": 5, "frequencies": 2},
}
K = 2
MIX = np.array([1.0, -0.7], np.float32)  # of the K values, for one slope of them
# Only O-INR has another equation where a place is more than its coordinates.
CASES = [(name, 5) for name in FIELDS] + [("oinr", 3)]


@cache
def field_of(name, features):
    field = make_field(name, features=features, outputs=K, **SETTINGS[name])

    def total(params, x):
        values = field.apply(params, x)
        return MIX @ values, values

    both = jax.value_and_grad(total, (0, 1), has_aux=True)
    return jax.jit(field.init)(jax.random.key(0)), jax.jit(both)


def reference(name, params, x):
    return getattr(field_references, name)(params["params"], x, **SETTINGS[name])


@pytest.mark.parametrize(("name", "features"), CASES)
def test_a_field_is_its_equation(name, features, rng):
    params, both = field_of(name, features)
    for x in rng.uniform(-1.2, 1.2, (4, features)):
        (_, value), _ = both(params, np.float32(x))
        np.testing.assert_allclose(value, reference(name, params, x), atol=5e-6)


@pytest.mark.parametrize(("name", "features"), CASES)
def test_its_gradient_is_the_slope_of_its_equation(name, features, rng):
    params, both = field_of(name, features)
    at, h = (params, rng.uniform(-0.9, 0.9, features)), 1e-6
    ahead = jax.tree.map(lambda leaf: rng.normal(size=leaf.shape), at)

    def moved(step):
        there = jax.tree.map(lambda a, d: np.float64(a) + step * d, at, ahead)
        return reference(name, *there)

    truth = MIX @ (moved(h) - moved(-h)) / (2 * h)
    _, slopes = both(*jax.tree.map(np.float32, at))
    parts = jax.tree.map(lambda s, d: np.sum(np.float64(s) * d), slopes, ahead)
    found = sum(jax.tree.leaves(parts))
    assert found == pytest.approx(truth, rel=2e-4, abs=2e-4)


def weights(name, features=3, **settings):
    field = make_field(name, features=features, outputs=K, **settings)
    return jax.jit(field.init)(jax.random.key(1))["params"]


def assert_uniform(values, bound):
    law = stats.uniform(-bound, 2 * bound)
    assert stats.kstest(np.ravel(values)[:20_000], law.cdf).pvalue > 1e-3


def test_weights_of_a_siren_are_uniform_with_the_papers_bounds():
    n, omega = 256, 30.0
    params = weights("siren", hidden=n, depth=2, omega=omega)
    assert_uniform(params["Dense_0"]["kernel"], 1 / 3)
    for layer in ("Dense_1", "Dense_2"):
        assert_uniform(params[layer]["kernel"], np.sqrt(6 / n) / omega)
    assert_uniform(params["Dense_1"]["bias"], n**-0.5)


@pytest.mark.parametrize(("name", "units"), [("wire", 141), ("wire2d", 100)])
def test_wavelets_start_by_default_and_are_fewer_than_reals(name, units):
    params = weights(name, hidden=200, depth=2, omega=20.0, scale=10.0)
    first, second = params["Dense_0"], params["ComplexLinear_0"]
    assert first["kernel"].shape == (3, units)
    assert second["kernel"].shape == (2, units, units)
    assert_uniform(first["kernel"], 3**-0.5)
    assert_uniform(first["bias"], 3**-0.5)
    for part in (*second["kernel"], second["bias"]):
        assert_uniform(part, units**-0.5)
    real, imaginary = second["kernel"]
    assert abs(np.corrcoef(np.ravel(real), np.ravel(imaginary))[0, 1]) < 0.05
    reals = 200 * (3 + 200 + K) + 2 * 200 + K  # a real network of that width
    complexes = sum(leaf.size for leaf in jax.tree.leaves(params))
    assert complexes == pytest.approx(reals, rel=0.03)


def test_bells_start_by_default():
    params = weights("gauss", hidden=200, depth=2, sigma=0.1)
    assert_uniform(params["Dense_0"]["kernel"], 3**-0.5)
    assert_uniform(params["Dense_1"]["kernel"], 200**-0.5)
    assert_uniform(params["Dense_1"]["bias"], 200**-0.5)


def test_ramps_start_as_glorot_with_biases_at_zero():
    params = weights("relu", hidden=200, depth=2, frequencies=4)
    n = 3 + 3 * 2 * 4
    assert_uniform(params["Dense_0"]["kernel"], np.sqrt(6 / (n + 200)))
    assert_uniform(params["Dense_1"]["kernel"], np.sqrt(6 / 400))
    assert not np.any(params["Dense_1"]["bias"])


def test_filters_start_with_gamma_windows_and_waves_to_match():
    k, alpha, beta, scale = 3, 6.0, 2.0, 50.0
    params = weights(
        "mfn", hidden=700, depth=k, input_scale=scale, alpha=alpha, beta=beta
    )
    g = jax.tree.map(np.asarray, params["Filters_0"])
    assert g["gamma"].shape == (k * 700,)
    law = stats.gamma(alpha / k, scale=1 / beta)
    assert stats.kstest(g["gamma"], law.cdf).pvalue > 1e-3
    assert_uniform(g["omega"] / np.sqrt(g["gamma"]), scale / np.sqrt(k) / 3**0.5)
    assert_uniform(g["mu"], 1.0)
    assert_uniform(g["phi"], np.pi)
    assert_uniform(params["Dense_0"]["kernel"], 700**-0.5)


def test_convolutions_start_by_default():
    params = weights("oinr", hidden=5, depth=2, grid=4, channels=30, frequencies=2)
    assert_uniform(params["Dense_0"]["kernel"], (27 * 12) ** -0.5)
    assert_uniform(params["Dense_1"]["kernel"], (27 * 30) ** -0.5)
    assert_uniform(params["Dense_1"]["bias"], (27 * 30) ** -0.5)


@cache
def siren_layers(depth, omega, width=1024, points=200):
    """Inputs to each sine of a SIREN at random points of the cube."""
    module = Siren(outputs=1, hidden=width, depth=depth, omega=omega)
    params = jax.jit(module.init)(jax.random.key(0), jnp.zeros(3))["params"]
    x = np.random.default_rng(0).uniform(-1, 1, (points, 3))
    inside = []
    for layer in range(depth):
        dense = params[f"Dense_{layer}"]
        before = omega * (x @ np.float64(dense["kernel"]) + np.float64(dense["bias"]))
        inside.append(before)
        x = np.sin(before)
    return inside, x


def test_inputs_to_sines_are_near_standard_normal_at_any_depth():
    # Sitzmann et al. 2020, theorem 1.8: from the second layer on, N(0, 1). The
    # biases, which the theorem leaves out, add var (omega / sqrt(n))^2 / 3.
    inside, _ = siren_layers(depth=6, omega=30.0)
    bias = 30.0**2 / 1024 / 3
    for before in inside[1:]:
        assert before.mean() == pytest.approx(0, abs=0.05)
        assert before.std() == pytest.approx(np.sqrt(1 + bias), rel=0.05)
        assert abs(stats.kurtosis(before.ravel())) < 0.1


def test_outputs_of_a_sine_layer_follow_the_arcsine_law():
    # The arcsine law on [-1, 1] has variance 1/2; sines of N(0, s^2) approach it.
    inside, last = siren_layers(depth=6, omega=30.0)
    expected = (1 - np.exp(-2 * inside[-1].var())) / 2
    assert last.var() == pytest.approx(expected, rel=0.03)
    assert last.var() == pytest.approx(0.5, rel=0.15)


def test_gabor_units_that_blow_up_are_refused():
    settings = {"features": 3, "outputs": 1, "hidden": 4, "depth": 2}
    most = 2 * MOST_EXPONENT**0.5
    make_field("wire", **settings, omega=0.999 * most, scale=1.0)
    for name in ("wire", "wire2d"):
        with pytest.raises(InputError, match=r"field.omega: expected at most 8 "):
            make_field(name, **settings, omega=1.001 * most, scale=1.0)


def test_a_grid_is_read_off_as_scipy_does(rng):
    v = rng.normal(size=(5, 5, 5, 2)).astype(np.float32)
    u = rng.uniform(-1, 1, (40, 3)).astype(np.float32)
    u[:4] = [[-1, -1, -1], [1, 1, 1], [0, 1, -1], [-0.5, 0.5, 0]]  # voxel centres
    read = jax.jit(jax.vmap(read_off, (None, 0)))(v, u)
    place = (np.float64(u).T + 1) / 2 * 4
    for channel in range(2):
        truth = ndimage.map_coordinates(v[..., channel], place, order=1)
        np.testing.assert_allclose(read[:, channel], truth, atol=1e-5)


def test_outside_the_cube_the_grid_gives_its_nearest_place(rng):
    v = rng.normal(size=(4, 4, 4, 1)).astype(np.float32)
    out, edge = jnp.array([1.4, 0.3, -7.0]), jnp.array([1.0, 0.3, -1.0])
    np.testing.assert_array_equal(read_off(v, out), read_off(v, edge))


def test_products_with_neighbours_are_convolutions_as_scipy_has_them(rng):
    v = rng.normal(size=(4, 4, 4, 1)).astype(np.float32)
    kernel = rng.normal(size=(3, 3, 3)).astype(np.float32)
    truth = ndimage.correlate(v[..., 0], kernel, mode="constant")
    np.testing.assert_allclose(neighbours(v) @ kernel.ravel(), truth, atol=1e-5)


def test_the_grid_starts_from_sines_of_voxel_centres():
    v = encoded_grid(4, 2)
    for ijk in ((0, 1, 3), (2, 2, 0)):
        u = np.array(ijk) / 3 * 2 - 1
        angles = np.r_[np.pi * u, 2 * np.pi * u]
        np.testing.assert_allclose(
            v[ijk], np.r_[np.sin(angles), np.cos(angles)], atol=1e-6
        )
