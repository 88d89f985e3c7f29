"""Gaussian random fields on a lattice by circulant embedding: null models of a map.

A stationary covariance on a torus is diagonal in Fourier space, so a field costs one
FFT (Dietrich & Newsam 1997, doi:10.1137/S1064827592240555). The torus is the lattice of
a brain with `PAD_MM` around it. Where a covariance reaches further than that, some of
its eigenvalues are negative and set to 0; `realised` is the correlation that fields
then have, and what variograms are fitted with.

Nouns:
    lattice: voxels of a torus; a node is one of them.
    stable: the correlation exp(-(d / length)^shape), 0 < shape <= 2 (2 is Gaussian).
    pair: two fields, the real and the imaginary part of one transform.

Axis letters: I, J, K nodes along the axes of a lattice; M nodes in use. Distances mm.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

PAD_MM = 60.0  # negative eigenvalues of a Matern of 20 mm then sum to 1e-6
COARSE_MM = 6.0  # lattice on which reached correlations are looked up
WORKERS = -1  # of a transform, whose result does not depend on them


class Lattice(NamedTuple):
    """A torus of nodes.

    Attributes:
        shape: Nodes along the three axes.
        step_mm: `(3, 3)` columns are the steps along the axes, mm.
    """

    shape: tuple[int, int, int]
    step_mm: np.ndarray

    @property
    def size(self) -> int:
        """Number of nodes."""
        return math.prod(self.shape)

    def distance_mm(self) -> np.ndarray:
        """`(I, J, K)` float64 from the first node, the shorter way round, mm."""
        lags = [np.minimum(np.arange(n), n - np.arange(n)) for n in self.shape]
        signs = [
            np.where(np.arange(n) <= n - np.arange(n), 1, -1) * lag
            for n, lag in zip(self.shape, lags, strict=True)
        ]
        squares = 0.0
        for axis in self.step_mm:
            i, j, k = (s * c for s, c in zip(signs, axis, strict=True))
            squares = squares + (i[:, None, None] + j[:, None] + k) ** 2
        return np.sqrt(squares)


def make_lattice(
    extent: Sequence[int], step_mm: np.ndarray, pad_mm: float = PAD_MM
) -> Lattice:
    """The torus that holds `extent` nodes along each axis, and a pad.

    Args:
        extent: Nodes along the three axes.
        step_mm: `(3, 3)` columns are the steps along the axes, mm.
        pad_mm: What is left empty between one side and the other.
    """
    from scipy.fft import next_fast_len

    length = np.linalg.norm(step_mm, axis=0)
    i, j, k = (
        next_fast_len(int(n + math.ceil(pad_mm / mm)))
        for n, mm in zip(extent, length, strict=True)
    )
    return Lattice((i, j, k), np.asarray(step_mm, np.float64))


def stable(distance_mm: np.ndarray, length_mm: float, shape: float) -> np.ndarray:
    """exp(-(d / length)^shape), of distances of any form."""
    return np.exp(-((distance_mm / length_mm) ** shape))


def root_spectrum(lattice: Lattice, correlation: np.ndarray) -> np.ndarray:
    """`(I, J, K)` float32 that white noise is multiplied by in Fourier space.

    Args:
        lattice: The torus.
        correlation: `(I, J, K)` with the first node; 1 at that node.

    Returns:
        Roots of the eigenvalues, of fields of variance 1; 0 for negative ones.
    """
    from scipy.fft import fftn

    eigen = np.maximum(fftn(correlation, workers=WORKERS).real, 0)
    eigen *= lattice.size / eigen.sum()
    return np.sqrt(eigen / lattice.size).astype(np.float32)


def stable_root(lattice: Lattice, length_mm: float, shape: float) -> np.ndarray:
    """`root_spectrum` of a stable correlation."""
    return root_spectrum(lattice, stable(lattice.distance_mm(), length_mm, shape))


def realised(
    lattice: Lattice, length_mm: float, shape: float
) -> Callable[[np.ndarray], np.ndarray]:
    """The correlation that fields have, as a function of distances, mm.

    The stable one, and the mean difference that eigenvalues set to 0 make, on a
    coarse lattice of the same torus.
    """
    from scipy.fft import fftn, ifftn

    length = np.linalg.norm(lattice.step_mm, axis=0) * lattice.shape
    i, j, k = (max(2, round(side / COARSE_MM)) for side in length)
    torus = Lattice((i, j, k), np.diag(length / (i, j, k)))
    distance = torus.distance_mm()
    wanted = stable(distance, length_mm, shape)
    eigen = np.maximum(fftn(wanted).real, 0)
    reached = ifftn(eigen).real
    reached /= reached[0, 0, 0]
    bins = np.rint(distance / COARSE_MM).astype(int).ravel()
    change = np.bincount(bins, (reached - wanted).ravel()) / np.bincount(bins)
    knots = COARSE_MM * np.arange(len(change))

    def correlation(distance_mm: np.ndarray) -> np.ndarray:
        return stable(distance_mm, length_mm, shape) + np.interp(
            distance_mm, knots, change
        )

    return correlation


def white_pair(lattice: Lattice, seed: int, pair: int) -> np.ndarray:
    """Complex white noise `(I, J, K)` complex64 of a pair of fields, in Fourier space.

    It depends on the seed and the number of the pair alone.
    """
    generator = np.random.default_rng([seed, pair])
    parts = generator.standard_normal((*lattice.shape, 2), dtype=np.float32)
    return parts.view(np.complex64)[..., 0]


def field_pair(root: np.ndarray, white: np.ndarray) -> np.ndarray:
    """Two independent fields of variance 1 as real and imaginary part, complex64.

    Args:
        root: `(I, J, K)` of `root_spectrum`.
        white: `(I, J, K)` of `white_pair`.
    """
    from scipy.fft import fftn

    transform: Any = fftn(root * white, workers=WORKERS, overwrite_x=True)
    return transform


class Covariance(NamedTuple):
    """Of a map in one stratum: sill stable(d) + nugget, squared units of the map.

    Attributes:
        sill: Variance of the part that is correlated in space.
        nugget: Variance of the part that is not.
        length_mm: Of the stable correlation.
        shape: Of the stable correlation, 0 to 2.
    """

    sill: float
    nugget: float
    length_mm: float
    shape: float


class Nodes(NamedTuple):
    """The nodes that a map is known at.

    Attributes:
        lattice: The torus.
        flat: `(M,)` their numbers on it, in C order.
        stratum: `(M,)` rows of the strata.
        x_mm: `(M, 3)` where they lie.
    """

    lattice: Lattice
    flat: np.ndarray
    stratum: np.ndarray
    x_mm: np.ndarray


def roots_of(
    lattice: Lattice, covariances: Sequence[Covariance]
) -> list[tuple[np.ndarray, list[int]]]:
    """Each different root spectrum, and the strata that have it."""
    strata: dict[tuple[float, float], list[int]] = {}
    for row, part in enumerate(covariances):
        strata.setdefault((part.length_mm, part.shape), []).append(row)
    return [(stable_root(lattice, *key), rows) for key, rows in strata.items()]


def null_pair(
    nodes: Nodes,
    covariances: Sequence[Covariance],
    roots: list[tuple[np.ndarray, list[int]]],
    *,
    seed: int,
    pair: int,
) -> np.ndarray:
    """Two random maps at the nodes, `(M, 2)` float32.

    All strata are filtered from the same noise: with equal covariances the field is
    stationary across their borders.

    Args:
        nodes: Where.
        covariances: Of each stratum.
        roots: Of `roots_of`.
        seed: Of all fields.
        pair: The number of the pair.
    """
    white = white_pair(nodes.lattice, seed, pair)
    values = np.empty((len(nodes.flat), 2), np.float32)
    for root, strata in roots:
        inside = np.isin(nodes.stratum, strata)
        field = field_pair(root, white).ravel()[nodes.flat[inside]]
        values[inside] = field.view(np.float32).reshape(-1, 2)
    sill = np.array([part.sill for part in covariances], np.float32)
    values *= np.sqrt(sill)[nodes.stratum, None]
    nugget = np.array([part.nugget for part in covariances], np.float32)
    if nugget.any():
        generator = np.random.default_rng([seed, pair, 1])
        rough = generator.standard_normal(values.shape, dtype=np.float32)
        values += np.sqrt(nugget)[nodes.stratum, None] * rough
    return values
