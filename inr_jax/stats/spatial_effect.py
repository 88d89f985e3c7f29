"""What is smooth in space beside structures, and repeats between donors.

Within a structure expression may still run in a gradient, and wells outside all named
structures have nothing but their place. The standardised expression of a well is taken
as the sum of a smooth function of place, effects of its structure, of its parent and of
its donor in that parent, and noise, so that two wells go together by

    cov z_i, z_j = v k_ij + s [same structure] + p [same parent]
                   + b [same donor and parent] + n [i = j],

k_ij the Matern 3/2 kernel of their places, averaged over their supports. Variances v, s
and p are fitted to products of wells of *different donors* (Haseman & Elston 1972), so
that what one donor has to itself does not pass for a smooth effect: they minimise
sum (z_i . z_j / G - cov_ij)^2 over those pairs, none below 0. What pairs of one donor
have more is b, what is left is n. The length of k is the likeliest under a normal law,
and so is whether v is above 0. The posterior mean of the smooth part at the wells is
kriging that knows structures; where structures explain all, v is 0 and there is none.

Axis letters: N wells, G genes, D = 3. Frame: mm (MNI152 RAS).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from inr_jax.samples.support import Support
from inr_jax.stats.kernels import add_shared, evenly, mean_matern32, same_group
from inr_jax.stats.normal_law import log_likelihood, solved

LENGTHS_MM = (10.0, 15.0, 20.0, 30.0, 40.0, 60.0)
SURE = 9.0  # (3 sd)^2: least gain in twice the log likelihood of a gene
NOISE_FLOOR = 0.05  # least share of noise in the variance
FITTED = 1000  # wells that variances are fitted to, at most
ROUNDING = 1e-8  # of the largest: a root that small of a sum of squares is none


class WellGroups(NamedTuple):
    """Which wells share what; integers `(N,)`, below 0 where it is unknown.

    Attributes:
        donor: Whose they are.
        structure: What they lie in.
        parent: What that lies in.
    """

    donor: np.ndarray
    structure: np.ndarray
    parent: np.ndarray

    def take(self, rows: slice | np.ndarray) -> WellGroups:
        """Those of the wells of `rows`."""
        return WellGroups(*(leaf[rows] for leaf in self))


class Variances(NamedTuple):
    """Of the parts of expression, standard units squared.

    Attributes:
        place: v.
        structure: s.
        parent: p.
        donor_parent: b.
        noise: n.
        length_mm: Of the kernel, mm.
    """

    place: float
    structure: float
    parent: float
    donor_parent: float
    noise: float
    length_mm: float


def spatial_effect(
    standard: np.ndarray, support: Support, groups: WellGroups
) -> tuple[np.ndarray, float]:
    """Posterior mean of the smooth effect at the wells.

    Args:
        standard: `(N, G)` standardised expression.
        support: Of the wells, folded where left and right are one.
        groups: Of the wells; with one donor all pairs of wells count.

    Returns:
        `(N, G)`, and its share of the variance; both 0 where there is none.
    """
    nothing = np.zeros_like(standard), 0.0
    if len(standard) < 2 or not standard.any():
        return nothing
    thinned = evenly(len(standard), FITTED)
    variances = fitted_variances(
        standard[thinned], support.take(thinned), groups.take(thinned)
    )
    if not variances.place:
        return nothing
    covariance = mean_matern32(support, support, variances.length_mm)
    covariance *= variances.place
    _add_groups(covariance, groups, variances)
    weights = solved(covariance, standard)
    # v K weights is what other parts leave of (v K + others) weights = standard.
    effect = standard - _of_groups(weights, groups, variances)
    return effect, variances.place / sum(variances[:5])


def fitted_variances(
    standard: np.ndarray, support: Support, groups: WellGroups
) -> Variances:
    """Those of the likeliest length, or without a smooth effect; see above.

    Args:
        standard: `(N, G)` standardised expression.
        support: Of the wells.
        groups: Of the wells.
    """
    product = standard @ standard.T / standard.shape[1]
    pairs = np.not_equal.outer(groups.donor, groups.donor)
    if not pairs.any():
        pairs = ~np.eye(len(standard), dtype=bool)
    kinds = [
        same_group(group, group).astype(np.float64)
        for group in (groups.structure, groups.parent)
    ]
    fixed = [kind * pairs for kind in kinds]
    choices = []
    for length_mm in (0.0, *LENGTHS_MM):
        # A kernel of no length stands for no smooth effect.
        kernel = (
            mean_matern32(support, support, length_mm) if length_mm else 0 * product
        )
        signal = _least_squares([kernel * pairs, *fixed], product)
        variances = _completed(
            signal, [kernel, *kinds], product, groups.donor, length_mm
        )
        kernel *= variances.place
        _add_groups(kernel, groups, variances)
        choices.append((log_likelihood(kernel, standard), variances))
    plain, best = choices[0], max(choices, key=lambda choice: choice[0])
    return best[1] if 2 * (best[0] - plain[0]) > SURE else plain[1]


def _least_squares(kinds: list[np.ndarray], product: np.ndarray) -> np.ndarray:
    """Weights `(C,)` of matrices, none below 0, that are nearest to a product.

    Args:
        kinds: C matrices `(N, N)`, 0 in elements that do not count.
        product: `(N, N)`; what it is in these elements makes no difference.
    """
    from scipy.optimize import nnls  # half a second to import

    # |A w - b|^2 depends on A'A and A'b alone: a root of A'A does for A.
    squares = np.array([[np.vdot(a, b) for b in kinds] for a in kinds])
    shared = np.array([np.vdot(a, product) for a in kinds])
    weights = np.zeros(len(kinds))
    rows = np.flatnonzero(np.diag(squares))  # a matrix of zeros has no weight
    if not len(rows):
        return weights
    size, vectors = np.linalg.eigh(squares[np.ix_(rows, rows)])
    size = np.sqrt(np.maximum(size, 0))
    large = size > ROUNDING * size.max()
    size, vectors = size[large], vectors[:, large]
    root, back = (vectors * size) @ vectors.T, (vectors / size) @ vectors.T
    weights[rows], _ = nnls(root, back @ shared[rows])
    return weights


def _shares(
    groups: WellGroups, variances: Variances
) -> Iterator[tuple[np.ndarray, float]]:
    """Groups `(N,)` of wells that share an effect, with its variance above 0."""
    _, donor = np.unique(groups.donor, return_inverse=True)
    both = groups.parent * (donor.max() + 1) + donor
    donor_parent = np.where(groups.parent >= 0, both, -1)
    for group, variance in (
        (groups.parent, variances.parent),
        (donor_parent, variances.donor_parent),
        (groups.structure, variances.structure),
    ):
        if variance:
            yield group, variance


def _add_groups(
    covariance: np.ndarray, groups: WellGroups, variances: Variances
) -> None:
    """Add the covariance of all but the smooth effect to `(N, N)`, in place."""
    for group, variance in _shares(groups, variances):
        add_shared(covariance, group, group, variance)
    covariance[np.diag_indices(len(covariance))] += variances.noise


def _of_groups(
    weights: np.ndarray, groups: WellGroups, variances: Variances
) -> np.ndarray:
    """What `_add_groups` adds to a matrix adds to its product with `(N, G)`."""
    product = variances.noise * weights
    for group, variance in _shares(groups, variances):
        for name in np.unique(group[group >= 0]):
            rows = group == name
            product[rows] += variance * weights[rows].sum(0)
    return product


def _completed(
    signal: np.ndarray,
    kinds: list[np.ndarray],
    product: np.ndarray,
    donor: np.ndarray,
    length_mm: float,
) -> Variances:
    """The variances v, s and p with b and n, from what they leave of the products."""
    rest = product - sum(v * kind for v, kind in zip(signal, kinds, strict=True))
    same_both = kinds[-1] * np.equal.outer(donor, donor)
    pairs = same_both - np.diag(np.diag(same_both))
    donor_parent = float((pairs * rest).sum() / max(pairs.sum(), 1.0))
    donor_parent = max(donor_parent, 0.0) if len(np.unique(donor)) > 1 else 0.0
    noise = np.diag(rest).mean() - donor_parent * np.diag(same_both).mean()
    noise = max(noise, NOISE_FLOOR * np.diag(product).mean())
    place, structure, parent = map(float, signal)
    return Variances(place, structure, parent, donor_parent, float(noise), length_mm)
