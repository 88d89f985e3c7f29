"""A donor's latent, against the dense Gaussian posterior and a donor that has one."""

from __future__ import annotations

import numpy as np

from inr_jax.stats.new_donor import EVEN_SHARE, PENALTIES, donor_latent, donor_prior

N, K, V, G = 90, 4, 7, 5


def donors(rng, *, deviation, noise, wells=N, genes=G):
    """Three donors, values (I + M) f and noise, M of one law; units 3 + 2 z."""
    f = rng.normal(size=(wells, genes))
    donor = np.arange(wells) % 3
    mix = deviation * rng.normal(size=(3, genes, genes)) / genes**0.5
    z = f + np.einsum("nij,nj->ni", mix[donor], f)
    z += noise * rng.normal(size=z.shape)
    return 3 + 2 * z, 3 + 2 * f, donor


def test_it_is_the_posterior_mean_of_one_gaussian_of_all_wells_and_genes(rng):
    values, predictions, donor = donors(rng, deviation=0.7, noise=0.4)
    prior = donor_prior(values, predictions, donor, K)
    known, places = 3 + 2 * rng.normal(size=(K, G)), 3 + 2 * rng.normal(size=(V, G))
    measured = 3 + 2 * rng.normal(size=(K, G))
    found = donor_latent(prior, measured, known).adapted(places)
    # The same by one covariance of K G numbers, of units of this test's own.
    mean, sd = values.mean(0), values.std(0)
    z, f, at, told = ((a - mean) / sd for a in (values, predictions, places, known))
    moment = (z - f).T @ (z - f)
    of_genes = (1 - EVEN_SHARE) * moment * G / np.trace(moment)
    of_genes += EVEN_SHARE * np.eye(G)
    scale = np.mean(np.sum(f**2, axis=1))
    within = np.kron(told @ told.T / scale, of_genes) + prior.penalty * np.eye(K * G)
    residual = ((measured - mean) / sd - told).reshape(-1)
    shift = np.kron(at @ told.T / scale, of_genes) @ np.linalg.solve(within, residual)
    np.testing.assert_allclose(
        found, mean + sd * (at + shift.reshape(V, G)), rtol=1e-5, atol=1e-5
    )


def test_a_donor_that_mixes_genes_is_told_from_enough_wells(rng):
    values, predictions, donor = donors(rng, deviation=0.7, noise=0.1, wells=600)
    others, of_new = donor != 0, np.flatnonzero(donor == 0)
    prior = donor_prior(values[others], predictions[others], donor[others], 40)
    known, rest = of_new[:40], of_new[40:]
    latent = donor_latent(prior, values[known], predictions[known])
    before = np.mean((values[rest] - predictions[rest]) ** 2)
    after = np.mean((values[rest] - latent.adapted(predictions[rest])) ** 2)
    assert after < 0.1 * before


def test_donors_that_differ_by_noise_alone_stay_as_they_are(rng):
    values, predictions, donor = donors(rng, deviation=0.0, noise=1.0, genes=20)
    prior = donor_prior(values, predictions, donor, K)
    assert prior.penalty >= PENALTIES[-3]
    prior = prior._replace(penalty=np.inf)
    latent = donor_latent(prior, values[:K], predictions[:K])
    np.testing.assert_allclose(latent.adapted(predictions), predictions)
