"""The normal law of many columns with one covariance between their rows.

Axis letters: N rows (wells), G columns (genes).
"""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from inr_jax.samples.gene_blocks import gene_blocks


def one_thread() -> threadpool_limits:
    """A context for loops over matrices of some hundred rows.

    BLAS's threads, which meet again in each of them, take two to five times as long.
    """
    return threadpool_limits(1, user_api="blas")


def solved(covariance: np.ndarray, z: np.ndarray) -> np.ndarray:
    """C^-1 z by Cholesky's decomposition, C symmetric; C is written over.

    Args:
        covariance: C, `(N, N)` positive definite.
        z: `(N, G)`.

    Raises:
        numpy.linalg.LinAlgError: C is not positive definite.
    """
    from scipy.linalg import cho_factor, cho_solve  # half a second to import

    # LAPACK counts columns first: the transpose of C, which is C, needs no copy.
    factor = cho_factor(covariance.T, lower=True, overwrite_a=True, check_finite=False)
    return cho_solve(factor, z, check_finite=False)


def log_likelihood(covariance: np.ndarray, z: np.ndarray) -> float:
    """Mean log density of columns that are normal about 0.

    log p = -(log|C| + z' C^-1 z + N log 2 pi) / 2 (Rasmussen & Williams 2006, eq. 5.8).

    Args:
        covariance: C, `(N, N)` positive definite.
        z: `(N, G)`, its columns independent of each other.

    Returns:
        log p, mean over G.
    """
    from scipy.linalg import cholesky, solve_triangular

    lower = cholesky(covariance, lower=True)
    white = solve_triangular(lower, z, lower=True)
    return _log_density(lower, float((white**2).sum()), z.shape)


def condensed(z: np.ndarray) -> np.ndarray:
    """As many columns as rows, with the same mean likelihood under any covariance.

    It depends on Z Z' / G alone, which W W' / N is too for the symmetric root W of
    Z Z' N / G.

    Args:
        z: `(N, G)`, its columns independent of each other.

    Returns:
        W `(N, N)`.
    """
    product = np.zeros((len(z), len(z)))
    for block in gene_blocks(*z.shape):
        product += z[:, block] @ z[:, block].T
    energy, vectors = np.linalg.eigh(product * (len(z) / z.shape[1]))
    return (vectors * np.sqrt(np.maximum(energy, 0))) @ vectors.T


def log_likelihood_slope(
    covariance: np.ndarray, z: np.ndarray
) -> tuple[float, np.ndarray]:
    """The `log_likelihood`, and its derivative in each element of C, `(N, N)`.

    d log p / dC = (a a' - C^-1) / 2 with a = C^-1 z (Rasmussen & Williams 2006,
    eq. 5.9).
    """
    from scipy.linalg.lapack import dpotrf, dpotri  # an inverse five times as fast

    lower, _ = dpotrf(covariance.T, lower=1)  # C itself, and no copy that turns it
    inverse, _ = dpotri(lower, lower=1)
    inverse += np.tril(inverse, -1).T
    a = inverse @ z
    value = _log_density(lower, float((z * a).sum()), z.shape)
    return value, (a @ a.T / z.shape[1] - inverse) / 2


def _log_density(lower: np.ndarray, squares: float, shape: tuple[int, ...]) -> float:
    """log p from C = L L' and the sum over columns of z' C^-1 z."""
    n, genes = shape
    log_determinant = 2 * np.log(np.diag(lower)).sum()
    return -(log_determinant + squares / genes + n * np.log(2 * np.pi)) / 2
