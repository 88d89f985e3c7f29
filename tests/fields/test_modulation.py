"""Shift, FiLM and hypernetwork: they start as the field, and act as their formulas."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from given import input_error
from test_fields import LAYERS, SETTINGS, C, F, G, params_of

from inr_jax.fields.architectures import make_field
from inr_jax.fields.conditioning import make_conditioning, settings_of, with_latents
from inr_jax.fields.conditioning.conditioning import rows_of_genes

pytestmark = pytest.mark.usefixtures("quick_compiling", "strict_types")
INJECTIONS = ("shift", "film", "hyper")
POINTWISE = [name for name, layers in LAYERS.items() if layers]


def maker(field):
    return partial(make_field, field, **SETTINGS[field])


def made(name, field="siren"):
    sizes = {"code": C, "rank": 2}
    taken = {key: sizes[key] for key in settings_of(name)}
    return make_conditioning(name, maker(field), genes=G, features=F, **taken)


@pytest.fixture
def place(rng):
    return np.float32(rng.uniform(-1, 1, F))


@pytest.fixture
def codes(rng):
    return np.float32(rng.normal(size=(G, C)))


@pytest.mark.slow
@pytest.mark.parametrize("name", INJECTIONS)
@pytest.mark.parametrize("field", POINTWISE)
def test_at_the_start_every_gene_is_the_unconditioned_field(name, field, place, codes):
    networks = made(name, field)
    params = networks.init(jax.random.key(3))
    plain = maker(field)(features=F, outputs=1)
    expected = plain.apply(params["shared"]["field"], place)[0]
    values = networks.apply(params, codes, place)
    np.testing.assert_allclose(values, np.full(G, expected), rtol=1e-6)
    # The layers are as wide as the field says, and each is reached.
    moved = jax.tree.map(lambda leaf: leaf + jnp.float32(0.1), params["shared"]["maps"])
    moved = {"shared": {**params["shared"], "maps": moved}, "genes": {}}
    assert (networks.apply(moved, codes, place) != values).all()


def by_hand(name, params, c, x):
    """A SIREN with modulated layers, in NumPy."""
    layers, maps = params["shared"]["field"]["params"], params["shared"]["maps"]
    for layer in range(SETTINGS["siren"]["depth"]):
        h = x @ layers[f"Dense_{layer}"]["kernel"] + layers[f"Dense_{layer}"]["bias"]
        if name == "shift":
            h = h + c @ maps[layer]
        elif name == "film":
            h = (1 + c @ maps["scale"][layer]) * h + c @ maps["shift"][layer]
        else:
            m = maps[layer]
            weights = m["up"] @ np.diag(c @ m["mix"]) @ m["down"]
            h = h + weights @ x + c @ m["shift"]
        x = np.sin(SETTINGS["siren"]["omega"] * h)
    last = layers[f"Dense_{layer + 1}"]
    return (x @ last["kernel"] + last["bias"])[0]


@pytest.mark.parametrize("name", INJECTIONS)
def test_values_are_those_of_the_formula(name, place, codes, rng):
    networks = made(name)
    params = networks.init(jax.random.key(3))
    params = jax.tree.map(
        lambda leaf: np.float32(leaf + 0.1 * rng.normal(size=leaf.shape)), params
    )
    expected = [by_hand(name, params, c, place) for c in codes]
    np.testing.assert_allclose(
        networks.apply(params, codes, place), expected, atol=1e-5
    )


@pytest.mark.parametrize("name", INJECTIONS)
@pytest.mark.parametrize(("field", "depth"), [("oinr", 2), ("mfn", 1)])
def test_a_field_without_layers_of_a_place_is_refused_with_the_reason(
    name, field, depth
):
    make = partial(make_field, field, **SETTINGS[field] | {"depth": depth})
    sizes = {"code": C, "rank": 2}
    taken = {key: sizes[key] for key in settings_of(name)}
    error = input_error(make_conditioning, name, make, genes=G, features=F, **taken)
    assert "hidden layers are functions of a single place" in str(error)


def test_learned_codes_are_the_codes_of_the_networks_with_a_normal_prior(place, rng):
    inner = made("film")
    networks = with_latents(inner, prior=0.5)
    params = networks.init(jax.random.key(1))
    params = jax.tree.map(lambda leaf: leaf + jnp.float32(0.1), params)
    latent = params["genes"]["latent"]
    assert latent.shape == (G, C) and networks.code == 0
    given = {**params, "genes": params["genes"]["inner"]}
    values = networks.apply(params, np.zeros((G, 0), np.float32), place)
    np.testing.assert_array_equal(values, inner.apply(given, latent, place))
    expected = 0.5 * np.sum(np.square(latent)) / G
    np.testing.assert_allclose(networks.penalty(params), expected, rtol=1e-6)
    ensemble = jax.tree.map(lambda leaf: leaf[None], params)
    assert rows_of_genes(ensemble, G)["genes"]["latent"].shape == (1, G, C)


def test_codes_are_learned_only_where_they_are_read():
    assert "without a code" in str(input_error(with_latents, made("heads"), prior=0.5))


def test_concat_gives_each_gene_the_network_at_its_own_code(codes, place):
    field = make_field("siren", features=F + C, outputs=1, **SETTINGS["siren"])
    params = params_of("siren", "concat")
    apply = jax.jit(field.apply)
    loop = [apply(params["shared"], np.concatenate([place, code]))[0] for code in codes]
    found = jax.jit(made("concat").apply)(params, codes, place)
    np.testing.assert_allclose(found, loop, atol=1e-6)
