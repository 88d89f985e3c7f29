"""A mixed model of anatomy, by EM: parents, structures, batches and noise.

The model is that of `effects`. Covariances are fitted by EM (Dempster, Laird & Rubin
1977), effects are posterior means (best linear unbiased predictors, Henderson 1984);
batches are fitted in turn with the rest, weights as by Liu & Rubin 1995.

Axis letters: N wells, P parents, S structures, B batches; T traits with a joint
covariance and R replicates of them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

RIDGE = 1e-6  # a variance that counts as none, standard units

START = {"parent": 0.4, "own": 0.2, "batch": 0.1, "noise": 0.4}  # variances


class Prior(NamedTuple):
    """What is assumed before any well is seen."""

    degrees: float = 50.0  # of freedom of the Student t over all traits
    shrinkage: float = 0.05  # of covariances towards their diagonals, 0 to 1
    rounds: int = 20  # of EM; scores are flat from 15 to 40


class Groups(NamedTuple):
    """Which wells share what; integers from 0 without gaps.

    Attributes:
        structure: `(N,)`.
        batch: `(N,)` donor and parent.
        parent: `(S,)` the parent of a structure.
    """

    structure: np.ndarray
    batch: np.ndarray
    parent: np.ndarray


def groups_of(donor: np.ndarray, structure: np.ndarray, parent: np.ndarray) -> Groups:
    """Groups of N wells from their donor, structure and parent, each `(N,)`."""
    _, first, row = np.unique(structure, return_index=True, return_inverse=True)
    _, batch = np.unique(np.stack([donor, parent]), axis=1, return_inverse=True)
    _, parent = np.unique(parent[first], return_inverse=True)
    return Groups(row, batch.reshape(-1), parent)


def fit_effects(
    z: np.ndarray, groups: Groups, prior: Prior
) -> tuple[np.ndarray, np.ndarray]:
    """EM on `(N, T, R)`; effects of structures `(S, T, R)` and batches `(B, T, R)`."""
    n, traits, replicates = z.shape
    covariance = {name: start * np.eye(traits) for name, start in START.items()}
    weight = np.ones(n)
    batch = np.zeros((groups.batch.max() + 1, traits, replicates))
    for _ in range(prior.rounds):
        centred = z - batch[groups.batch]
        structure, moments, unsure, doubt = _anatomy(
            centred, weight, groups, covariance
        )
        residual = centred - structure[groups.structure]
        batch, moments["batch"], unsure_batch = _batches(
            residual + batch[groups.batch], weight, groups.batch, covariance
        )
        noise = _outer(np.sqrt(weight)[:, None, None] * residual)
        moments["noise"] = (noise + replicates * (unsure + unsure_batch)) / n
        distance = doubt[groups.structure] * replicates
        weight = _weights(residual, covariance["noise"], distance, prior.degrees)
        covariance = {
            name: _shrunk(moment / replicates, prior.shrinkage)
            for name, moment in moments.items()
        }
    return structure, batch


def _basis(own: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """E and l with E' noise E = 1 and E' own E = diag(l): there, traits are apart."""
    from scipy.linalg import eigh  # half a second to import

    level, basis = eigh(own, noise)
    return basis, np.maximum(level, 0)


def _anatomy(
    z: np.ndarray, weight: np.ndarray, groups: Groups, covariance: dict
) -> tuple[np.ndarray, dict, np.ndarray, np.ndarray]:
    """Posterior of parents and structures, worked out in the basis of `_basis`.

    Returns:
        Effects `(S, T, R)`; moments of both kinds; the weighted sum over wells of the
        effects' posterior covariance `(T, T)`; its size for each structure against
        the noise, `(S,)`.
    """
    basis, level = _basis(covariance["own"], covariance["noise"])
    back = np.linalg.inv(basis)
    total, mean = _means(z, weight, groups.structure)
    mean = basis.T @ mean
    precision = 1 / (level + 1 / total[:, None])  # (S, T), diagonal
    count, replicates = groups.parent.max() + 1, z.shape[2]
    member = np.equal.outer(np.arange(count), groups.parent).astype(float)  # (P, S)
    known = np.linalg.inv(basis.T @ covariance["parent"] @ basis)
    known = known + (member @ precision)[:, :, None] * np.eye(len(level))
    push = np.einsum("ps,st,str->ptr", member, precision, mean)
    unsure = np.linalg.inv(known)  # (P, T, T)
    parent = unsure @ push
    gain = level * precision
    added = gain[:, :, None] * (mean - parent[groups.parent])
    left = level * (1 - gain)

    def spread(share: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Sum over structures of times (diag(share) unsure diag(share) + left)."""
        pairs = [
            (times[own, None] * share[own]).T @ share[own] * doubt
            for own, doubt in zip(member > 0, unsure, strict=True)
        ]
        return sum(pairs) + np.diag(times @ left)

    ones = np.ones(len(total))
    moments = {
        "parent": (_outer(parent) + replicates * unsure.sum(0)) / count,
        "own": (_outer(added) + replicates * spread(gain, ones)) / len(added),
    }
    moments = {name: back.T @ moment @ back for name, moment in moments.items()}
    summed = back.T @ spread(1 - gain, total) @ back
    sides = np.diagonal(unsure, axis1=1, axis2=2)[groups.parent]
    doubt = ((1 - gain) ** 2 * sides + left).sum(1)
    return back.T @ (parent[groups.parent] + added), moments, summed, doubt


def _batches(
    z: np.ndarray, weight: np.ndarray, batch: np.ndarray, covariance: dict
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Posterior of batches, its moment, and how unsure it leaves the noise."""
    basis, level = _basis(covariance["batch"], covariance["noise"])
    back = np.linalg.inv(basis)
    total, mean = _means(z, weight, batch)
    gain = level / (level + 1 / total[:, None])
    left = level * (1 - gain)
    effect = gain[:, :, None] * (basis.T @ mean)
    moment = (_outer(effect) + z.shape[2] * np.diag(left.sum(0))) / len(effect)
    summed = np.diag(total @ left)
    return back.T @ effect, back.T @ moment @ back, back.T @ summed @ back


def _means(
    z: np.ndarray, weight: np.ndarray, group: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sum of weights and weighted mean of each group."""
    total, order = np.bincount(group, weight), np.argsort(group, kind="stable")
    first = np.searchsorted(group[order], np.arange(len(total)))
    sums = np.add.reduceat((weight[:, None, None] * z)[order], first)
    return total, sums / total[:, None, None]


def _weights(
    residual: np.ndarray, noise: np.ndarray, doubt: np.ndarray, degrees: float
) -> np.ndarray:
    """Student-t weights of wells, with mean 1."""
    size = residual.shape[1] * residual.shape[2]
    white = np.linalg.inv(np.linalg.cholesky(noise)) @ residual
    far = (white**2).sum((1, 2)) + doubt
    weight = (degrees + size) / (degrees + far)
    return weight / weight.mean()


def _outer(effect: np.ndarray) -> np.ndarray:
    """`(K, T, R)` to `(T, T)`: the sum of outer products."""
    flat = effect.transpose(1, 0, 2).reshape(effect.shape[1], -1)
    return flat @ flat.T


def _shrunk(moment: np.ndarray, share: float) -> np.ndarray:
    eye = np.eye(len(moment))
    return (1 - share) * moment + share * moment * eye + RIDGE * eye


TRAITS = 128  # most traits with a full covariance


def anatomy(
    standard: np.ndarray,
    donor: np.ndarray,
    structure: np.ndarray,
    parent: np.ndarray,
    *,
    prior: Prior = Prior(),  # noqa: B008 - a tuple of numbers
) -> tuple[np.ndarray, np.ndarray]:
    """Effects of parent and structure together, and of batch, at each of N wells."""
    groups = groups_of(donor, structure, parent)
    if standard.shape[1] <= TRAITS:
        effect, batch = fit_effects(standard[:, :, None], groups, prior)
        return effect[groups.structure, :, 0], batch[groups.batch, :, 0]
    basis = _leading(standard, TRAITS)
    leading = standard @ basis.T
    shared = fit_effects(leading[:, :, None], groups, prior)
    own = fit_effects((standard - leading @ basis)[:, None, :], groups, prior)
    rows = (groups.structure, groups.batch)
    effect, batch = (
        one[row, :, 0] @ basis + other[row, 0]
        for one, other, row in zip(shared, own, rows, strict=True)
    )
    return effect, batch


def _leading(standard: np.ndarray, count: int) -> np.ndarray:
    """The first principal directions `(count, G)`, orthonormal.

    From the products of wells or of genes, whichever are fewer: with a transcriptome
    a decomposition of `standard` itself takes many times as long.
    """
    if len(standard) >= standard.shape[1]:
        return np.linalg.eigh(standard.T @ standard)[1][:, : -count - 1 : -1].T
    _, wells = np.linalg.eigh(standard @ standard.T)
    return np.linalg.qr(standard.T @ wells[:, : -count - 1 : -1])[0].T
