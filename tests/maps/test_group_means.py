"""Means over groups of places, against means of maps that are drawn."""

from __future__ import annotations

from functools import partial

import jax
import numpy as np
import pytest

from inr_jax.brain.space import Box
from inr_jax.fields import model as fields_model
from inr_jax.fields.architectures import make_field
from inr_jax.fields.conditioning import make_conditioning
from inr_jax.fields.conditioning.conditioning import rows_of_genes
from inr_jax.fields.inputs import Inputs, make_places
from inr_jax.maps import group_means as module
from inr_jax.maps.group_means import group_means
from inr_jax.samples.standardise import Standardiser

pytestmark = pytest.mark.usefixtures("quick_compiling")
G, V, L = 3, 40, 4


def made(rng, name, members):
    field = partial(make_field, "siren", hidden=6, depth=1, omega=5.0)
    networks = make_conditioning(name, field, genes=G, features=3)
    keys = jax.random.split(jax.random.key(1), members * networks.networks)
    params = rows_of_genes(jax.vmap(networks.init)(keys), G)
    standard = rng.uniform(1, 2, (2, G)).astype(np.float32)
    box = Box(np.zeros(3, np.float32), np.float32(80))
    codes = np.zeros((G, networks.code), np.float32)
    model = fields_model.Model(params, Inputs(box), Standardiser(*standard), codes)
    return fields_model.make_renderer(networks, chunk=16, group=0), model


@pytest.mark.parametrize("name", ["heads", "independent"])
def test_a_groups_mean_and_spread_are_those_of_its_members_means(
    rng, name, monkeypatch
):
    monkeypatch.setattr(module, "SLAB", 17)
    renderer, model = made(rng, name, 3)
    places = make_places(rng.uniform(-70, 70, (V, 3)), np.zeros((V, 2)))
    group = np.arange(V) % (L - 1)  # the last group has no place
    means = group_means(renderer, model, lambda: [places], group, L)
    of_members = []
    for member in range(3):
        params = jax.tree.map(lambda leaf: leaf[member : member + 1], model.params)  # noqa: B023
        alone, _ = fields_model.render(renderer, model._replace(params=params), places)
        of_members.append([alone[group == row].mean(0) for row in range(L - 1)])
    np.testing.assert_allclose(means.mean[:-1], np.mean(of_members, 0), atol=1e-5)
    spread = np.std(of_members, axis=0, ddof=1)
    np.testing.assert_allclose(means.spread[:-1], spread, atol=1e-5)
    assert np.isnan(means.mean[-1]).all() and np.isnan(means.spread[-1]).all()
    np.testing.assert_array_equal(means.places, np.bincount(group, minlength=L))


def test_one_member_has_no_spread(rng):
    renderer, model = made(rng, "heads", 1)
    places = make_places(rng.uniform(-70, 70, (V, 3)), np.zeros((V, 2)))
    means = group_means(renderer, model, lambda: [places], np.zeros(V, int), 1)
    assert (means.spread == 0).all() and means.mean.dtype == np.float32
