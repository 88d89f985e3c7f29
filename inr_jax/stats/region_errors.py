"""How far the mean of a region may be off, from residuals of donors never seen.

Nouns:
    group: the wells of one donor in one region; R its mean residual, n its wells.
    deviation: of a donor's region from that of the mean donor, e, noise included.
    misfit: what all donors' residuals in a region have in common, b: the model's own
        error there.

A fit of D donors is taken as the truth plus b plus the mean of their deviations, so
that leaving donor d out leaves the residual

    R_dr = e_dr - b_r - mean over the other donors of e_r,
    E R_dr R_d'r = b^2 - e^2 D / (D - 1)^2        (d not d')
    E R_dr^2     = b^2 + e^2 D / (D - 1),

from which b^2 and e^2 follow by moments, gene by gene, over all regions with two
donors. The variance of a region's mean is then spread^2 + b^2 + e^2 / D, with the
spread over the members of the ensemble: the first two are what the model does not
know of the region, the last that few donors stand for all. A new donor's region
deviates by v beside, e^2 less the noise of its few wells.

Intervals of a normal law with these variances hold too much where a few regions are
much harder than the rest; q, the 90 % quantile of |R| over its standard deviation, over
1.645, makes them hold 90 % of donors' means.

Genes share what their regions can tell: b^2 / total and e^2 / total are drawn to the
mean over genes, as if `PSEUDO_REGIONS` regions had told it.

Axis letters: N wells, L regions, K groups, G genes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from inr_jax.stats.conformal import LEVEL, NORMAL_90

LEAST_REGIONS, LEAST_DONORS = 5, 2  # that a calibration needs
PSEUDO_REGIONS = 20.0
TINY = float(np.finfo(np.float32).tiny)


class Groups(NamedTuple):
    """Wells of a donor in a region.

    Attributes:
        region: `(K,)` integers.
        donor: `(K,)` integers.
        wells: `(K,)` n.
        residual: `(K, G)` R.
        within: `(K, G)` sums of squares of the wells' residuals about R.
    """

    region: np.ndarray
    donor: np.ndarray
    wells: np.ndarray
    residual: np.ndarray
    within: np.ndarray

    def take(self, rows: np.ndarray) -> Groups:
        """The groups of `rows`, a mask `(K,)`."""
        return Groups(*(array[rows] for array in self))


class RegionErrors(NamedTuple):
    """Variances of G genes, squares of the units of the source.

    Attributes:
        misfit: `(G,)` b^2.
        deviation: `(G,)` e^2, of a group with as many wells as the average.
        donor: `(G,)` v, of a donor's region without the noise of its wells.
        noise: `(G,)` of a single well within its group.
        donors: D.
        scale: q, by which standard deviations are multiplied.
    """

    misfit: np.ndarray
    deviation: np.ndarray
    donor: np.ndarray
    noise: np.ndarray
    donors: int
    scale: float = 1.0


def groups_of(residual: np.ndarray, donor: np.ndarray, inside: np.ndarray) -> Groups:
    """Group wells by donor and region.

    Args:
        residual: `(N, G)` measured less predicted, units of the source.
        donor: `(N,)` integers.
        inside: `(N, L)` bool; a well may be in two regions, of the left and right.
    """
    keys: list[tuple[int, int]] = []
    means, within, wells_of = [], [], []
    for region in range(inside.shape[1]):
        for number in np.unique(donor[inside[:, region]]):
            rows = inside[:, region] & (donor == number)
            wells = residual[rows].astype(np.float64)
            keys.append((region, int(number)))
            wells_of.append(len(wells))
            means.append(wells.mean(0))
            within.append(((wells - means[-1]) ** 2).sum(0))
    genes = residual.shape[1]
    of = np.array(keys, int).reshape(-1, 2)
    residuals, squares = (np.array(t).reshape(-1, genes) for t in (means, within))
    return Groups(of[:, 0], of[:, 1], np.array(wells_of, int), residuals, squares)


def region_errors(groups: Groups) -> RegionErrors | None:
    """Variances from groups; None where these are too few to tell them."""
    donors = len(np.unique(groups.donor))
    per_region = np.bincount(groups.region, minlength=1)
    told = np.flatnonzero(per_region >= LEAST_DONORS)
    if donors < LEAST_DONORS or len(told) < LEAST_REGIONS:
        return None
    kept = groups.take(np.isin(groups.region, told))
    total = np.maximum((kept.residual**2).mean(0), TINY)
    freedom = max(1, int((kept.wells - 1).sum()))
    noise = kept.within.sum(0) / freedom
    common = _common(kept)
    ratio = donors / (donors - 1)
    deviation = (total - common) / ratio**2
    misfit = common + deviation * ratio / (donors - 1)
    of_well = noise * (1 / kept.wells).mean()
    shares = [_drawn(part / total, len(told)) for part in (misfit, deviation, of_well)]
    misfit, deviation, of_well = (np.maximum(share, 0) * total for share in shares)
    donor = np.maximum(deviation - of_well, 0)
    return RegionErrors(misfit, deviation, donor, noise, donors)


def region_sd(errors: RegionErrors, spread: np.ndarray) -> np.ndarray:
    """Standard deviation `(L, G)` of means of regions, from their spread `(L, G)`."""
    variance = spread**2 + errors.misfit + errors.deviation / errors.donors
    return errors.scale * np.sqrt(variance)


def scaled(
    errors: RegionErrors, groups: Groups, spread: np.ndarray, level: float = LEVEL
) -> RegionErrors:
    """The errors with the scale at which intervals hold the groups they are made of.

    Variances are means over regions, some of which are harder than others, so that
    the intervals of a normal law may hold more or less than they should.

    Args:
        errors: Of these groups.
        groups: K groups.
        spread: `(L, G)`.
        level: Share of groups and genes that the intervals are to hold.
    """
    left_out = errors._replace(donors=errors.donors - 1)  # as each was predicted
    score = abs(groups.residual) / _group_sd(left_out, groups, spread)
    return errors._replace(scale=float(np.quantile(score, level)) / NORMAL_90)


def _group_sd(errors: RegionErrors, groups: Groups, spread: np.ndarray) -> np.ndarray:
    """Standard deviation `(K, G)` of a new donor's mean over so many wells."""
    sd = region_sd(errors._replace(scale=1.0), spread[groups.region])
    noise = errors.noise / groups.wells[:, None]
    variance = sd**2 + errors.donor + noise
    return errors.scale * np.sqrt(np.maximum(variance, TINY))


def held_out_coverage(groups: Groups, spread: np.ndarray) -> float:
    """How often a donor's mean over a region's wells is in its 90 % interval.

    The intervals are of the other donors' errors, with the deviation of a donor and
    the noise of the wells in the group.

    Args:
        groups: K groups.
        spread: `(L, G)`.

    Returns:
        The share, over groups and genes; NaN where the others tell no errors.
    """
    inside = []
    for donor in np.unique(groups.donor):
        errors = region_errors(groups.take(groups.donor != donor))
        if errors is None:
            continue
        held = groups.take(groups.donor == donor)
        errors = scaled(errors, groups.take(groups.donor != donor), spread)
        sd = _group_sd(errors, held, spread)
        inside.append(abs(held.residual) <= NORMAL_90 * sd)
    return float(np.concatenate(inside).mean()) if inside else float("nan")


def _common(groups: Groups) -> np.ndarray:
    """`(G,)` mean of R_d R_d' over regions and pairs of donors."""
    regions = int(groups.region.max()) + 1
    sums, squares = np.zeros((2, regions, groups.residual.shape[1]))
    np.add.at(sums, groups.region, groups.residual)
    np.add.at(squares, groups.region, groups.residual**2)
    donors = np.bincount(groups.region, minlength=regions)
    return (sums**2 - squares).sum(0) / (donors * (donors - 1)).sum()


def _drawn(share: np.ndarray, regions: int) -> np.ndarray:
    """Shares `(G,)` of genes drawn to their mean."""
    weight = regions / (regions + PSEUDO_REGIONS)
    return weight * share + (1 - weight) * share.mean()
