"""How often 90 % intervals hold what was measured in a donor not calibrated on.

For every donor, the intervals of its wells are calibrated on the other donors'
held-out residuals alone. Those residuals come from the leave-one-donor-out fits, of
which all but one have seen the donor: as in CV+ (Barber et al. 2021), where residuals
of folds serve points that are in the other folds. The strict form, in which not one
number has to do with the donor, takes a fit for every pair of donors;
benchmarks/coverage.py makes both.

Nouns:
    part: cortex, subcortex, cerebellum or brainstem (brain/divisions.py).
    range: how far from data the model has been validated, mm.
Axis letters: N wells, G genes, V sites.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from inr_jax.brain.divisions import NO_PART, PARTS
from inr_jax.samples.samples import Samples
from inr_jax.stats.conformal import (
    NORMAL_90,
    HeldOut,
    calibrate,
    held_out_sd,
)
from inr_jax.stats.neighbours import nearest_distance_mm
from inr_jax.stats.predictor import Prediction

OVERALL = "overall"
# Of the distances of held-out wells to the nearest other donor's: the farthest few
# are too few to have validated anything.
RANGE_QUANTILE = 0.95


def held_out_wells(samples: Samples, prediction: Prediction) -> HeldOut:
    """Residuals and spreads of held-out predictions; mirrored copies left out.

    Args:
        samples: N wells.
        prediction: `(N, G)`, each well by a fit that has not seen it.

    Raises:
        ValueError: The prediction has no spread.
    """
    if prediction.spread is None:
        raise ValueError(
            "held-out wells: expected a prediction with spread, found none"
        )
    residual = samples.values - prediction.mean
    wells = HeldOut(residual, prediction.spread, samples.donor, samples.points())
    return wells.take(~samples.mirrored)


def donor_intervals(
    held: HeldOut,
    *,
    mirror: bool,
    calibrating: Callable[[int], HeldOut] | None = None,
) -> np.ndarray:
    """Half widths `(N, G)` of each donor's 90 % intervals, units of the source.

    Args:
        held: N wells of two donors or more.
        mirror: Whether left and right are one.
        calibrating: A donor to what its intervals are calibrated on; the other
            donors of `held` where it is not given.
    """
    half = np.empty(held.residual.shape)
    for donor in np.unique(held.donor):
        rows = held.donor == donor
        rest = calibrating(int(donor)) if calibrating else held.take(~rows)
        calibration = calibrate(rest, mirror=mirror)
        half[rows] = held_out_sd(calibration, held.take(rows))
    return NORMAL_90 * half


def coverage(inside: np.ndarray, part: np.ndarray) -> dict[str, dict[str, float]]:
    """Share of measurements in their intervals, overall and by part of the brain.

    Args:
        inside: `(N, G)` bool.
        part: `(N,)` rows of `PARTS`, or `NO_PART`.

    Returns:
        "overall", then parts that have wells, to {"coverage", "wells"}.
    """
    wells = {OVERALL: np.ones(len(part), bool)}
    wells |= {name: part == number for number, name in enumerate(PARTS)}
    if (part != NO_PART).any():
        wells["elsewhere"] = part == NO_PART
    return {
        name: {"coverage": round(float(inside[at].mean()), 4), "wells": int(at.sum())}
        for name, at in wells.items()
        if at.any()
    }


def coverage_table(shares: dict[str, dict[str, float]], title: str) -> str:
    """A line a part, for a terminal."""
    width = max(map(len, shares))
    lines = [f"90 % intervals, {title}", f"{'part':<{width}}  covered  wells"]
    for name, row in shares.items():
        lines.append(f"{name:<{width}}  {row['coverage']:>7.1%}  {row['wells']:>5}")
    return "\n".join(lines)


def validated_range_mm(samples: Samples, *, mirror: bool) -> float:
    """The 95th percentile of held-out wells' distances to the nearest training well.

    Of a value with a support: the mean over its points, each to the nearest point of
    any training well.

    Args:
        samples: Wells of two donors or more.
        mirror: Whether a well also counts on the other side.
    """
    distance, points = np.empty(len(samples.well)), samples.points()
    for donor in np.unique(samples.donor):
        rows = samples.donor == donor
        held, known_mm = points.take(rows), points.take(~rows).x_mm
        apart = nearest_distance_mm(known_mm, held.x_mm, mirror=mirror)
        distance[rows] = held.mean(apart)
    return float(np.quantile(distance[~samples.mirrored], RANGE_QUANTILE))
