"""Heads of genes that were never measured, against refits that leave genes out."""

from __future__ import annotations

import numpy as np
from given import input_error
from sklearn.linear_model import Ridge

from inr_jax.fitting.unseen import PENALTIES, regressed, unseen_genes

G, U, M, P = 14, 3, 5, 6


def test_heads_that_are_linear_in_the_table_are_told(rng):
    known, wanted = rng.normal(size=(G, M)), rng.normal(size=(U, M))
    weights, constant = rng.normal(size=(M, P)), rng.normal(size=P)
    heads, gain = regressed(known @ weights + constant, known, wanted)
    np.testing.assert_allclose(heads, wanted @ weights + constant, atol=1e-3)
    assert gain > 0.999


def test_the_penalty_is_that_of_a_search_that_leaves_each_gene_out(rng):
    known, wanted = rng.normal(size=(G, M)), rng.normal(size=(U, M))
    told = known @ rng.normal(size=(M, P)) + 2 * rng.normal(size=(G, P))
    middle, spread = known.mean(0), known.std(0)
    e, new = (known - middle) / spread, (wanted - middle) / spread
    scale, errors = np.mean(np.linalg.svd(e, compute_uv=False) ** 2), []
    for penalty in PENALTIES * scale:
        error = 0.0
        for gene in range(G):
            kept = np.arange(G) != gene
            model = Ridge(alpha=penalty).fit(e[kept], told[kept])
            error += np.sum((model.predict(e[[gene]]) - told[[gene]]) ** 2)
        errors.append(error)
    best = PENALTIES[np.argmin(errors)] * scale
    expected = Ridge(alpha=best).fit(e, told).predict(new)
    heads, gain = regressed(told, known, wanted)
    np.testing.assert_allclose(heads, expected, atol=1e-6)
    none = np.sum(((told - told.mean(0)) * G / (G - 1)) ** 2)
    np.testing.assert_allclose(gain, 1 - min(errors) / none, atol=1e-6)


def test_a_table_of_noise_says_that_it_tells_nothing(rng):
    known, wanted = rng.normal(size=(60, M)), rng.normal(size=(U, M))
    told = rng.normal(size=(60, P))
    heads, gain = regressed(told, known, wanted)
    assert gain < 0.05
    assert abs(heads - told.mean(0)).max() < 0.5


def test_a_trunk_of_two_genes_is_too_small():
    error = input_error(unseen_genes, None, np.zeros((2, M)), np.zeros((1, M)))
    assert "a trunk of 3 genes or more" in str(error)
