"""Latents of donors in a field, and the side of the brain as an input."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from given import BOX

from inr_jax.fields import derivatives, model
from inr_jax.fields.architectures import make_field
from inr_jax.fields.conditioning import (
    DonorEmbedding,
    StructureEmbedding,
    make_conditioning,
    of_donors,
    with_donors,
    with_structures,
)
from inr_jax.fields.conditioning.conditioning import rows_of_genes
from inr_jax.fields.inputs import Inputs, make_places
from inr_jax.samples.standardise import Standardiser

pytestmark = pytest.mark.usefixtures("quick_compiling")

D, W, G, F, E, V = 3, 2, 4, 3, 2, 5
FIELD = partial(make_field, "siren", hidden=12, depth=2, omega=4.0)
LATENTS = DonorEmbedding(donors=D, width=W, prior=0.7)
NAMES = {"heads": {}, "independent": {}, "film": {"code": 2}, "low_rank": {"rank": 2}}


def inner_of(name, more=0):
    return make_conditioning(name, FIELD, genes=G, features=F + W + more, **NAMES[name])


def table_of(params):
    place = params["shared"] if "donor" in params["shared"] else params["genes"]
    return place, place["donor"]


@pytest.mark.parametrize("name", NAMES)
def test_a_well_sees_its_donors_latent_and_no_other(name, rng):
    inner = inner_of(name)
    networks = with_donors(inner, LATENTS, F)
    params = networks.init(jax.random.key(0))
    place, table = table_of(params)
    assert not np.any(table), "donors are the same before the first step"
    latents = rng.normal(size=table.shape).astype(np.float32)
    place["donor"] = jnp.asarray(latents)
    each = "shared" if place is params["shared"] else "genes"
    bare = {**params, each: params[each]["inner"]}
    codes = rng.normal(size=(inner.outputs, inner.code)).astype(np.float32)
    x = rng.uniform(-1, 1, F).astype(np.float32)
    for donor in range(D):
        share = np.eye(D, dtype=np.float32)[donor]
        latent = latents.reshape(D, W)[donor]
        expected = inner.apply(bare, codes, np.concatenate([x * (F + W) / F, latent]))
        seen = networks.apply(params, codes, np.concatenate([x, share]))
        np.testing.assert_allclose(seen, expected, atol=1e-5)


def test_a_field_starts_with_the_law_of_one_that_sees_no_donors():
    keys = jax.random.split(jax.random.key(1), 2000)
    x = np.float32([0.3, -0.5, 0.8])
    seen = jnp.append(x * (F + W) / F, jnp.zeros(W))
    first = {}
    for features, place in {F: x, F + W: seen}.items():
        field = FIELD(features=features, outputs=1)
        init = field.init
        values = jax.vmap(lambda key, f=field, p=place, i=init: f.apply(i(key), p))(
            keys
        )
        first[features] = np.asarray(values)
    np.testing.assert_allclose(first[F + W].std(), first[F].std(), rtol=0.1)


def test_the_prior_is_on_the_squares_of_latents_beside_the_inner_penalty(rng):
    embedding = StructureEmbedding(2, 3, 4, 0.6, 0.5, 0.3)
    inner = with_structures(inner_of("heads", more=4), embedding, F + W)
    networks = with_donors(inner, LATENTS, F)
    params = networks.init(jax.random.key(0))
    params["shared"]["donor"] = jnp.asarray(rng.normal(size=(D, W)), jnp.float32)
    added = rng.normal(size=(3, 4)).astype(np.float32)
    params["shared"]["inner"]["structure"] = jnp.asarray(added)
    latents = np.asarray(params["shared"]["donor"])
    expected = 0.7 * (latents**2).sum() + 0.3 * (added**2).sum()
    np.testing.assert_allclose(networks.penalty(params), expected, rtol=1e-5)
    x = np.concatenate([rng.uniform(-1, 1, F), np.eye(D)[1], [1, 0], [0, 0, 1]])
    assert networks.apply(params, np.zeros((G, 0)), np.float32(x)).shape == (G,)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["heads", "independent"])
def test_donors_are_averaged_out_over_their_maps_not_over_their_latents(name, rng):
    inner = inner_of(name)
    networks = with_donors(inner, LATENTS, F)
    keys = jax.random.split(jax.random.key(2), E * networks.networks)
    params = rows_of_genes(jax.vmap(networks.init)(keys), G)
    place, table = table_of(params)
    place["donor"] = jnp.asarray(2 * rng.normal(size=table.shape), jnp.float32)
    unit = Standardiser(np.zeros(G, np.float32), np.ones(G, np.float32))
    codes = np.zeros((G, 0), np.float32)
    places = make_places(rng.uniform(-60, 60, (V, 3)), np.zeros((V, 2)))
    renderer = model.make_renderer(networks, chunk=8, group=0)
    maps, spreads = [], []
    for donor in (0, 2):
        share = np.eye(D, dtype=np.float32)[donor]
        one = model.Model(params, Inputs(BOX, donors=share), unit, codes)
        of_donor, within = model.render(renderer, one, places)
        maps.append(of_donor)
        spreads.append(within)
    inputs = Inputs(BOX, donors=np.float32([0.5, 0, 0.5]))
    expanded = of_donors(params, np.array([0, 2]))
    both = model.Model(expanded, inputs, unit, codes)
    assert both.members == 2 * E
    mean, spread = model.render(renderer, both, places)
    np.testing.assert_allclose(mean, np.mean(maps, axis=0), atol=1e-5)
    at_mean_latent = model.Model(params, inputs, unit, codes)
    middle, _ = model.render(renderer, at_mean_latent, places)
    assert abs(middle - mean).max() > 0.01
    # Of 2 E maps: within donors, and between them.
    squares = sum((E - 1) * of_donor**2 for of_donor in spreads)
    squares += E * sum((of_donor - mean) ** 2 for of_donor in maps)
    np.testing.assert_allclose(spread, np.sqrt(squares / (2 * E - 1)), atol=1e-5)


def test_the_side_is_minus_one_on_the_left_and_survives_folding(rng):
    x_mm = np.float32([[-30, 10, 5], [30, 10, 5], [0, 10, 5]])
    places = make_places(x_mm, np.zeros((3, 2)))
    inputs = Inputs(BOX, hemisphere=True)
    features = np.asarray(jax.vmap(inputs.features)(places))
    np.testing.assert_array_equal(features[:, 3], [-1, 1, 0])
    np.testing.assert_array_equal(features[0, :3], features[1, :3])
    weights = rng.normal(size=4).astype(np.float32)

    def value(x, place):
        return jnp.tanh(inputs.features(place._replace(x_mm=x)) @ weights)

    for row in (0, 1):
        place = places.take(row)
        inside, at_mm = derivatives.on_its_side(inputs, place)
        slope = jax.grad(lambda x, f=inside: jnp.tanh(f(x) @ weights))(at_mm)
        expected = jax.grad(value)(place.x_mm, place)
        np.testing.assert_allclose(abs(slope), abs(expected), rtol=1e-5)
