"""Kriging on what networks are fitted to: the row that a field has to beat.

Most of what a network gains over kriging it gains by its targets, wells cleaned of
noise (`targets.blup_targets`). So kriging gets the same targets, supports and
coordinates; its length and nugget are chosen by nested validation: each training donor
is predicted from targets of the others, and the best mean r over genes wins. More than
`GROUPS` donors are dealt to so many groups. With one donor nothing is chosen.

Axis letters: N training wells, V sites, G genes, C covariances.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from inr_jax.samples.samples import Samples
from inr_jax.samples.sites import Sites
from inr_jax.samples.standardise import Standardiser, standardiser
from inr_jax.stats.kernels import mean_matern32
from inr_jax.stats.kriging import (
    START,
    STRUCTURE_LENGTH_MM,
    covariance_between,
    kriging,
    kriging_anatomy,
)
from inr_jax.stats.normal_law import one_thread, solved
from inr_jax.stats.predictor import Prediction
from inr_jax.stats.scores import score
from inr_jax.stats.soft_structures import structure_covariances
from inr_jax.stats.targets import targets_of

LENGTHS_MM = (8.0, 12.0, 20.0)
NUGGETS = (0.05, 0.1, 0.2, 0.4)  # variance of noise over that of the signal
GROUPS = 6  # of training donors at most; a nugget grows where many are left out
CHOSEN_ON = 1000  # wells that constants are chosen on, about; time grows as N^3
HASH = 2654435761  # odd, 2^32 over the golden ratio (Knuth 1998, section 6.4)


def kriging_targets(samples: Samples, sites: Sites, *, mirror: bool) -> Prediction:
    """Kriging by place alone on cleaned targets; arguments as any baseline's."""
    thinned = chosen_on(samples)
    points = thinned.points().folded(mirror)
    kernels = [mean_matern32(points, points, length_mm) for length_mm in LENGTHS_MM]
    row, nugget, _ = choose(thinned, kernels, mirror=mirror)
    length_mm = LENGTHS_MM[row]
    wells = with_targets(samples, mirror)
    mean = kriging(wells, sites, mirror=mirror, length_mm=length_mm, nugget=nugget).mean
    return Prediction(mean)


def kriging_anatomy_targets(
    samples: Samples, sites: Sites, *, mirror: bool
) -> Prediction:
    """Kriging by place and structure on cleaned targets."""
    thinned, signal = chosen_on(samples), START[:3]
    sites_of_wells = thinned.sites()
    kernel = covariance_between(
        sites_of_wells,
        sites_of_wells,
        signal,
        length_mm=STRUCTURE_LENGTH_MM,
        mirror=mirror,
    )
    kernel /= sum(signal)
    nugget = choose(thinned, [kernel], mirror=mirror).nugget
    variances = (*signal, nugget * sum(signal))
    wells = with_targets(samples, mirror)
    return Prediction(
        kriging_anatomy(wells, sites, mirror=mirror, variances=variances).mean
    )


def chosen_on(samples: Samples) -> Samples:
    """All wells, or of more than `CHOSEN_ON` about so many as may be.

    Which of them follows from their ids alone. So what is left of these wells without
    two donors is the same whichever of the two an evaluation holds out, and targets of
    it are made once.
    """
    count = len(samples.well)
    if count <= CHOSEN_ON:
        return samples
    bits = int(np.ceil(np.log2(count / CHOSEN_ON)))  # 2^bits wells to each that stays
    spread = samples.well.astype(np.uint64) * np.uint64(HASH) & np.uint64(2**32 - 1)
    stays = spread >> np.uint64(32 - bits) == 0
    return samples.take(stays)


class Choice(NamedTuple):
    """What tells groups of donors best from the others.

    Attributes:
        row: Of the covariance.
        nugget: Variance of noise over that of the signal.
        variance: Of the effects of structures, over that of the signal.
    """

    row: int
    nugget: float
    variance: float = 0.0


def choose(
    samples: Samples,
    kernels: Sequence[np.ndarray],
    *,
    mirror: bool,
    variances: Sequence[float] = (),
) -> Choice:
    """The constants that tell groups of donors best from the others, by mean r.

    Args:
        samples: N wells.
        kernels: C covariances `(N, N)` of them, of variance 1.
        mirror: Whether left and right are one.
        variances: Of the effects of structures (`soft_structures`) to try beside none,
            with the covariance that is best without.

    Returns:
        The middle covariance and nugget, and the first variance, where there is one
        donor, or too few wells to hold a group out.
    """
    _, donor, wells = np.unique(samples.donor, return_inverse=True, return_counts=True)
    count = min(GROUPS, len(wells))
    dealt = np.empty(len(wells), np.int64)  # the donor of most wells first
    dealt[np.argsort(-wells, kind="stable")] = np.arange(len(wells)) % count
    group = dealt[donor]
    if count < 2 or min(np.bincount(group)) < 2:
        return Choice(len(kernels) // 2, NUGGETS[1], *variances[:1])
    structures = bool(variances) and bool((samples.structure >= 0).any())
    folds = [
        _without(samples, group == number, mirror, structures=structures)
        for number in range(count)
    ]

    def scores(kernel: np.ndarray, variance: float = 0.0) -> list[float]:
        return [
            float(score(samples.values, predicted).r.mean())
            for predicted in _predicted(kernel, folds, variance)
        ]

    r = np.array([scores(kernel) for kernel in kernels])
    row = int(np.argmax(r.max(1)))
    tried = (0.0, *variances) if structures else (0.0,)
    r = np.array([r[row], *(scores(kernels[row], v) for v in tried[1:])])
    best = np.unravel_index(np.argmax(r), r.shape)
    return Choice(row, NUGGETS[best[1]], tried[best[0]])


class Fold(NamedTuple):
    """A group of donors that is held out.

    Attributes:
        held: `(N,)` bool, its wells.
        standard: `(n, G)` targets of the others, standard units.
        units: Those of the targets.
        shared: What structures of variance 1 add to covariances of the others, and of
            the held-out wells with them; 0 where they are not asked for.
    """

    held: np.ndarray
    standard: np.ndarray
    units: Standardiser
    shared: tuple[np.ndarray | float, np.ndarray | float] = (0.0, 0.0)


def _predicted(
    kernel: np.ndarray, folds: Sequence[Fold], variance: float
) -> Iterator[np.ndarray]:
    """Values `(N, G)` told by a covariance `(N, N)`, for each of the `NUGGETS`.

    Effects of structures have this variance beside it.
    """
    parts = [
        (
            kernel[np.ix_(~fold.held, ~fold.held)] + variance * fold.shared[0],
            kernel[np.ix_(fold.held, ~fold.held)] + variance * fold.shared[1],
        )
        for fold in folds
    ]
    predicted = np.empty((len(kernel), folds[0].standard.shape[1]))
    for nugget in NUGGETS:
        with one_thread():
            for fold, (within, between) in zip(folds, parts, strict=True):
                noisy = within.copy()
                noisy[np.diag_indices(len(noisy))] += nugget
                at_held = between @ solved(noisy, fold.standard)
                predicted[fold.held] = fold.units.values(at_held)
        yield predicted


def _without(
    samples: Samples, held: np.ndarray, mirror: bool, *, structures: bool
) -> Fold:
    """The fold that holds out some wells `(N,)` bool."""
    training = samples.take(~held)
    targets = with_targets(training, mirror).values
    units = standardiser(targets)
    standard = units.standard(np.asarray(targets, np.float64))
    if not structures:
        return Fold(held, standard, units)
    sites = samples.take(held).sites()
    shared = structure_covariances(training, sites, mirror=mirror)
    return Fold(held, standard, units, shared)


def with_targets(samples: Samples, mirror: bool) -> Samples:
    """The wells with their targets in place of their values, units of the source."""
    units = standardiser(samples.values)
    # As networks standardise them: the targets of a fold are made once for both.
    standard = units.standard(samples.values)
    targets, _ = targets_of(samples, standard, mirror=mirror)
    return dataclasses.replace(samples, values=units.values(targets))
