"""What methods are fitted to: wells cleaned of noise by what they share with others.

A well's coordinates carry millimetres of registration error; its structure was named
by an anatomist on the tissue. So a well's value is replaced by best linear unbiased
predictions (BLUP): of what is smooth in space (`stats.spatial_effect`), and of the
effects of its structure and parent (`stats.mixed_model`).

Axis letters: N wells, G genes.
"""

from __future__ import annotations

import numpy as np

from inr_jax.samples.samples import Samples
from inr_jax.samples.support import Support
from inr_jax.stats.memo import Memo
from inr_jax.stats.mixed_model import structure_blup
from inr_jax.stats.spatial_effect import WellGroups, spatial_effect

_remembered = Memo()  # networks and baselines of a fold have the same targets


def targets_of(
    samples: Samples, standard: np.ndarray, *, mirror: bool
) -> tuple[np.ndarray, float]:
    """`blup_targets` of samples, with what they know of their wells.

    Args:
        samples: N training wells.
        standard: `(N, G)` their standardised expression.
        mirror: Whether left and right are one.

    Returns:
        As `blup_targets`; not to be written to.
    """
    wells = samples.donor, samples.structure, samples.parent
    support = samples.points().folded(mirror)

    def make() -> tuple[np.ndarray, float]:
        donor, structure, parent = wells
        return blup_targets(
            standard, donor=donor, structure=structure, parent=parent, support=support
        )

    return _remembered(make, standard, *wells, *support)


def blup_targets(
    standard: np.ndarray,
    *,
    donor: np.ndarray,
    structure: np.ndarray,
    parent: np.ndarray,
    support: Support,
) -> tuple[np.ndarray, float]:
    """Replace wells by what they share with others. Training wells only.

    Args:
        standard: `(N, G)` standardised expression.
        donor: `(N,)` integers.
        structure: `(N,)` integers; a well below 0 has no structure, and stays as it
            is where nothing is smooth in space.
        parent: `(N,)` integers, below 0 where it is unknown; the same for all wells
            of a structure.
        support: Of the wells, folded where left and right are one.

    Returns:
        `(N, G)` float64: effects of parent and structure, and what is smooth in space
        beside them; that alone of a well without a structure. And the share of the
        smooth effect in the variance.
    """
    targets = np.array(standard, np.float64)
    named = structure >= 0
    if not named.any():
        return targets, 0.0
    groups = WellGroups(donor, structure, parent)
    smooth, variance_share = spatial_effect(targets, support, groups)
    by_structure, _ = structure_blup(
        (targets - smooth)[named], *groups.take(named), size=support.size[named]
    )
    targets[named] = by_structure + smooth[named]
    if variance_share:
        targets[~named] = smooth[~named]
    return targets, variance_share
