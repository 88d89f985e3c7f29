"""Anatomy as random effects: what wells of one name have in common.

A well's coordinates carry millimetres of registration error; its structure was named
by an anatomist on the tissue. So the standardised expression of well i is taken as

    z_i = parent[p(i)] + own[s(i)] + batch[d(i), p(i)] + noise_i / sqrt(w_i)

with parent the effect of a top-level structure, own what a structure adds to it, and
batch what one donor adds throughout a parent: it repeats in no other brain, and twenty
wells that share it are not twenty witnesses. Each effect is a normal vector over genes
with a covariance of its own, so that a gene learns from those it goes with. Weights w
are those of a Student t, which discount wells unlike all others of their name.

Axis letters: N wells, G genes, P parents, S structures, B batches; T traits with a
joint covariance and R replicates of them. Many genes are split in two: T leading
principal components with all their covariances (R = 1), and what is left of each gene,
which shares one variance with the others (T = 1, R = G).
"""

from __future__ import annotations

import numpy as np

from inr_jax.stats import spatial_effect
from inr_jax.stats.mixed_model import Prior, anatomy


def denoised(
    standard: np.ndarray,
    *,
    donor: np.ndarray,
    structure: np.ndarray,
    parent: np.ndarray,
    x_mm: np.ndarray,
    prior: Prior = Prior(),  # noqa: B008 - a tuple of numbers
) -> tuple[np.ndarray, float]:
    """Replace wells by what they share with others. Training wells only.

    Args:
        standard: `(N, G)` standardised expression.
        donor: `(N,)` integers.
        structure: `(N,)` integers; a well below 0 has no name, and stays as it is
            where nothing is smooth in space.
        parent: `(N,)` integers, below 0 where it is unknown; the same for all wells
            of a structure.
        x_mm: `(N, 3)` MNI mm, folded where left and right are one.
        prior: What is assumed.

    Returns:
        `(N, G)` float64: effects of parent and structure, and what is smooth in space
        beside them (`leftover`); that alone of a well without a name. And the share
        of that field in the variance.
    """
    standard = np.array(standard, np.float64)
    named = structure >= 0
    if not named.any():
        return standard, 0.0
    names = spatial_effect.Names(donor, structure, parent)
    field, share = spatial_effect.shared_field(standard, x_mm, names)
    rest = (standard - field)[named]
    effect, _ = anatomy(rest, *names.take(named), prior=prior)
    standard[named] = effect + field[named]
    if share:
        standard[~named] = field[~named]
    return standard, share
