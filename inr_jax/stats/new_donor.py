"""A new donor: what a few of its wells say of all its others, for any method.

A brain differs from what a method says of it, f(x) in standard units, by more than
noise: what goes together over places in all brains is strong in some and weak in
others. A donor's latent is a matrix M that mixes the genes' maps, the same at all
places,

    f_d(x) = f(x) + M f(x),    cov(M_gi, M_hj) = T_gh delta_ij / c,

with T the covariance of genes' residuals in other donors (of mean variance 1) and
c = mean |f|^2 over wells. Where genes are heads on a trunk, f = A phi, a donor's heads
are (I + M) A: a shift of low rank that all genes share. So residuals R `(K, G)` of K
wells have the covariance k(x, x') T plus noise, k(x, x') = f(x) . f(x') / c, and with
k = U diag(s) U', T = W diag(t) W' the best linear unbiased prediction is

    M f(x) = k(x, .) U ((U' R W) t / (s t + penalty)) W'

(a product of covariances is inverted in the basis of both; Rasmussen & Williams 2006,
eq. 2.25). The penalty, noise over signal, is chosen by predicting the other donors from
as many wells of each. A level of its own is not part of it: a shift of all places by
the mean residual of a few wells adds their noise everywhere (benchmarks/README.md).

Axis letters: N wells of donors that were held out, K wells of the new donor, V places,
G genes, L penalties.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from inr_jax.samples.standardise import Standardiser, standardiser
from inr_jax.stats.kernels import evenly

PENALTIES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, np.inf)  # inf: as it was
EVEN_SHARE = 0.5  # of T that is the same for all genes, each by itself
CHOSEN_BY = 256  # genes that the penalty is chosen by, at most
LEARNED_FROM = 1000  # wells that T is learned from, at most
DRAWS = 5  # of so many wells of a donor, to choose by


class DonorPrior(NamedTuple):
    """What donors differ by, learned from donors that a method never saw.

    Attributes:
        units: Of the G genes.
        vectors: `(G, T)` orthonormal, the directions of T beside its even part.
        size: `(T,)` variances along these; along all others it is `EVEN_SHARE`.
        level: c, standard units squared.
        penalty: Variance of noise over that of a donor's deviation.
    """

    units: Standardiser
    vectors: np.ndarray
    size: np.ndarray
    level: float
    penalty: float


class DonorLatent(NamedTuple):
    """M of a donor, as K predictions and what each of them weighs.

    Attributes:
        units: Of the G genes.
        known: `(K, G)` f at the donor's wells, standard units, divided by c.
        weights: `(K, G)` of the wells' covariances, standard units.
    """

    units: Standardiser
    known: np.ndarray
    weights: np.ndarray

    def adapted(self, prediction: np.ndarray) -> np.ndarray:
        """Predictions of a method `(V, G)`, source units, as this donor has them."""
        f = self.units.standard(np.asarray(prediction, np.float64))
        return self.units.values(f + (f @ self.known.T) @ self.weights)


def donor_prior(
    values: np.ndarray, predictions: np.ndarray, donor: np.ndarray, wells: int
) -> DonorPrior:
    """Learn how donors differ from what was predicted without them.

    Args:
        values: `(N, G)` measured, units of the source.
        predictions: `(N, G)` by fits that never saw the well's donor.
        donor: `(N,)` whose a well is.
        wells: K that a new donor will have, which the penalty is chosen for.
    """
    rows = evenly(len(values), LEARNED_FROM)
    units = standardiser(values)
    f, residual = _standard(units, values[rows], predictions[rows])
    genes = evenly(values.shape[1], CHOSEN_BY)
    part = Standardiser(*(numbers[genes] for numbers in units))
    few = _standard(part, values[:, genes], predictions[:, genes])
    penalty = _chosen(*few, donor, wells)
    level = float(np.mean(np.sum(f**2, axis=1)))
    return DonorPrior(units, *_directions(residual), level, penalty)


def donor_latent(
    prior: DonorPrior, values: np.ndarray, predictions: np.ndarray
) -> DonorLatent:
    """The latent of a donor from K of its wells.

    Args:
        prior: How donors differ.
        values: `(K, G)` measured, units of the source.
        predictions: `(K, G)` of the method there.
    """
    f, residual = _standard(prior.units, values, predictions)
    (weights,) = _weights(f, residual, prior, (prior.penalty,))
    return DonorLatent(prior.units, f / prior.level, weights)


def _standard(
    units: Standardiser, values: np.ndarray, predictions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Predictions and residuals in standard units, float64."""
    f = units.standard(np.asarray(predictions, np.float64))
    return f, units.standard(np.asarray(values, np.float64)) - f


def _directions(residual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvectors `(G, T)` of T and its variances along them, from `(N, G)`."""
    _, size, vectors = np.linalg.svd(residual, full_matrices=False)
    share = size**2 / max(np.sum(size**2), np.finfo(float).tiny)
    size = (1 - EVEN_SHARE) * share * residual.shape[1] + EVEN_SHARE
    return vectors.T, size


def _weights(
    f: np.ndarray, residual: np.ndarray, prior: DonorPrior, penalties: tuple
) -> list[np.ndarray]:
    """What `DonorLatent.weights` is, for each penalty."""
    s, u = np.linalg.eigh(f @ f.T / prior.level)
    s = np.maximum(s, 0)[:, None]
    turned = u.T @ residual
    along = turned @ prior.vectors
    rest = turned - along @ prior.vectors.T  # in directions of variance EVEN_SHARE
    weights = []
    for penalty in penalties:
        shrunk = along * prior.size / (s * prior.size + penalty)
        even = rest * EVEN_SHARE / (s * EVEN_SHARE + penalty)
        weights.append(u @ (shrunk @ prior.vectors.T + even))
    return weights


def _chosen(
    f: np.ndarray, residual: np.ndarray, donor: np.ndarray, wells: int
) -> float:
    """The penalty with the least squared error of donors, from K wells of each."""
    error = np.zeros(len(PENALTIES))
    for number, name in enumerate(np.unique(donor)):
        own, others = np.flatnonzero(donor == name), donor != name
        count = min(wells, len(own) // 2)
        if not count or not others.any():
            continue
        level = float(np.mean(np.sum(f[others] ** 2, axis=1)))
        nothing = Standardiser(np.zeros(0), np.ones(0))
        prior = DonorPrior(nothing, *_directions(residual[others]), level, np.inf)
        for draw in range(DRAWS):
            order = np.random.default_rng([number, draw]).permutation(own)
            known, rest = order[:count], order[count:]
            between = f[rest] @ f[known].T / level
            each = _weights(f[known], residual[known], prior, PENALTIES)
            for row, weights in enumerate(each):
                error[row] += np.sum((residual[rest] - between @ weights) ** 2)
    return PENALTIES[int(np.argmin(error))] if error.any() else np.inf
