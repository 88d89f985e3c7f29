"""Posteriors of the effects of a mixed model (equations in `mixed_model`).

Axis letters: N wells, P parents, S structures, B pairs of donor and parent; T traits
with a joint covariance and R replicates of them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class EffectGroups(NamedTuple):
    """Which wells share an effect; integers from 0 without gaps.

    Attributes:
        structure: `(N,)`.
        donor_parent: `(N,)` pairs of donor and parent.
        parent: `(S,)` the parent of a structure.
        size: `(N,)` wells that a value is the mean of, or of all values.
    """

    structure: np.ndarray
    donor_parent: np.ndarray
    parent: np.ndarray
    size: np.ndarray | float = 1.0


def groups_of(
    donor: np.ndarray,
    structure: np.ndarray,
    parent: np.ndarray,
    size: np.ndarray | float = 1.0,
) -> EffectGroups:
    """Groups of N values from donor, structure, parent and size, each `(N,)`."""
    _, first, row = np.unique(structure, return_index=True, return_inverse=True)
    pairs = np.stack([donor, parent])
    _, donor_parent = np.unique(pairs, axis=1, return_inverse=True)
    _, parent = np.unique(parent[first], return_inverse=True)
    return EffectGroups(row, donor_parent.reshape(-1), parent, size)


def _basis(effect: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """E and l with E' noise E = 1 and E' effect E = diag(l): traits are apart there."""
    from scipy.linalg import eigh  # half a second to import

    level, basis = eigh(effect, noise)
    return basis, np.maximum(level, 0)


def structures(
    z: np.ndarray, weight: np.ndarray, groups: EffectGroups, covariance: dict
) -> tuple[np.ndarray, dict, np.ndarray, np.ndarray]:
    """Posterior of parents and structures, worked out in the basis of `_basis`.

    Returns:
        Effects `(S, T, R)`; moments of both kinds; the weighted sum over wells of the
        effects' posterior covariance `(T, T)`; its size for each structure against
        the noise, `(S,)`.
    """
    basis, level = _basis(covariance["structure"], covariance["noise"])
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
            (times[rows, None] * share[rows]).T @ share[rows] * open_
            for rows, open_ in zip(member > 0, unsure, strict=True)
        ]
        return sum(pairs) + np.diag(times @ left)

    ones = np.ones(len(total))
    moments = {
        "parent": (outer(parent) + replicates * unsure.sum(0)) / count,
        "structure": (outer(added) + replicates * spread(gain, ones)) / len(added),
    }
    moments = {name: back.T @ moment @ back for name, moment in moments.items()}
    summed = back.T @ spread(1 - gain, total) @ back
    sides = np.diagonal(unsure, axis1=1, axis2=2)[groups.parent]
    doubt = ((1 - gain) ** 2 * sides + left).sum(1)
    return back.T @ (parent[groups.parent] + added), moments, summed, doubt


def donor_parents(
    z: np.ndarray, weight: np.ndarray, donor_parent: np.ndarray, covariance: dict
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Posterior of donor-by-parent effects, its moment, and what it leaves open."""
    basis, level = _basis(covariance["donor_parent"], covariance["noise"])
    back = np.linalg.inv(basis)
    total, mean = _means(z, weight, donor_parent)
    gain = level / (level + 1 / total[:, None])
    left = level * (1 - gain)
    effect = gain[:, :, None] * (basis.T @ mean)
    moment = (outer(effect) + z.shape[2] * np.diag(left.sum(0))) / len(effect)
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


def outer(effect: np.ndarray) -> np.ndarray:
    """`(K, T, R)` to `(T, T)`: the sum of outer products."""
    flat = effect.transpose(1, 0, 2).reshape(effect.shape[1], -1)
    return flat @ flat.T
