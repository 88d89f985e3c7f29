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

from typing import NamedTuple

import numpy as np

from inr_jax.stats.kernels import log_likelihood, matern32, same_group

LENGTHS_MM = (10.0, 15.0, 20.0, 30.0, 40.0, 60.0)
SURE = 9.0  # (3 sd)^2: twice the log likelihood, a gene, that a field must be worth
NOISE_FLOOR = 0.05  # least share of noise in the variance
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
    kernel = matern32(x_mm, x_mm, found.length_mm)
    kernel *= found.field
    covariance = _of_names(names, found)
    covariance += kernel
    return kernel @ np.linalg.solve(covariance, standard), found.field / sum(found[:5])


def fitted_variances(standard: np.ndarray, x_mm: np.ndarray, names: Names) -> Variances:
    """The likeliest of the lengths, or no field at all; see the top of this file."""
    from scipy.optimize import nnls  # half a second to import

    product = standard @ standard.T / standard.shape[1]
    apart = names.donor[:, None] != names.donor[None]
    if not apart.any():
        apart = ~np.eye(len(standard), dtype=bool)
    same = [
        same_group(group, group).astype(np.float64)
        for group in (names.structure, names.parent)
    ]
    fixed, choices = [kind[apart] for kind in same], []
    for length in (None, *LENGTHS_MM):
        # A field of no length is that of variance 0.
        kernel = matern32(x_mm, x_mm, length) if length else np.zeros_like(product)
        signal, _ = nnls(np.stack([kernel[apart], *fixed], 1), product[apart])
        found = _with_rest(signal, [kernel, *same], product, names, length or 0.0)
        covariance = found.field * kernel + _of_names(names, found)
        choices.append((log_likelihood(covariance, standard)[0], found))
    plain, best = choices[0], max(choices, key=lambda choice: choice[0])
    return best[1] if 2 * (best[0] - plain[0]) > SURE else plain[1]


def _of_names(names: Names, variances: Variances) -> np.ndarray:
    """The covariance `(N, N)` of all but the field."""
    fellows = np.equal.outer(names.donor, names.donor)
    of_parent = np.where(fellows, variances.parent + variances.batch, variances.parent)
    covariance = np.where(same_group(names.parent, names.parent), of_parent, 0.0)
    np.add(
        covariance,
        variances.structure,
        out=covariance,
        where=same_group(names.structure, names.structure),
    )
    covariance[np.diag_indices(len(covariance))] += variances.noise
    return covariance


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
