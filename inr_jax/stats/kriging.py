"""Kriging (Gaussian process regression) by place, and by place and structure.

The standardised expression of a well is z = place + structure + parent + noise: the
mean over its support of a smooth function of place, and normal effects of its structure
and of what that lies in, of which a well has none where it has no name. Genes are
independent of each other and share the variances. With K the covariance of the first
three between wells, K_* that of sites and wells, v0 their variance at a site and n the
noise,

    mean = K_* (K + n I)^-1 z,    variance = v0 - diag(K_* (K + n I)^-1 K_*')

(Rasmussen & Williams 2006, eq. 2.23 and 2.24). What is learned, the variances too, is
learned from the training samples given.

Axis letters: N training wells, V sites, G genes, C kinds of covariance.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inr_jax.samples.gene_blocks import is_large
from inr_jax.samples.samples import Samples
from inr_jax.samples.sites import Sites
from inr_jax.samples.standardise import Standardised, standardiser
from inr_jax.stats.kernels import (
    add_shared,
    evenly,
    mean_matern32,
    mean_matern32_variance,
    same_group,
)
from inr_jax.stats.normal_law import condensed, log_likelihood_slope, one_thread
from inr_jax.stats.predictor import Prediction

KINDS = ("place", "structure", "parent", "noise")

LENGTH_MM = 20.0  # of the Matern kernel, by place alone
NUGGET = 1.0  # variance of noise over that of the signal, by place alone
STRUCTURE_LENGTH_MM = 30.0  # of the Matern kernel beside structures

START = (0.05, 0.2, 0.3, 0.4)  # variances, standard units; good on real wells
FITTED = 1000  # wells that variances are fitted to, at most; the time grows as N^3
LOWEST = 1e-6  # a variance that counts as none


def kriging(
    samples: Samples,
    sites: Sites,
    *,
    mirror: bool,
    length_mm: float = LENGTH_MM,
    nugget: float = NUGGET,
) -> Prediction:
    """Kriging by place alone, with nothing tuned.

    Args:
        samples: N training wells.
        sites: V sites.
        mirror: Whether left and right are one.
        length_mm: Of the Matern kernel, mm.
        nugget: Variance of noise over that of the signal; together they are 1.

    Returns:
        Mean and standard deviation of the posterior; far from all wells the mean of
        the wells.
    """
    signal = 1 / (1 + nugget)
    variances = (signal, 0.0, 0.0, nugget * signal)
    return _posterior(samples, sites, variances, length_mm=length_mm, mirror=mirror)


def kriging_anatomy(
    samples: Samples,
    sites: Sites,
    *,
    mirror: bool,
    variances: tuple[float, ...] | None = None,
) -> Prediction:
    """Kriging by place and structure.

    Args:
        samples: N training wells.
        sites: V sites.
        mirror: Whether left and right are one.
        variances: Of the `KINDS`, standard units; None fits them.

    Returns:
        Mean and standard deviation of the posterior; far from all wells and of a
        parent that none of them has, the mean of the wells.
    """
    if variances is None:
        rows = evenly(len(samples.values), FITTED)
        few = samples.values[rows].astype(np.float64)
        z = standardiser(samples.values).standard(few)
        variances = fitted_variances(samples.sites().take(rows), z, mirror=mirror)
    length_mm = STRUCTURE_LENGTH_MM
    return _posterior(samples, sites, variances, length_mm=length_mm, mirror=mirror)


def fitted_variances(wells: Sites, z: np.ndarray, *, mirror: bool) -> tuple[float, ...]:
    """Variances of the `KINDS` by maximum likelihood, the same for all genes.

    Of more than `FITTED` wells every second, third ... is used.

    Args:
        wells: N wells.
        z: `(N, G)` standard values.
        mirror: Whether left and right are one.
    """
    from scipy.optimize import minimize  # half a second to import

    thinned = evenly(len(z), FITTED)
    wells, z = wells.take(thinned), z[thinned]
    if is_large(*z.shape):
        z = condensed(z)
    kinds = covariances(wells, wells, STRUCTURE_LENGTH_MM, mirror)
    with one_thread():
        optimum = minimize(
            _misfit,
            np.log(START),
            args=(np.concatenate([kinds, np.eye(len(z))[None]]), z),
            jac=True,
            method="L-BFGS-B",
            bounds=[(np.log(LOWEST), None)] * len(KINDS),
            options={"ftol": 1e-6},
        )
    return tuple(np.exp(optimum.x).tolist())


def _misfit(
    log_variances: np.ndarray, kinds: np.ndarray, z: np.ndarray
) -> tuple[float, np.ndarray]:
    """Minus the log likelihood of a value, and its slope in the log variances."""
    variances = np.exp(log_variances)
    value, derivative = log_likelihood_slope(np.tensordot(variances, kinds, 1), z)
    slope = variances * np.tensordot(kinds, derivative, 2)
    return -value / len(z), -slope / len(z)


def _posterior(
    samples: Samples,
    sites: Sites,
    variances: tuple[float, ...],
    *,
    length_mm: float,
    mirror: bool,
) -> Prediction:
    """Mean and standard deviation at the sites, units of the samples."""
    from scipy.linalg import cho_factor, cho_solve, solve_triangular

    scaler, wells = standardiser(samples.values), samples.sites()
    *signal, noise = variances
    within = covariance_between(
        wells, wells, signal, length_mm=length_mm, mirror=mirror
    )
    within[np.diag_indices(len(within))] += noise
    factor = cho_factor(within.T, lower=True, overwrite_a=True)  # symmetric: no copy
    many = is_large(*samples.values.shape)
    if not many:
        z = scaler.standard(np.asarray(samples.values, np.float64))
        weights = cho_solve(factor, z)
    shape = len(sites.x_mm), samples.values.shape[1]
    mean, variance = np.empty(shape, np.float32 if many else float), np.empty(shape[0])
    # Sites after sites: a whole brain of them at once would not fit.
    for first in range(0, len(sites.x_mm), FITTED):
        rows = slice(first, first + FITTED)
        at = sites.take(rows)
        between = covariance_between(
            at, wells, signal, length_mm=length_mm, mirror=mirror
        )
        if many:
            # With more genes than sites, what wells weigh at a site is quicker.
            weight = cho_solve(factor, between.T).T
            for genes, z in Standardised(samples.values, scaler).blocks():
                mean[rows, genes] = weight.astype(np.float32) @ z
        else:
            mean[rows] = between @ weights
        named = (at.structure >= 0, at.parent >= 0)
        place = mean_matern32_variance(at.points().folded(mirror), length_mm)
        prior = signal[0] * place + signal[1] * named[0] + signal[2] * named[1]
        known = solve_triangular(factor[0], between.T, lower=True) ** 2
        variance[rows] = prior - known.sum(0)
    sd = np.sqrt(np.maximum(variance, 0)).astype(mean.dtype)
    mean *= scaler.scale
    mean += scaler.offset
    return Prediction(mean, np.outer(sd, scaler.scale))


def covariance_between(
    sites: Sites,
    wells: Sites,
    signal: Sequence[float],
    *,
    length_mm: float,
    mirror: bool,
) -> np.ndarray:
    """The sum `(V, N)` of `covariances` with these variances."""
    of_wells = wells.points().folded(mirror)
    of_sites = of_wells if sites is wells else sites.points().folded(mirror)
    place, structure, parent = signal
    covariance = place * mean_matern32(of_sites, of_wells, length_mm)
    for variance, group, other in (
        (structure, sites.structure, wells.structure),
        (parent, sites.parent, wells.parent),
    ):
        if variance:
            add_shared(covariance, group, other, variance)
    return covariance


def covariances(
    sites: Sites, wells: Sites, length_mm: float, mirror: bool
) -> np.ndarray:
    """Covariances `(C, V, N)` of place, structure and parent, variance 1 each."""
    of_wells = wells.points().folded(mirror)
    of_sites = of_wells if sites is wells else sites.points().folded(mirror)
    return np.stack(
        [
            mean_matern32(of_sites, of_wells, length_mm),
            same_group(sites.structure, wells.structure),
            same_group(sites.parent, wells.parent),
        ]
    )
