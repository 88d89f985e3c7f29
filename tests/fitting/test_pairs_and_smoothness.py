"""Losses of drawn pairs and of slopes, against loops and closed forms."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_jax.brain.space import box_around
from inr_jax.fields.architectures import make_field
from inr_jax.fields.conditioning import make_conditioning, settings_of, with_latents
from inr_jax.fields.conditioning.conditioning import Conditioning, value_of_gene
from inr_jax.fields.inputs import Inputs, make_places
from inr_jax.fitting.data import pack
from inr_jax.fitting.loss import loss
from inr_jax.fitting.smoothness import Smoothness
from inr_jax.run import build, config

pytestmark = pytest.mark.usefixtures("quick_compiling")
N, G, C = 7, 3, 2
SIZES = {"code": C, "rank": 2}
FIELD = partial(make_field, "siren", hidden=6, depth=1, omega=3.0)
KEY = jax.random.key(5)


def networks_of(name):
    taken = {key: SIZES[key] for key in settings_of(name)}
    return make_conditioning(name, FIELD, genes=G, features=3, **taken)


def data_of(rng, networks, mirror=False, size=None):
    points = N if size is None else int(size.sum())
    x_mm = rng.normal(0, 30, (points, 3)).astype(np.float32)
    places = make_places(x_mm, np.zeros((points, 2)))
    given = {"places": places, "standard": rng.normal(size=(N, G))}
    given |= {"codes": rng.normal(size=(G, C)), "rows": N + 2, "size": size}
    inputs = Inputs(box_around(x_mm), mirror=mirror)
    return pack(networks, inputs, **given).of_network(0)


@pytest.mark.parametrize("name", ["heads", "low_rank", "film", "latent"])
def test_the_value_of_a_gene_is_its_part_of_all_values(rng, name):
    latent = name == "latent"
    networks = networks_of("film" if latent else name)
    networks = with_latents(networks, prior=0.1) if latent else networks
    params, x = jax.jit(networks.init)(KEY), np.float32(rng.normal(size=3))
    codes = jnp.asarray(rng.normal(size=(G, C)), jnp.float32)
    of_gene = partial(value_of_gene, networks)
    each = jax.jit(jax.vmap(of_gene, (None, None, 0, None)))
    one_by_one = each(params, codes, jnp.arange(G), x)[:, 0]
    expected = jax.jit(networks.apply)(params, codes, x)
    np.testing.assert_allclose(one_by_one, expected, rtol=2e-5, atol=1e-6)


def loss_of(networks, params, data, **settings):
    return jax.jit(partial(loss, networks, **settings))(params, data, KEY)


@pytest.mark.parametrize("size", [None, np.array([1, 1, 1, 2, 1, 1, 1])])
def test_pairs_estimate_the_error_over_all_wells_and_genes(rng, size):
    networks = networks_of("heads")
    params, data = jax.jit(networks.init)(KEY), data_of(rng, networks, size=size)
    points = 0 if size is None else 20
    drawn = loss_of(networks, params, data, pairs=4000, points=points)
    np.testing.assert_allclose(drawn, loss_of(networks, params, data), rtol=0.1)


def linear_networks(slope):
    """f_g(u) = slope_g . u, a gradient that is the same everywhere."""

    def apply(params, codes, x):
        del codes
        return params["genes"] @ x

    init = lambda key: {"shared": {}, "genes": slope}  # noqa: E731
    return Conditioning(1, G, init, apply)


@pytest.mark.parametrize("pairs", [0, 5])
def test_the_penalty_of_a_linear_map_is_its_squared_slope(rng, pairs):
    slope = np.tile(rng.normal(size=3), (G, 1)).astype(np.float32)
    networks = linear_networks(slope)
    params, data = jax.jit(networks.init)(KEY), data_of(rng, networks)
    parts = {"pairs": pairs, "jitter_mm": 3.0}
    plain = loss_of(networks, params, data, **parts)
    both = Smoothness(gradient=7.0, laplacian=100.0)
    paid = loss_of(networks, params, data, smoothness=both, **parts)
    a_mm = slope[0] / np.asarray(data.inputs.box.half_mm)
    np.testing.assert_allclose(paid - plain, 7 * (a_mm @ a_mm), rtol=1e-3)


def test_the_laplacian_of_a_parabola_is_paid_for_at_real_wells_alone(rng):
    def apply(params, codes, x):
        del codes
        return params["genes"] * jnp.sum(x**2)

    size = jnp.array([1.0, 2.0, 3.0])
    networks = Conditioning(1, G, lambda key: {"shared": {}, "genes": size}, apply)
    params, data = jax.jit(networks.init)(KEY), data_of(rng, networks, mirror=True)
    plain = loss_of(networks, params, data)
    paid = loss_of(networks, params, data, smoothness=Smoothness(laplacian=50.0))
    curved = 6 * np.asarray(size) / float(data.inputs.box.half_mm) ** 2
    np.testing.assert_allclose(paid - plain, 50 * np.mean(curved**2), rtol=1e-2)


def test_settings_reach_the_trainer():
    changed = config.with_settings(
        config.default(), fit__pairs=9, fit__gradient_penalty=2.0
    )
    trainer = build.make_recipe(changed, 4).trainer
    assert trainer.pairs == 9 and trainer.smoothness == Smoothness(2.0, 0.0)
