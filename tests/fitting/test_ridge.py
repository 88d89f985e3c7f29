"""Heads in closed form against solvers of NumPy, one gene and one penalty at a time."""

from __future__ import annotations

import numpy as np
import pytest

from inr_jax.fitting import ridge
from inr_jax.fitting.ridge import PENALTIES

N, G, E, D, K, J = 40, 5, 2, 4, 3, 3


@pytest.fixture
def problem(rng):
    exact = np.float32(rng.normal(size=(N, E, D)))
    drawn = exact + np.float32(0.2 * rng.normal(size=(J, N, E, D)))
    fold = rng.integers(0, K, N)
    targets = np.float32(exact.sum((1, 2))[:, None] + rng.normal(size=(N, G)))
    values = np.float32(targets + 0.5 * rng.normal(size=(N, G)))
    heads = rng.normal(size=(9, E, D))
    design = ridge.make_design(exact, drawn, 7 * fold)  # any integers
    return design, ridge.heads_prior(heads), drawn, fold, targets, values


def solved(drawn, rows, prior, z, penalty):
    """The head of one member and gene from the sum over wells and draws."""
    wells = drawn[:, rows].reshape(-1, D).astype(np.float64)
    goal = np.tile(z[rows], J)
    matrix = wells.T @ wells / J + penalty * np.linalg.inv(prior)
    return np.linalg.solve(matrix, wells.T @ goal / J)


def test_penalties_and_heads_are_those_of_a_search_that_leaves_each_fold_out(problem):
    design, root, drawn, fold, targets, values = problem
    heads = ridge.ridge(design, root, targets, values)
    prior = root @ root.transpose(0, 2, 1)
    everything = np.ones(N, bool)
    for gene in range(G):
        z = targets[:, gene]
        errors = []
        for penalty in PENALTIES:
            error = 0.0
            for k in range(K):
                for e in range(E):
                    theta = solved(drawn[:, :, e], fold != k, prior[e], z, penalty)
                    predicted = design.exact[fold == k, e] @ theta
                    error += ((values[fold == k, gene] - predicted) ** 2).sum()
            errors.append(error)
        penalty = PENALTIES[np.argmin(errors)]
        assert heads.penalty[gene] == penalty
        for e in range(E):
            theta = solved(drawn[:, :, e], everything, prior[e], z, penalty)
            np.testing.assert_allclose(
                heads.theta[gene, e], theta, rtol=1e-3, atol=1e-4
            )


def test_a_gene_has_the_same_head_in_whatever_company(problem, monkeypatch):
    design, root, _, _, targets, values = problem
    together = ridge.ridge(design, root, targets, values)
    monkeypatch.setattr(ridge, "SIDE_BY_SIDE", 2)
    for part in (ridge.ridge(design, root, targets, values),):
        np.testing.assert_allclose(part.theta, together.theta, atol=1e-5)
    alone = ridge.ridge(design, root, targets[:, 3:4], values[:, 3:4])
    np.testing.assert_allclose(alone.theta[0], together.theta[3], atol=1e-5)


def test_a_single_fold_takes_the_middle_penalty(problem):
    design, root, *_, targets, values = problem
    alone = ridge.make_design(design.exact, design.exact[None], np.zeros(N, int))
    heads = ridge.ridge(alone, root, targets, values)
    assert set(heads.penalty) == {PENALTIES[len(PENALTIES) // 2]}


def test_the_prior_is_the_second_moment_of_heads_but_for_an_even_share(rng):
    heads = rng.normal(size=(50, E, D)) * [3.0, 1.0, 0.5, 0.0]
    root = ridge.heads_prior(heads)
    for e in range(E):
        moment = heads[:, e].T @ heads[:, e] / 50
        share = ridge.EVEN_SHARE
        expected = (1 - share) * moment + share * np.trace(moment) / D * np.eye(D)
        np.testing.assert_allclose(root[e] @ root[e].T, expected, atol=1e-9)
