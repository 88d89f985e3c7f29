"""Where held-out donors have tested a map: how far from samples, in which matter.

Nouns:
    range: how far from samples the model has been tested, mm.
    matter: grey matter, white matter or spaces (brain/matter.py).

Axis letters: N wells, G genes, P points of supports, V places. Frame: mm (MNI152 RAS).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from inr_jax.brain.matter import GREY, MATTERS
from inr_jax.samples.samples import Samples
from inr_jax.stats.matters import matter_at, matter_of
from inr_jax.stats.neighbours import nearest_distance_mm

# Of the distances of held-out wells to the nearest other donor's: the farthest few
# are too few to have validated anything.
RANGE_QUANTILE = 0.95
# An interval as wide as the largest of n residuals holds the next in n of n + 1 cases:
# six are the fewest that promise 85 % (Vovk 2012, arXiv 1209.2673, proposition 1).
LEAST_WELLS, LEAST_DONORS, LEAST_COVERAGE = 6, 3, 0.85


class Validity(NamedTuple):
    """What places are compared with.

    Attributes:
        range_mm: The range.
        matters: Of `evidence_by_matter`.
        points_mm: `(P, 3)` points of all samples, MNI mm.
        grey_mm: `(P, 3)` those of samples of grey matter.
        mirror: Whether a sample also counts on the other side.
    """

    range_mm: float
    matters: dict[str, dict]
    points_mm: np.ndarray
    grey_mm: np.ndarray
    mirror: bool

    def at(self, x_mm: np.ndarray) -> np.ndarray:
        """Whether `(V,)` places `(V, 3)` are in range and in validated matter."""
        distance_mm = nearest_distance_mm(self.points_mm, x_mm, mirror=self.mirror)
        tested = np.array([self.matters[name]["validated"] for name in MATTERS])
        matter = matter_at(x_mm, self.grey_mm, mirror=self.mirror)
        return (distance_mm <= self.range_mm) & tested[matter]


def make_validity(
    samples: Samples, range_mm: float, matters: dict[str, dict] | None, *, mirror: bool
) -> Validity:
    """The validity of a model of samples.

    Args:
        samples: N wells.
        range_mm: The range.
        matters: Of `evidence_by_matter`; None counts wells and donors alone.
        mirror: Whether a sample also counts on the other side.
    """
    points, matter = samples.points(), matter_of(samples)
    if matters is None:
        count = ~samples.mirrored
        matters = evidence_by_matter(matter[count], samples.donor[count])
    grey_mm = points.take(matter == GREY).x_mm
    return Validity(range_mm, matters, points.x_mm, grey_mm, mirror)


def evidence_by_matter(
    matter: np.ndarray, donor: np.ndarray, inside: np.ndarray | None = None
) -> dict[str, dict]:
    """What is known of each matter, and whether that is enough to validate it.

    Args:
        matter: `(N,)` rows of `MATTERS`, of held-out wells.
        donor: `(N,)` integers.
        inside: `(N, G)` whether values were in their 90 % intervals; None where no
            intervals were made, which then tell nothing against a matter.

    Returns:
        Name of a matter -> "wells", "donors", "coverage" (None without wells or
        intervals), "validated". Grey matter always is: samples are of it.
    """
    rows = {}
    for number, name in enumerate(MATTERS):
        at = matter == number
        wells, donors = int(at.sum()), len(np.unique(donor[at]))
        coverage = None
        if inside is not None and wells:
            coverage = round(float(inside[at].mean()), 4)
        enough = wells >= LEAST_WELLS and donors >= LEAST_DONORS
        held = coverage is None or coverage >= LEAST_COVERAGE
        rows[name] = {
            "wells": wells,
            "donors": donors,
            "coverage": coverage,
            "validated": number == GREY or (enough and held),
        }
    return rows


def left_out(matters: dict[str, dict]) -> str:
    """The matters that are not validated, and why, for a line; "" for none."""
    return "; ".join(
        f"{name}: {_why(row)}" for name, row in matters.items() if not row["validated"]
    )


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


def _why(row: dict) -> str:
    if row["wells"] < LEAST_WELLS or row["donors"] < LEAST_DONORS:
        return f"{row['wells']} samples of {row['donors']} donors"
    return f"intervals held {row['coverage']:.0%} of {row['wells']} samples"
