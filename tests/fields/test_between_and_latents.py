"""Mixes of two genes, and the vectors that stand for genes."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from field_models import CODE, GENES, MEMBERS, model_of
from given import input_error

from inr_jax.fields.between import between
from inr_jax.fields.conditioning import with_latents
from inr_jax.fields.gene_codes.latents import latents_of, principal_scores
from inr_jax.fields.inputs import make_places
from inr_jax.fields.model import keep_genes, make_renderer, render

pytestmark = pytest.mark.usefixtures("quick_compiling")


@pytest.mark.parametrize("name", ["heads", "film"])
def test_a_mix_begins_and_ends_at_the_genes_and_is_linear_where_heads_are(rng, name):
    networks, model = model_of(rng, name)
    places = make_places(rng.uniform(-40, 40, (5, 3)), rng.uniform(size=(5, 2)))
    plain = make_renderer(networks, chunk=8, group=0)
    mixed, _ = render(plain, between(networks, model, [2, 0], 3), places)
    ends, _ = render(plain, keep_genes(model, [2, 0]), places)
    np.testing.assert_allclose(mixed[:, [0, 2]], ends, rtol=1e-5, atol=1e-5)
    if name == "heads":
        flat = model._replace(
            standardiser=type(model.standardiser)(0 * np.ones(4), np.ones(4))
        )
        middle, _ = render(plain, between(networks, flat, [2, 0], 3), places)
        want, _ = render(plain, keep_genes(flat, [2, 0]), places)
        np.testing.assert_allclose(middle[:, 1], want.mean(1), rtol=1e-4, atol=1e-5)


def test_networks_of_their_own_have_no_mix_and_no_latents(rng):
    networks, model = model_of(rng, "independent")
    for line in (
        input_error(between, networks, model, [0, 1], 3),
        input_error(latents_of, networks, model, 2),
    ):
        assert "a network of its own for every gene" in str(line)


def test_codes_are_given_back_and_distances_of_heads_are_kept(rng):
    networks, model = model_of(rng, "film")
    np.testing.assert_array_equal(latents_of(networks, model, 2).vectors, model.codes)
    networks, model = model_of(rng, "heads")
    latents = latents_of(networks, model, 16)
    leaves = jax.tree.leaves(model.params["genes"])
    rows = np.concatenate(
        [np.moveaxis(np.asarray(leaf), 1, 0).reshape(GENES, -1) for leaf in leaves], 1
    )
    for a in range(GENES):
        for b in range(GENES):
            want = np.linalg.norm(rows[a] - rows[b])
            got = np.linalg.norm(latents.vectors[a] - latents.vectors[b])
            np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(latents.share.sum(), 1, rtol=1e-6)
    assert f"{MEMBERS} members" in latents.kind


def test_learned_latents_are_what_one_member_learned(rng):
    networks, model = model_of(rng, "film", members=1)
    learned = with_latents(networks, prior=0.1)
    latent = rng.normal(size=(1, GENES, CODE))
    params = {**model.params, "genes": {"inner": {}, "latent": latent}}
    latents = latents_of(learned, model._replace(params=params), 2)
    np.testing.assert_array_equal(latents.vectors, latent[0])


def test_principal_scores_are_those_of_the_covariance(rng):
    rows = rng.normal(size=(9, 4)) * [1, 2, 3, 4]
    scores, share = principal_scores(rows, 2)
    size = np.linalg.eigvalsh(np.cov(rows.T))[::-1]
    np.testing.assert_allclose(scores.var(0, ddof=1), size[:2], rtol=1e-9)
    np.testing.assert_allclose(share, size[:2] / size.sum(), rtol=1e-9)
