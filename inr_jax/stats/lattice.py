"""Gaussian kernel sums at the points of a lattice, as the voxels of an upright grid.

The kernel is a product over axes, so that at a lattice of I x J x K points

    sum_n w_n exp(-|x_ijk - x_n|^2 / (2 s^2)) = sum_n w_n X_in Y_jn Z_kn

is a product of matrices for each i; no exponential of a point and a well is taken.

Axis letters: N wells, V points, I, J, K levels of the lattice, M sums. Frame: mm.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

FULL = 1 / 8  # share of the lattice's points that must be asked for, at least


class LatticePoints(NamedTuple):
    """Points that lie on a lattice.

    Attributes:
        levels: Of each axis, ascending, mm.
        row: `(V,)` of each point in the flat lattice, the last axis the fastest.
    """

    levels: tuple[np.ndarray, np.ndarray, np.ndarray]
    row: np.ndarray


def lattice_of(at_mm: np.ndarray) -> LatticePoints | None:
    """The lattice that points `(V, 3)` lie on; None where they fill none."""
    levels, places = [], []
    room = len(at_mm) / FULL
    for axis in at_mm.T:
        level, place = np.unique(axis, return_inverse=True)
        room /= len(level)
        if room < 1:
            return None
        levels.append(level)
        places.append(place.reshape(-1))
    x, y, z = levels
    row = (places[0] * len(y) + places[1]) * len(z) + places[2]
    return LatticePoints((x, y, z), row)


def kernel_sums(
    lattice: LatticePoints, x_mm: np.ndarray, weights: np.ndarray, width_mm: float
) -> np.ndarray:
    """Sums under a Gaussian kernel at the points of a lattice.

    Args:
        lattice: V points.
        x_mm: `(N, 3)` wells, mm.
        weights: `(M, N)` w.
        width_mm: s, mm.

    Returns:
        `(M, V)` float64.
    """
    x, y, z = (
        np.exp(-((level[:, None] - place) ** 2) / (2 * width_mm**2))
        for level, place in zip(lattice.levels, x_mm.T, strict=True)
    )
    sums = np.empty((len(weights), len(x), len(y), len(z)))
    for number, weight in enumerate(weights):
        for i, row in enumerate(x * weight):
            near = row != 0
            np.matmul(y[:, near] * row[near], z[:, near].T, out=sums[number, i])
    return sums.reshape(len(weights), -1)[:, lattice.row]
