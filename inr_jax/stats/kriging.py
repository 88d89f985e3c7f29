"""The methods to beat where the anatomy of a site is known as well as its place.

They have the interface of the other baselines (`baselines.Predictor`). A well shares
nothing by a name it does not have, and what is learned, the variances of kriging too,
is learned from the training samples given.

Axis letters: N training wells, V sites, G genes, K kinds of covariance.
"""

from __future__ import annotations

import numpy as np

from inr_jax.brain.space import folded
from inr_jax.samples.samples import Samples, Sites
from inr_jax.samples.standardise import standardiser
from inr_jax.stats.neighbours import _points
from inr_jax.stats.predictor import Prediction

ANATOMY_LENGTH_MM = 30.0  # of the Matern kernel beside structures

KINDS = ("place", "structure", "parent", "noise")

START = (0.05, 0.2, 0.3, 0.4)  # variances, standard units; good on real wells

# Wells that variances are fitted to, at most; the time grows with their third power.
FITTED = 1000

LOWEST = 1e-6  # a variance that counts as none


def kriging_anatomy(
    samples: Samples,
    sites: Sites,
    *,
    mirror: bool,
    variances: tuple[float, ...] | None = None,
) -> Prediction:
    """Gaussian process regression with random effects of structure and parent.

    Values are z-scored over the training wells; far from all wells, and of a parent
    never seen, the prediction is their mean.

    Args:
        samples: N training wells.
        sites: V sites.
        mirror: Whether left and right are one.
        variances: Of the `KINDS`, standard units; None fits them.

    Returns:
        Mean `(V, G)`: mean + sd K_* (K + noise I)^-1 z, where K is the sum of place
        Matern3/2(30 mm) + structure [same structure] + parent [same parent]; and
        the posterior's standard deviation, sd sqrt(K_** - K_* (K + noise I)^-1 K_*').
    """
    from scipy.linalg import cho_factor, cho_solve, solve_triangular

    scaler = standardiser(samples.values)
    z = scaler.standard(np.asarray(samples.values, np.float64))
    train = samples.sites()
    if variances is None:
        variances = fitted_variances(train, z, mirror=mirror)
    *signal, noise = variances
    covariance = np.tensordot(signal, _covariances(train, train, mirror), 1)
    covariance[np.diag_indices(len(z))] += noise
    factor = cho_factor(covariance, lower=True, overwrite_a=True)
    weights, mean, variance = cho_solve(factor, z), [], []
    # Sites after sites: a whole brain of them at once would not fit.
    for first in range(0, len(sites.x_mm), FITTED):
        some = Sites(*(leaf[first : first + FITTED] for leaf in sites))
        between = np.tensordot(signal, _covariances(some, train, mirror), 1)
        mean.append(between @ weights)
        alone = np.stack(
            [np.ones(len(some.x_mm)), some.structure >= 0, some.parent >= 0]
        )
        known = solve_triangular(factor[0], between.T, lower=True) ** 2
        variance.append(signal @ alone - known.sum(0))
    sd = np.sqrt(np.maximum(np.concatenate(variance), 0))
    spread = np.outer(sd, scaler.scale)
    return Prediction(scaler.values(np.concatenate(mean)), spread)


def fitted_variances(train: Sites, z: np.ndarray, *, mirror: bool) -> tuple[float, ...]:
    """Variances of the `KINDS` by maximum likelihood, the same for all genes.

    Genes are taken as independent given the variances. Of more than `FITTED` wells
    every so manieth is used.

    Args:
        train: N wells.
        z: `(N, G)` standard values.
        mirror: Whether left and right are one.
    """
    from scipy.optimize import minimize  # half a second to import

    step = -(-len(z) // FITTED)
    some, z = Sites(*(leaf[::step] for leaf in train)), z[::step]
    kinds = np.concatenate([_covariances(some, some, mirror), np.eye(len(z))[None]])
    found = minimize(
        _misfit,
        np.log(START),
        args=(kinds, z),
        jac=True,
        method="L-BFGS-B",
        bounds=[(np.log(LOWEST), None)] * len(KINDS),
        options={"ftol": 1e-6},
    )
    return tuple(np.exp(found.x).tolist())


def _misfit(
    logs: np.ndarray, kinds: np.ndarray, z: np.ndarray
) -> tuple[float, np.ndarray]:
    """Minus the log likelihood a value, and its slope in the log variances.

    With C = sum_k v_k K_k and a = C^-1 z: (log|C| + z'a / G) / (2 N), up to a
    constant; its slope in v_k is (tr C^-1 K_k - a'K_k a / G) / (2 N).
    """
    from scipy.linalg.lapack import dpotrf, dpotri  # an inverse five times as fast

    variances, (n, genes) = np.exp(logs), z.shape
    lower, _ = dpotrf(np.tensordot(variances, kinds, 1), lower=1)
    inverse, _ = dpotri(lower, lower=1)
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    a = inverse @ z
    misfit = 2 * np.log(np.diag(lower)).sum() + (z * a).sum() / genes
    change = inverse - a @ a.T / genes
    slope = variances * np.tensordot(kinds, change, 2)
    return misfit / (2 * n), slope / (2 * n)


def _covariances(one: Sites, other: Sites, mirror: bool) -> np.ndarray:
    """Covariances `(K - 1, len(one), len(other))` of the signal, variance 1 each."""
    from scipy.spatial.distance import cdist  # half a second to import

    points = [
        np.asarray(folded(sites.x_mm, mirror), np.float64) for sites in (one, other)
    ]
    s = np.sqrt(3) * cdist(*points) / ANATOMY_LENGTH_MM
    return np.stack(
        [
            (1 + s) * np.exp(-s),
            _same(one.structure, other.structure),
            _same(one.parent, other.parent),
        ]
    )


def _same(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """1 where two names are the same, 0 elsewhere, also between the unnamed."""
    return (np.equal.outer(one, other) & (other >= 0)).astype(np.float64)


LENGTH_MM = 20.0  # range of the Matern kernel

NUGGET = 1.0  # variance of noise over variance of the signal


def kriging(
    samples: Samples,
    sites: Sites,
    *,
    mirror: bool,
    length_mm: float = LENGTH_MM,
    nugget: float = NUGGET,
) -> Prediction:
    """Gaussian process regression, Matern 3/2, with nothing tuned.

    Values are z-scored over the training wells; far from all wells the prediction
    is their mean.

    Args:
        samples: N training wells.
        sites: V sites.
        mirror: Whether left and right are one.
        length_mm: Length scale l of k(d) = (1 + sqrt3 d / l) exp(-sqrt3 d / l), mm.
        nugget: Variance of noise, where the signal's is 1.

    Returns:
        Mean `(V, G)`: mean + sd K_* (K + nugget I)^-1 z; and the posterior's standard
        deviation, sd sqrt((1 - K_* (K + nugget I)^-1 K_*') / (1 + nugget)), as z has
        variance 1 with its noise.
    """
    # sklearn takes two seconds to import.
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import Matern

    scaler = standardiser(samples.values)
    process = GaussianProcessRegressor(
        Matern(length_mm, nu=1.5), alpha=nugget, optimizer=None
    )
    train_mm = _points(samples.x_mm, mirror)
    process.fit(train_mm, scaler.standard(np.asarray(samples.values, np.float64)))
    z, sd = process.predict(_points(sites.x_mm, mirror), return_std=True)
    shape = len(sites.x_mm), len(samples.genes)
    spread = sd.reshape(len(z), -1)[:, :1] / np.sqrt(1 + nugget) * scaler.scale
    return Prediction(scaler.values(z.reshape(shape)), spread)
