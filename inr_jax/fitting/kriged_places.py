"""Places around the wells with values kriged there: what a field is fitted to.

Wells alone say what a field should be at their places, and noise on their coordinates
keeps it smooth between them. Kriging says what it should be there, too: the best
linear unbiased prediction at any place (`stats.local_kriging`). A network that is
fitted to many such values, free of noise, becomes one small differentiable function of
what kriging needs all wells for. It cannot know more than they do; the row
`kriging_local` of the table of scores stands beside it.

Axis letters: N wells, P points of their supports, Q places, G genes. Frame: mm.
"""

from __future__ import annotations

import numpy as np

from inr_jax.brain.space import folded
from inr_jax.fields.inputs import Places, make_places
from inr_jax.samples.samples import Samples
from inr_jax.stats.local_kriging import fit_local, spacing_of

TIMES, MOST = 6, 6144  # Q is so many times N, at most so many where N is fewer
APART = 0.5  # sd of a place around its point, in the spacing of wells there
SEED = 0  # of the places: the same for every member and setting


def kriged_places(
    samples: Samples, targets: np.ndarray, *, mirror: bool, count: int
) -> tuple[Places, np.ndarray]:
    """Places around the points of wells, and what kriging gives there.

    Args:
        samples: N training wells.
        targets: `(N, G)` what they are cleaned to, standard units.
        mirror: Whether left and right are one.
        count: Q; a point has as many places as any other, or one more.

    Returns:
        Q places, and `(Q, G)` float32 in standard units.
    """
    field = fit_local(samples, targets, mirror=mirror)
    points = samples.points().folded(mirror)
    random = np.random.default_rng(SEED)
    order = random.permutation(len(points.x_mm))[np.arange(count) % len(points.x_mm)]
    noise = random.standard_normal((count, 3))
    spacing_mm = spacing_of(points.x_mm)[order, None]
    x_mm = folded(points.x_mm[order] + APART * spacing_mm * noise, mirror)
    return make_places(x_mm, points.tissue[order]), field.at(x_mm)


def place_count(wells: int) -> int:
    """Q for a fit of so many wells."""
    return max(wells, min(TIMES * wells, MOST))
