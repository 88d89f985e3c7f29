"""Heads of many genes at once by ridge regression, in closed form.

Of one member with features f of a well, the head of a gene makes small

    sum_n E_eps (z_n - f(x_n + eps) . theta)^2 + penalty theta' S^-1 theta,

eps the jitter of the joint fit, and S = L L' the second moment of the trunk's own
heads: what heads are like. With theta = L v, A = L' (sum_n E f f') L = U diag(s) U' and
b = L' (sum_n z_n E f) it is v = U (U' b) / (s + penalty).

The penalty of a gene, the same for all members, is that with the least squared error
of held-out donors, over members. Sums over wells are kept fold by fold, so that a fold
is left out by a subtraction, and the error of a head theta at the wells left out is
z'z - 2 theta . f'z + theta' f'f theta: no well is looked at twice.

Axis letters: N wells, G genes, E members, D numbers of a head, K folds, L penalties.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# In units of the noise's variance over that of a head: from none to all but the mean.
PENALTIES = 2.0 ** np.arange(-8, 10, 1.5)
EVEN_SHARE = 0.3  # of S that is the same in all directions, so that none is shut
SIDE_BY_SIDE = 1024  # genes whose arrays stay in cache


class Design(NamedTuple):
    """Wells as their members' features.

    Attributes:
        exact: `(N, E, D)` features of the wells, means over their supports.
        expected: `(N, E, D)` the same, means over jitter too.
        moment: `(K, E, D, D)` float64, sum over a fold's wells of E f f' over jitter.
        fold: `(N,)` integers below K.
    """

    exact: np.ndarray
    expected: np.ndarray
    moment: np.ndarray
    fold: np.ndarray


class Heads(NamedTuple):
    """Heads of G genes.

    Attributes:
        theta: `(G, E, D)` float32, standard units.
        penalty: `(G,)` of `PENALTIES`.
    """

    theta: np.ndarray
    penalty: np.ndarray


def make_design(exact: np.ndarray, drawn: np.ndarray, fold: np.ndarray) -> Design:
    """The design of wells.

    Args:
        exact: `(N, E, D)` features without jitter.
        drawn: `(J, N, E, D)` features at J draws of it.
        fold: `(N,)` integers; those that no well has are dropped.
    """
    names, fold = np.unique(fold, return_inverse=True)
    moment = np.zeros((len(names), exact.shape[1], *2 * exact.shape[2:]))
    for features in drawn:
        rows = np.ascontiguousarray(features.transpose(1, 0, 2))  # (E, N, D)
        for number in range(len(names)):
            wells = rows[:, fold == number]
            moment[number] += wells.transpose(0, 2, 1) @ wells / len(drawn)
    return Design(exact, drawn.mean(0), moment, fold)


def heads_prior(theta: np.ndarray) -> np.ndarray:
    """L `(E, D, D)` float64 of S = L L', from the heads `(G, E, D)` of a trunk."""
    rows = np.asarray(theta, np.float64).transpose(1, 0, 2)
    moment = rows.transpose(0, 2, 1) @ rows / len(theta)
    size = np.trace(moment, axis1=1, axis2=2) / moment.shape[1]
    even = np.maximum(size, np.finfo(float).tiny)[:, None, None] * np.eye(
        moment.shape[-1]
    )
    return np.linalg.cholesky((1 - EVEN_SHARE) * moment + EVEN_SHARE * even)


def single(array: np.ndarray) -> np.ndarray:
    """The array in float32, in which products of all genes are taken."""
    return np.asarray(array, np.float32)


def ridge(
    design: Design, root: np.ndarray, targets: np.ndarray, values: np.ndarray
) -> Heads:
    """Heads of all genes, each with its own penalty.

    Args:
        design: N wells.
        root: `(E, D, D)` L of the prior.
        targets: `(N, G)` what heads are fitted to, standard units.
        values: `(N, G)` what held-out wells are compared with, standard units.
    """
    genes, members = targets.shape[1], len(root)
    theta = np.empty((genes, *root.shape[:2]), np.float32)
    penalty = np.full(genes, PENALTIES[len(PENALTIES) // 2])
    folds = _left_out(design, root) if len(design.moment) > 1 else []
    whole = design.moment.sum(0)
    bases = [_whitened(whole[e], root[e]) for e in range(members)]
    for first in range(0, genes, SIDE_BY_SIDE):
        part = slice(first, first + SIDE_BY_SIDE)
        sums = _sums(design, single(targets[:, part]))  # (K, E, D, genes)
        if folds:
            error = sum(_error(fold, sums, single(values[:, part])) for fold in folds)
            penalty[part] = PENALTIES[np.argmin(error, axis=0)]
        for member, (basis, size) in enumerate(bases):
            coefficients = basis.T @ sums[:, member].sum(0)
            v = coefficients / (size[:, None] + penalty[part])
            theta[part, member] = (basis @ v).T
    return Heads(theta, penalty)


def _whitened(moment: np.ndarray, root: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """L U `(D, D)` and s `(D,)` of a moment."""
    size, vectors = np.linalg.eigh(root.T @ moment @ root)
    return root @ vectors, np.maximum(size, 0)


def _sums(design: Design, z: np.ndarray) -> np.ndarray:
    """f'z of each fold, `(K, E, D, genes)` float32."""
    flat = design.expected.reshape(len(z), -1)
    folds = [design.fold == k for k in range(len(design.moment))]
    sums = np.stack([flat[fold].T @ z[fold] for fold in folds])
    return sums.reshape(len(sums), *design.expected.shape[1:], -1)


class _Fold(NamedTuple):
    """A member without the wells of a fold, in the basis of the others' moment.

    Attributes:
        number: Of the fold.
        member: The member.
        basis: `(D, D)` L U.
        size: `(D,)` s.
        wells: `(N,)` bool, those left out.
        features: `(n, D)` of the wells left out.
        gram: `(D, D)` their f'f.
    """

    number: int
    member: int
    basis: np.ndarray
    size: np.ndarray
    wells: np.ndarray
    features: np.ndarray
    gram: np.ndarray


def _left_out(design: Design, root: np.ndarray) -> list[_Fold]:
    whole, folds = design.moment.sum(0), []
    for number, moment in enumerate(design.moment):
        wells = design.fold == number
        for member in range(len(root)):
            basis, size = _whitened(whole[member] - moment[member], root[member])
            features = design.exact[wells, member] @ single(basis)
            parts = single(basis), single(size), wells, features
            folds.append(_Fold(number, member, *parts, features.T @ features))
    return folds


def _error(fold: _Fold, sums: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Squared error `(L, genes)` at the wells of a fold, less that of no head."""
    kept = sums[:, fold.member].sum(0) - sums[fold.number, fold.member]
    coefficients = fold.basis.T @ kept
    product = 2 * fold.features.T @ values[fold.wells]
    error = np.empty((len(PENALTIES), values.shape[1]), np.float32)
    for row, penalty in enumerate(single(PENALTIES)):
        v = coefficients / (fold.size + penalty)[:, None]
        error[row] = np.sum(v * (fold.gram @ v - product), axis=0)
    return error
