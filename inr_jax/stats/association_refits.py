"""What correlations say beside null maps: of genes refitted without a donor, or drawn.

Maps of a linear model are features times weights, M = F A', so r of any weights a is

    r = (F' H y) . a / (|H y| sqrt(a' F' H F a)),

R numbers and an (R, R) matrix of the level. Weights refitted without each donor give an
interval by the jackknife of groups of unequal size (Busing, Meijer & van der Leeden
1999, doi:10.1023/A:1008800423698), on Fisher's z: with z of all N wells, z_(j) without
the m_j wells of donor j, and h_j = N / m_j,

    pseudo-values   t_j = h_j z - (h_j - 1) z_(j),
    their mean      z_J = K z - sum_j (1 - m_j / N) z_(j),
    variance        v = (1 / K) sum_j (t_j - z_J)^2 / (h_j - 1),

and tanh(z +- t_(K-1) sqrt(v)), t the 97.5 % quantile of Student's law.

Axis letters: n places of a level, R features, G genes, K donors, C kinds of genes,
B random genes of a kind.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from inr_jax.stats.association import Level, dot, squares
from inr_jax.stats.association_sets import MOST_R

COVER = 0.95
LEAST_DONORS = 3  # of which a jackknife says something
LEAST_MATCHED = 19  # genes, so that p can be .05


class Moments(NamedTuple):
    """All that r needs of a map at a level.

    Attributes:
        gram: `(R, R)` F' H F.
        inner: `(R,)` F' H y / |H y|; 0 for a constant map.
    """

    gram: np.ndarray
    inner: np.ndarray


def moments_of(level: Level, y: np.ndarray) -> Moments:
    """Of a map `(n,)` at a level whose genes are weights of features."""
    assert level.gram is not None  # levels of linear models have one
    z = np.asarray(y - np.mean(y), np.float32)[:, None]
    left = float(squares(z)[0] - np.square(dot(level.basis, z)).sum())
    flat = left <= 1e-10 * float(squares(z)[0])
    inner = dot(level.features, z)[:, 0]
    return Moments(level.gram, 0 * inner if flat else inner / np.sqrt(left))


def r_of_weights(moments: Moments, weights: np.ndarray) -> np.ndarray:
    """r `(G,)` of genes with weights `(G, R)`; 0 for a constant gene."""
    wide = np.asarray(weights, np.float64)
    square = np.einsum("gr,gr->g", wide @ moments.gram, wide)
    flat = square <= 0
    r = wide @ moments.inner / np.sqrt(np.where(flat, 1, square))
    return np.clip(np.where(flat, 0, r), -MOST_R, MOST_R)


def jackknife_interval(
    r: np.ndarray, everything: np.ndarray, without: np.ndarray, size: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Ends `(G,)` of a 95 % interval of r; NaN for fewer than `LEAST_DONORS`.

    Args:
        r: `(G,)` what the interval is about.
        everything: `(G,)` r of weights refitted to all wells.
        without: `(K, G)` of those refitted without each donor.
        size: `(K,)` wells of each donor.
    """
    from scipy.special import stdtrit

    donors = len(size)
    if donors < LEAST_DONORS:
        return np.full_like(r, np.nan), np.full_like(r, np.nan)
    z, z_without = np.arctanh(everything), np.arctanh(without)
    ratio = (size.sum() / size)[:, None]  # h
    pseudo = ratio * z - (ratio - 1) * z_without
    mean = donors * z - ((1 - 1 / ratio) * z_without).sum(0)
    variance = ((pseudo - mean) ** 2 / (ratio - 1)).mean(0)
    half = stdtrit(donors - 1, (1 + COVER) / 2) * np.sqrt(variance)
    centre = np.arctanh(np.clip(r, -MOST_R, MOST_R))
    return np.tanh(centre - half), np.tanh(centre + half)


def specific_p(r: np.ndarray, kind: np.ndarray, random: np.ndarray) -> np.ndarray:
    """p `(G,)`: how often a random gene of the same kind has so large an |r|.

    Args:
        r: `(G,)`.
        kind: `(G,)` rows of `random`.
        random: `(C, B)` r of random genes.
    """
    reached = (abs(random[kind]) >= abs(r)[:, None] - 1e-12).sum(1)
    return (1 + reached) / (1 + random.shape[1])


def matched_p(r: np.ndarray, score: np.ndarray, most: int = 100) -> np.ndarray:
    """p `(G,)`: share of genes as predictable that have so large an |r| (Wei 2022).

    Compared with the genes nearest in held-out r, a third of all and `most` at most;
    NaN for genes without a score, and where fewer than `LEAST_MATCHED` match.

    Args:
        r: `(G,)`.
        score: `(G,)` held-out r, NaN where it is not known.
        most: Genes to compare with at most.
    """
    p = np.full(len(r), np.nan)
    known = np.flatnonzero(np.isfinite(score))
    count = min(most, (len(known) - 1) // 3)
    if count < LEAST_MATCHED:
        return p
    size = abs(r)
    for gene in known:
        others = known[known != gene]
        apart = abs(score[others] - score[gene])
        near = others[np.argpartition(apart, count - 1)[:count]]
        p[gene] = (1 + (size[near] >= size[gene]).sum()) / (1 + count)
    return p
