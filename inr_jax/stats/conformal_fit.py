"""Calibration of intervals on held-out wells; equations and nouns in `conformal`.

Genes are looked at some at a time, so that residuals of a transcriptome are in memory
once, in the precision in which they came.

Axis letters: N wells, G genes, M = 3 matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from inr_jax.brain.matter import GREY, MATTERS
from inr_jax.brain.space import folded
from inr_jax.samples.gene_blocks import gene_blocks, is_large
from inr_jax.stats.conformal import LEVEL, Calibration, observed_of, sd_of
from inr_jax.stats.local_scale import WIDTHS_MM, Observed, best_width, local_scale
from inr_jax.stats.residuals import (
    HeldOut,
    residual_sd,
    sd_beyond,
    squared_residual,
)


class DonorSums(NamedTuple):
    """What calibrations on any of the same donors share, of many genes.

    Attributes:
        donors: `(D,)` integers.
        wells: `(D,)` of grey matter.
        square: `(D, G)` sums over these of squared residuals.
        spread: `(D, G)` likewise of squared spreads.
        beyond: `(N, G)` float32, squared residual less squared spread.
    """

    donors: np.ndarray
    wells: np.ndarray
    square: np.ndarray
    spread: np.ndarray
    beyond: np.ndarray

    def residual_sd(self, donors: np.ndarray) -> np.ndarray:
        """sigma `(G,)` of the grey matter of some donors."""
        rows = np.isin(self.donors, donors)
        count = self.wells[rows].sum()
        square, spread = (a[rows].sum(0) / count for a in (self.square, self.spread))
        return sd_beyond(square, spread)


def sums_of(held_out: HeldOut) -> DonorSums | None:
    """Sums by donor; None where genes are few, or a donor has no grey matter."""
    donors, shape = np.unique(held_out.donor), held_out.residual.shape
    grey = [(held_out.donor == d) & (held_out.matter == GREY) for d in donors]
    wells = np.array([rows.sum() for rows in grey])
    if not is_large(*shape) or not wells.all():
        return None
    sums, beyond = np.empty((2, len(donors), shape[1])), np.empty(shape, np.float32)
    for genes in gene_blocks(*shape):
        whole = held_out.part(np.ones(shape[0], bool), genes)
        squares = whole.residual**2, whole.spread**2
        beyond[:, genes] = squares[0] - squares[1]
        for total, square in zip(sums, squares, strict=True):
            total[:, genes] = [square[rows].sum(0) for rows in grey]
    return DonorSums(donors, wells, sums[0], sums[1], beyond)


def calibrate(
    held_out: HeldOut,
    *,
    mirror: bool,
    widths_mm: Sequence[float] = WIDTHS_MM,
    rows: np.ndarray | None = None,
    sums: DonorSums | None = None,
) -> Calibration:
    """Residual sd, local scale, quantile and factors from held-out wells.

    The kernel's width is the one whose h, learned on the other donors of `held_out`,
    tells a donor's squared residuals best; with one donor, the largest.

    Args:
        held_out: N wells; of other donors than the intervals are made for.
        mirror: Whether left and right are one.
        widths_mm: To choose from, mm.
        rows: `(N,)` mask of the wells to calibrate on; None takes all.
        sums: `sums_of` the same wells, where several calibrations share them.
    """
    sums = sums_of(held_out) if sums is None else sums
    x_mm = folded(np.asarray(held_out.support.x_mm, np.float64), mirror)
    held_out = held_out._replace(support=held_out.support._replace(x_mm=x_mm))
    rows = np.ones(len(held_out.donor), bool) if rows is None else rows
    folds = []
    for donor, rest in _folds(held_out.donor, rows):
        known = _scales(held_out, rest, sums)
        squared = _squared(held_out, donor, known.residual_sd, sums)
        folds.append((donor, known, squared))
    observed = [(observed_of(known), donor) for _, known, donor in folds]
    width_mm = best_width(observed, widths_mm)
    at_wells = []
    for donor, known, _ in folds:
        support = held_out.support.take(donor)
        h = local_scale(observed_of(known), support.x_mm, width_mm=width_mm)
        at_wells.append((donor, known.residual_sd, support.mean(h)))
    quantile, matter_factor = _quantiles(held_out, rows, at_wells)
    return _scales(held_out, rows, sums)._replace(
        quantile=quantile,
        matter_factor=matter_factor,
        width_mm=width_mm,
        mirror=mirror,
    )


def conformal_quantile(scores: np.ndarray, level: float) -> np.ndarray:
    """The ceil((n + 1) level)-th smallest of n scores, `(n, G)` to `(G,)`.

    The largest where that is beyond n (fewer than level / (1 - level) scores), which
    then covers n / (n + 1) alone.
    """
    n = len(scores)
    rank = min(int(np.ceil((n + 1) * level - 1e-9)), n)
    return np.partition(scores, rank - 1, axis=0)[rank - 1]


def _quantiles(
    held_out: HeldOut, rows: np.ndarray, at_wells: list[tuple]
) -> tuple[np.ndarray, np.ndarray]:
    """q `(G,)` of grey matter and f `(M,)`, from scores |residual| / s of wells.

    Args:
        held_out: N wells.
        rows: `(N,)` mask of those that count.
        at_wells: Of each fold its wells, a mask, with sigma `(G,)` and h of those.
    """
    grey, matter = held_out.grey(rows), held_out.matter
    quantiles, ratios = [], []
    for block in gene_blocks(*held_out.residual.shape):
        scores = np.empty((len(rows), len(range(*block.indices(len(at_wells[0][1]))))))
        for donor, sigma, h in at_wells:
            part = held_out.part(donor, block)
            scores[donor] = abs(part.residual) / sd_of(sigma[block], h, part.spread)
        quantile = conformal_quantile(scores[grey], LEVEL)
        least = np.maximum(quantile, np.finfo(np.float32).tiny)
        quantiles.append(quantile)
        ratios.append(scores[rows & ~grey] / least)
    factor = np.ones(len(MATTERS))
    for number in np.unique(matter[rows & ~grey]):
        of = matter[rows & ~grey] == number
        pooled = np.concatenate([ratio[of].reshape(-1, 1) for ratio in ratios])
        factor[number] = conformal_quantile(pooled, LEVEL)[0]
    return np.concatenate(quantiles), factor


def _folds(donor: np.ndarray, rows: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Masks of a donor's wells and of the rest; a single donor is its own rest."""
    donors = np.unique(donor[rows])
    if len(donors) == 1:
        return [(rows, rows)]
    return [((donor == number) & rows, (donor != number) & rows) for number in donors]


def _scales(held_out: HeldOut, rows: np.ndarray, sums: DonorSums | None) -> Calibration:
    """Residual sd and squared residuals of grey matter; the rest is still open."""
    grey, blocks = held_out.grey(rows), gene_blocks(*held_out.residual.shape)
    if sums is None:
        sigma = np.concatenate([residual_sd(held_out.part(grey, b)) for b in blocks])
    else:
        sigma = sums.residual_sd(np.unique(held_out.donor[grey]))
    support, squared = _squared(held_out, rows, sigma, sums)
    return Calibration(
        residual_sd=sigma,
        quantile=np.ones_like(sigma),
        x_mm=support.x_mm,
        size=support.size,
        squared_residual=squared,
        width_mm=np.inf,
        matter_factor=np.ones(len(MATTERS)),
        mirror=False,
    )


def _squared(
    held_out: HeldOut, rows: np.ndarray, sigma: np.ndarray, sums: DonorSums | None
) -> Observed:
    """Squared residuals of the grey matter of wells, and where it lies."""
    grey, squared = held_out.grey(rows), np.zeros(0)
    if sums is not None:
        weight = (1 / sigma**2 / len(sigma)).astype(np.float32)
        return Observed(
            held_out.support.take(grey), (sums.beyond @ weight)[grey].astype(float)
        )
    for block in gene_blocks(*held_out.residual.shape):
        mean = squared_residual(held_out.part(grey, block), sigma[block])
        mean *= len(sigma[block]) / len(sigma)
        squared = squared + mean if len(squared) else mean
    return Observed(held_out.support.take(grey), squared)
