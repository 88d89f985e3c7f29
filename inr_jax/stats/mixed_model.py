"""A mixed model of structures: random effects that wells of one name share.

The standardised expression of well i, a vector of T traits, is taken as

    z_i = parent[p(i)] + structure[s(i)] + donor_parent[d(i), p(i)] + e_i / sqrt(w_i)

with parent the effect of a top-level structure, structure what a structure adds to it,
and donor_parent what one donor adds throughout a parent: it repeats in no other brain,
and twenty wells that share it are not twenty witnesses. A value that is the mean over
m wells has less noise than one well's, but not m times less, as a donor's wells of one
structure err together: its e is taken to have the variance c + (1 - c) / m of one
well's, and w to be in proportion to the inverse of that. Every effect is normal about 0
with a `(T, T)` covariance of its own (A, B, C and, of e, S), so that a gene learns from
those it goes with. Weights w are those of a Student t with n degrees of freedom.

One round of the fit (EM; Dempster, Laird & Rubin 1977):

    Posterior. Given C, structures and parents are best linear unbiased predictors
    (Henderson 1984). Where a basis E has E'SE = 1 and E'BE = diag(l), traits are apart;
    with W_s the sum of weights and m_s the weighted mean of a structure's wells,
        V_p = (A^-1 + sum_s diag(1 / (l + 1 / W_s)))^-1
        parent_p = V_p sum_s (m_s / (l + 1 / W_s))
        structure_s = g_s (m_s - parent_p),   g_s = l / (l + 1 / W_s)
    in that basis, and with the effects of structures taken off, those of donor and
    parent likewise: the two are taken as independent given the wells (a mean-field
    approximation, which without effects of donor and parent is exact).
    Moments. A covariance is the mean over its effects of effect effect' plus the
    posterior's own covariance; S likewise, of residuals weighed by w.
    Weights. w_i = v_i (n + T) / (n + v_i |e_i|^2), v_i the precision of a mean over
    m_i wells, e_i in units of S and with what the posterior leaves open (Liu & Rubin
    1995), scaled to mean 1.

Covariances are shrunk towards their diagonals. Where degrees are infinite and nothing
is shrunk, every round raises the likelihood (tests/stats/test_mixed_model.py).

Axis letters: N wells, G genes, P parents, S structures, B pairs of donor and parent; T
traits with a joint covariance and R replicates of them. Many genes are split in two: T
leading principal components with all their covariances (R = 1), and what is left of
each gene, which shares one variance with the others (T = 1, R = G).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from inr_jax.stats.normal_law import one_thread
from inr_jax.stats.posteriors import (
    EffectGroups,
    donor_parents,
    groups_of,
    outer,
    structures,
)

RIDGE = 1e-6  # a variance that counts as none, standard units
TRAITS = 128  # most traits with a full covariance
WHOLE = 1000  # rows of a symmetric matrix up to which all its eigenvectors are found

START = {"parent": 0.4, "structure": 0.2, "donor_parent": 0.1, "noise": 0.4}


class MixedModelSettings(NamedTuple):
    """Constants; held-out scores hardly depend on them (benchmarks/README.md)."""

    degrees: float = 50.0  # of freedom of the Student t over all traits
    shrinkage: float = 0.05  # of covariances towards their diagonals, 0 to 1
    common: float = 0.3  # c, of the noise of a well that no mean over wells lessens
    rounds: int = 20  # of EM; scores are flat from 15 to 40


SETTINGS = MixedModelSettings()


class Effects(NamedTuple):
    """The state of a fit after some rounds.

    Attributes:
        structure: `(S, T, R)` effect of a structure and its parent together.
        donor_parent: `(B, T, R)`.
        covariance: `(T, T)` of each kind of effect, by the keys of `START`.
        weight: `(N,)` of wells, mean 1.
        precision: `(N,)` v, mean 1.
    """

    structure: np.ndarray
    donor_parent: np.ndarray
    covariance: dict[str, np.ndarray]
    weight: np.ndarray
    precision: np.ndarray


def structure_blup(
    standard: np.ndarray,
    donor: np.ndarray,
    structure: np.ndarray,
    parent: np.ndarray,
    *,
    size: np.ndarray | float = 1.0,
    settings: MixedModelSettings = SETTINGS,
) -> tuple[np.ndarray, np.ndarray]:
    """Predicted effects at the wells.

    Args:
        standard: `(N, G)` standardised expression.
        donor: `(N,)` integers.
        structure: `(N,)` integers.
        parent: `(N,)` integers, the same for all wells of a structure.
        size: `(N,)` wells that a value is the mean of.
        settings: Constants of the fit.

    Returns:
        `(N, G)` effects of parent and structure together, and `(N, G)` of donor and
        parent.
    """
    groups = groups_of(donor, structure, parent, size)
    if standard.shape[1] <= TRAITS:
        return _at_wells(standard[:, :, None], groups, settings, (slice(None), 0))
    basis = _leading(standard, TRAITS)
    leading = standard @ basis.T
    rest = standard - leading @ basis
    joint = _at_wells(leading[:, :, None], groups, settings, (slice(None), 0))
    each = _at_wells(rest[:, None, :], groups, settings, (0, slice(None)))
    by_structure, by_donor_parent = (
        shared @ basis + gene for shared, gene in zip(joint, each, strict=True)
    )
    return by_structure, by_donor_parent


def fit_effects(
    z: np.ndarray, groups: EffectGroups, settings: MixedModelSettings = SETTINGS
) -> Effects:
    """Fit wells `(N, T, R)` by so many rounds of EM."""
    n, traits, replicates = z.shape
    noise = settings.common + (1 - settings.common) / groups.size
    precision = np.broadcast_to(1 / noise, n)
    precision = precision / precision.mean()
    effects = Effects(
        np.zeros((len(groups.parent), traits, replicates)),
        np.zeros((groups.donor_parent.max() + 1, traits, replicates)),
        {name: start * np.eye(traits) for name, start in START.items()},
        precision,
        precision,
    )
    with one_thread():
        for _ in range(settings.rounds):
            effects = _round(z, groups, effects, settings)
    return effects


def _at_wells(
    z: np.ndarray, groups: EffectGroups, settings: MixedModelSettings, cut: tuple
) -> tuple[np.ndarray, np.ndarray]:
    """Effects of wells `(N, T, R)` at the wells, one of the two last axes cut off."""
    effects = fit_effects(z, groups, settings)
    at_structure = effects.structure[groups.structure]
    at_donor_parent = effects.donor_parent[groups.donor_parent]
    return at_structure[:, *cut], at_donor_parent[:, *cut]


def _round(
    z: np.ndarray,
    groups: EffectGroups,
    effects: Effects,
    settings: MixedModelSettings,
) -> Effects:
    """One round of EM."""
    _, covariance, weight, precision = effects[1:]
    shared = effects.donor_parent[groups.donor_parent]
    structure, moments, unsure, doubt = structures(
        z - shared, weight, groups, covariance
    )
    residual = z - shared - structure[groups.structure]
    donor_parent, moments["donor_parent"], unsure_donor_parent = donor_parents(
        residual + shared, weight, groups.donor_parent, covariance
    )
    replicates = z.shape[2]
    noise = outer(np.sqrt(weight)[:, None, None] * residual)
    noise += replicates * (unsure + unsure_donor_parent)
    moments["noise"] = noise / len(z)
    distance = doubt[groups.structure] * replicates
    return Effects(
        structure,
        donor_parent,
        {
            name: _shrunk(moment / replicates, settings.shrinkage)
            for name, moment in moments.items()
        },
        _weights(residual, covariance["noise"], distance, precision, settings.degrees),
        precision,
    )


def _weights(
    residual: np.ndarray,
    noise: np.ndarray,
    doubt: np.ndarray,
    precision: np.ndarray,
    degrees: float,
) -> np.ndarray:
    """Student-t weights of wells of some precision, with mean 1."""
    size = residual.shape[1] * residual.shape[2]
    white = np.linalg.inv(np.linalg.cholesky(noise)) @ residual
    far = precision * (white**2).sum((1, 2)) + doubt
    weight = precision * (degrees + size) / (degrees + far)
    return weight / weight.mean()


def _shrunk(moment: np.ndarray, share: float) -> np.ndarray:
    eye = np.eye(len(moment))
    return (1 - share) * moment + share * moment * eye + RIDGE * eye


def _leading(standard: np.ndarray, count: int) -> np.ndarray:
    """The first principal directions `(count, G)`, orthonormal.

    From the products of wells or of genes, whichever are fewer: with a transcriptome
    a decomposition of `standard` itself takes many times as long.
    """
    if len(standard) >= standard.shape[1]:
        return _vectors(standard.T @ standard, count).T
    wells = _vectors(standard @ standard.T, count)
    return np.linalg.qr(standard.T @ wells)[0].T


def _vectors(product: np.ndarray, count: int) -> np.ndarray:
    """Eigenvectors `(n, count)` of the largest eigenvalues, the largest first."""
    if len(product) <= WHOLE:
        return np.linalg.eigh(product)[1][:, : -count - 1 : -1]
    from scipy.sparse.linalg import eigsh  # all of them take n^3

    start = np.random.default_rng(0).standard_normal(len(product))
    energy, vectors = eigsh(product, count, v0=start)
    return vectors[:, np.argsort(-energy, kind="stable")]
