"""What anatomy leaves of wells, smoothed in space.

Within a structure expression may still run in a gradient, or the structures named may
be coarse. The residual e of well i is taken as a smooth field plus noise,

    e_i = f(x_i) + noise_i,    cov f(x), f(y) = v k(|x - y|),

k the Matern 3/2 kernel, and is replaced by the posterior mean of f: kriging. The
variance v is fitted to products of wells of *different donors* (Haseman & Elston 1972),
so that what one donor has to itself does not pass for a field: v minimises
sum (e_i . e_j / G - v k_ij)^2 over those pairs. Where anatomy has said all, v is near 0
and nothing is added back.

Axis letters: N wells, G genes, D = 3. Frame: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

import numpy as np

LENGTHS_MM = (
    10.0,
    15.0,
    20.0,
    30.0,
    40.0,
    60.0,
)  # the one that explains the products best is taken
SURE = 9.0  # (3 sd)^2: a field that explains less may be chance
NOISE_FLOOR = 0.05  # least share of noise in the residual's variance


def matern(x_mm: np.ndarray, length_mm: float) -> np.ndarray:
    """`(N, 3)` to `(N, N)`: (1 + s) exp(-s), s = sqrt(3) d / length, mm."""
    square = (x_mm**2).sum(1)
    apart = square[:, None] + square[None] - 2 * x_mm @ x_mm.T
    scaled = np.sqrt(3 * np.maximum(apart, 0)) / length_mm
    return (1 + scaled) * np.exp(-scaled)


def smoothed(
    residual: np.ndarray, x_mm: np.ndarray, donor: np.ndarray
) -> tuple[np.ndarray, float]:
    """Posterior mean of the field at the wells.

    Args:
        residual: `(N, G)` standardised expression less the effects of anatomy.
        x_mm: `(N, 3)` MNI mm, folded where left and right are one.
        donor: `(N,)` integers; with one donor all pairs of wells count.

    Returns:
        `(N, G)`, and the field's share v / (v + noise) of the residual's variance.
    """
    total = float((residual**2).mean())
    if total == 0 or len(residual) < 2:
        return np.zeros_like(residual), 0.0
    product = residual @ residual.T / residual.shape[1]
    apart = donor[:, None] != donor[None]
    if not apart.any():
        apart = ~np.eye(len(donor), dtype=bool)
    fits = [_variance(product, matern(x_mm, length), apart) for length in LENGTHS_MM]
    (gain, variance), length = max(zip(fits, LENGTHS_MM, strict=True))
    variance = min(variance, (1 - NOISE_FLOOR) * total)
    if gain < SURE * float((product[apart] ** 2).mean()):
        return np.zeros_like(residual), 0.0
    covariance = variance * matern(x_mm, length)
    noise = (total - variance) * np.eye(len(donor))
    return covariance @ np.linalg.solve(covariance + noise, residual), variance / total


def _variance(
    product: np.ndarray, kernel: np.ndarray, pairs: np.ndarray
) -> tuple[float, float]:
    """Least squares of products on the kernel: what it explains, and v."""
    size = float((kernel**2)[pairs].sum())
    slope = float((kernel * product)[pairs].sum()) / size
    return (slope**2 * size if slope > 0 else 0.0), slope
