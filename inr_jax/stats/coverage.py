"""How often 90 % intervals hold what was measured in a donor not calibrated on.

For every donor, the intervals of its wells are calibrated on the other donors'
held-out residuals alone. Those residuals come from the leave-one-donor-out fits, of
which all but one have seen the donor: as in CV+ (Barber et al. 2021), where residuals
of folds serve points that are in the other folds. The strict form, in which not one
number has to do with the donor, takes a fit for every pair of donors;
benchmarks/coverage.py makes both.

Nouns:
    part: of the brain, as cortex or white matter (brain/divisions.py).
Axis letters: N wells, G genes, V sites.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from inr_jax.brain.divisions import NO_PART, PARTS
from inr_jax.samples.gene_blocks import gene_blocks
from inr_jax.stats.conformal import NORMAL_90, held_out_sd
from inr_jax.stats.conformal_fit import calibrate, sums_of
from inr_jax.stats.residuals import HeldOut

OVERALL = "overall"


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
    half = np.empty(held.residual.shape, held.residual.dtype)
    sums = None if calibrating else sums_of(held)
    for donor in np.unique(held.donor):
        rows = held.donor == donor
        if calibrating is None:
            calibration = calibrate(held, mirror=mirror, rows=~rows, sums=sums)
        else:
            calibration = calibrate(calibrating(int(donor)), mirror=mirror)
        half[rows] = held_out_sd(calibration, held, rows)
    half *= NORMAL_90
    return half


def inside_of(held: HeldOut, half: np.ndarray) -> np.ndarray:
    """Whether `(N, G)` measurements are in intervals of half widths `(N, G)`."""
    inside = np.empty(half.shape, bool)
    for block in gene_blocks(*half.shape):
        inside[:, block] = abs(held.residual[:, block]) <= half[:, block]
    return inside


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
