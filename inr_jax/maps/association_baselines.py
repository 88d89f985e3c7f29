"""Null maps of other packages, to compare with ours: an optional extra each.

At wells Moran spectral randomisation (Wagner & Dray 2015, doi:10.1111/2041-210X.12407)
as BrainSpace has it, with inverse distances as weights; at regions variogram matching
(Burt et al. 2020, doi:10.1016/j.neuroimage.2020.117038) as brainsmash has it. Both are
given what is left of the map after the same removal as everything else.

Axis letters: n places of a level, G genes, B null maps. Frame: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

import numpy as np

from inr_jax.errors import InputError
from inr_jax.maps.association import Seen
from inr_jax.stats.association import correlations

NEAR_MM = 0.5  # places closer than that are taken so far apart
# Name of a baseline -> its level, and the column of its p.
BASELINES = {
    "moran": ("well", "p_well_moran"),
    "brainsmash": ("region", "p_region_brainsmash"),
}


def baseline_p(
    name: str, seen: Seen, y: np.ndarray, *, total: int, seed: int
) -> np.ndarray:
    """p `(G,)` of every gene under a baseline's null maps.

    Args:
        name: Of `BASELINES`.
        seen: The baseline's level.
        y: `(M,)` the map at nodes, or regions.
        total: B.
        seed: Of null maps.

    Raises:
        InputError: The package is not installed.
    """
    assert seen.x_mm is not None  # levels of wells and regions have places
    at = np.asarray(seen.values(np.asarray(y, np.float32)[:, None]), np.float64)
    basis = seen.level.basis
    left = at - basis @ (basis.T @ at)
    draw = {"moran": moran_nulls, "brainsmash": brainsmash_nulls}[name]
    nulls = correlations(seen.level, draw(seen.x_mm, left[:, 0], total, seed))
    size = abs(correlations(seen.level, left))
    return (1 + (abs(nulls) >= size - 1e-12).sum(1)) / (1 + total)


def distances_mm(x_mm: np.ndarray) -> np.ndarray:
    """`(n, n)` between places, 0 from each to itself alone."""
    from scipy.spatial.distance import cdist

    apart = np.maximum(cdist(x_mm, x_mm), NEAR_MM)
    np.fill_diagonal(apart, 0)
    return apart


def moran_nulls(x_mm: np.ndarray, y: np.ndarray, total: int, seed: int) -> np.ndarray:
    """Null maps `(n, total)` of values `(n,)` by BrainSpace."""
    try:
        from brainspace.null_models import MoranRandomization
    except ImportError as error:
        raise _missing("moran", "brainspace") from error
    weight = distances_mm(x_mm)
    weight[weight > 0] = 1 / weight[weight > 0]
    nulls = MoranRandomization(n_rep=total, random_state=seed).fit(weight)
    return np.asarray(nulls.randomize(y)).T


def brainsmash_nulls(
    x_mm: np.ndarray, y: np.ndarray, total: int, seed: int
) -> np.ndarray:
    """Null maps `(n, total)` of values `(n,)` by brainsmash."""
    try:
        from brainsmash.mapgen.base import Base
    except ImportError as error:
        raise _missing("brainsmash", "brainsmash") from error
    return (
        np.asarray(Base(y, distances_mm(x_mm), seed=seed)(n=total)).reshape(total, -1).T
    )


def _missing(name: str, package: str) -> InputError:
    fix = "pip install 'inr_jax[nulls]', or leave this baseline out"
    where = f"associate.baselines={name}"
    return InputError(where, expected=package, found="none", fix=fix)
