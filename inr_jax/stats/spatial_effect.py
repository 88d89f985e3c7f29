"""What is smooth in space beside anatomy, and repeats between donors.

Within a structure expression may still run in a gradient, and wells outside all named
structures have nothing but their place. The standardised expression of well i is taken
as z_i = f(x_i) + names_i + batch_i + noise_i, and two wells go together by

    cov z_i, z_j = v k(|x_i - x_j|) + s [same structure] + p [same parent]
                   + b [same donor and parent] + noise [i = j],

k the Matern 3/2 kernel. Variances v, s and p are fitted to products of wells of
*different donors* (Haseman & Elston 1972), so that what one donor has to itself does
not pass for a field: they minimise sum (z_i . z_j / G - cov_ij)^2 over those pairs,
none below 0. What pairs of one donor have more is b, what variance has more is noise.
The length of k is the likeliest under a normal law, and so is whether there is a field.
Its posterior mean at the wells is kriging that knows of names; where names say all, v
is 0 and there is none.

Axis letters: N wells, G genes, D = 3. Frame: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

LENGTHS_MM = (10.0, 15.0, 20.0, 30.0, 40.0, 60.0)
SURE = 9.0  # (3 sd)^2: twice the log likelihood, a gene, that a field must be worth
NOISE_FLOOR = 0.05  # least share of noise in the variance
BLOCK = 64  # rows solved at a time
FITTED = 1000  # wells that variances are fitted to, at most: every so manieth


class Names(NamedTuple):
    """What wells are called; integers `(N,)`, below 0 where there is no name.

    Attributes:
        donor: Whose they are.
        structure: What they lie in.
        parent: What that lies in.
    """

    donor: np.ndarray
    structure: np.ndarray
    parent: np.ndarray

    def take(self, rows: slice | np.ndarray) -> Names:
        """The names of some wells."""
        return Names(*(leaf[rows] for leaf in self))


class Variances(NamedTuple):
    """Of the parts of expression, standard units.

    Attributes:
        field: v.
        structure: s.
        parent: p.
        batch: b.
        noise: What is left.
        length_mm: Of the field's kernel.
    """

    field: float
    structure: float
    parent: float
    batch: float
    noise: float
    length_mm: float


def matern(x_mm: np.ndarray, length_mm: float) -> np.ndarray:
    """`(N, 3)` to `(N, N)`: (1 + s) exp(-s), s = sqrt(3) d / length, mm."""
    square = (x_mm**2).sum(1)
    apart = square[:, None] + square[None] - 2 * x_mm @ x_mm.T
    scaled = np.maximum(apart, 0, out=apart)  # in place: N^2 numbers are many
    np.sqrt(np.multiply(scaled, 3 / length_mm**2, out=scaled), out=scaled)
    falling = np.exp(-scaled)
    return np.multiply(np.add(scaled, 1, out=scaled), falling, out=falling)


def shared_field(
    standard: np.ndarray, x_mm: np.ndarray, names: Names
) -> tuple[np.ndarray, float]:
    """Posterior mean of the field at the wells.

    Args:
        standard: `(N, G)` standardised expression.
        x_mm: `(N, 3)` MNI mm, folded where left and right are one.
        names: Of the wells; with one donor all pairs of wells count.

    Returns:
        `(N, G)`, and the field's share of the variance, 0 where there is none.
    """
    nothing = np.zeros_like(standard), 0.0
    if len(standard) < 2 or not standard.any():
        return nothing
    x_mm = np.asarray(x_mm, np.float64)
    some = slice(None, None, -(-len(standard) // FITTED))
    found = fitted_variances(standard[some], x_mm[some], names.take(some))
    if not found.field:
        return nothing
    kernel = matern(x_mm, found.length_mm)
    kernel *= found.field
    covariance = _of_names(names, found)
    covariance += kernel
    return kernel @ np.linalg.solve(covariance, standard), found.field / sum(found[:5])


def fitted_variances(standard: np.ndarray, x_mm: np.ndarray, names: Names) -> Variances:
    """The likeliest of the lengths, or no field at all; see the top of this file."""
    product = standard @ standard.T / standard.shape[1]
    apart = names.donor[:, None] != names.donor[None]
    if not apart.any():
        apart = ~np.eye(len(standard), dtype=bool)
    same = [_same(names.structure), _same(names.parent)]
    fixed, choices = [kind[apart] for kind in same], []
    for length in (None, *LENGTHS_MM):
        # A field of no length is that of variance 0.
        kernel = matern(x_mm, length) if length else np.zeros_like(product)
        signal = _least_squares([kernel[apart], *fixed], product[apart])
        found = _with_rest(signal, [kernel, *same], product, names, length or 0.0)
        covariance = found.field * kernel + _of_names(names, found)
        choices.append((_misfit(covariance, standard), found))
    plain, best = choices[0], min(choices, key=lambda choice: choice[0])
    return best[1] if plain[0] - best[0] > SURE else plain[1]


def _same(group: np.ndarray) -> np.ndarray:
    return _shared(group).astype(np.float64)


def _shared(group: np.ndarray) -> np.ndarray:
    return np.equal.outer(group, group) & (group >= 0)


def _of_names(names: Names, variances: Variances) -> np.ndarray:
    """The covariance `(N, N)` of all but the field."""
    fellows = np.equal.outer(names.donor, names.donor)
    of_parent = np.where(fellows, variances.parent + variances.batch, variances.parent)
    covariance = np.where(_shared(names.parent), of_parent, 0.0)
    np.add(
        covariance,
        variances.structure,
        out=covariance,
        where=_shared(names.structure),
    )
    covariance[np.diag_indices(len(covariance))] += variances.noise
    return covariance


def _least_squares(kinds: list[np.ndarray], product: np.ndarray) -> np.ndarray:
    """Variances of the kinds, none below 0: the best of those with some of them 0.

    All over the same pairs of wells, one long vector each.
    """
    size = np.array([[one @ other for other in kinds] for one in kinds])
    slope = np.array([kind @ product for kind in kinds])
    best, gain = np.zeros(len(kinds)), 0.0
    for some in itertools.product((False, True), repeat=len(kinds)):
        index = np.flatnonzero(some)
        inner = size[np.ix_(index, index)]
        value = np.linalg.lstsq(inner, slope[index], rcond=1e-12)[0]
        if (value >= 0).all() and slope[index] @ value > gain:
            best, gain = np.zeros(len(kinds)), slope[index] @ value
            best[index] = value
    return best


def _with_rest(
    signal: np.ndarray,
    kinds: list[np.ndarray],
    product: np.ndarray,
    names: Names,
    length_mm: float,
) -> Variances:
    """Beside the variances of the kinds those of batch and noise."""
    left = product - sum(v * kind for v, kind in zip(signal, kinds, strict=True))
    own = kinds[-1] * np.equal.outer(names.donor, names.donor)
    fellows = own - np.diag(np.diag(own))
    batch = float((fellows * left).sum() / max(fellows.sum(), 1.0))
    batch = max(batch, 0.0) if len(np.unique(names.donor)) > 1 else 0.0
    noise = np.diag(left).mean() - batch * np.diag(own).mean()
    noise = max(noise, NOISE_FLOOR * np.diag(product).mean())
    return Variances(*map(float, signal), batch, float(noise), length_mm)


def _misfit(covariance: np.ndarray, standard: np.ndarray) -> float:
    """Minus twice the log likelihood, a gene, up to a constant: log|C| + z'C^-1 z."""
    lower = np.linalg.cholesky(covariance)
    inner = _forward(lower, standard)
    return float(2 * np.log(np.diag(lower)).sum() + (inner**2).sum() / inner.shape[1])


def _forward(lower: np.ndarray, z: np.ndarray) -> np.ndarray:
    """L^-1 Z by blocks of rows; NumPy itself would factor the triangle once more."""
    found = np.empty_like(z)
    for first in range(0, len(z), BLOCK):
        rows = slice(first, first + BLOCK)
        rest = z[rows] - lower[rows, :first] @ found[:first]
        found[rows] = np.linalg.solve(lower[rows, rows], rest)
    return found
