"""Random maps of known autocorrelation, which no gene has anything to do with."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from inr_jax.brain.space import Grid
from inr_jax.brain.template import brain_mask
from inr_jax.maps.association_places import Ground
from inr_jax.maps.write import Canvas
from inr_jax.stats.nulls import (
    Lattice,
    field_pair,
    make_lattice,
    root_spectrum,
    white_pair,
)

PAD_MM = 150.0  # another torus than that of the null maps
STRETCH = np.array([1.0, 2.0, 1.0])  # of the anisotropic truth, along x, y, z


def matern32(distance_mm: np.ndarray, length_mm: float) -> np.ndarray:
    """(1 + s) exp(-s), s = sqrt(3) d / length."""
    scaled = math.sqrt(3) * distance_mm / length_mm
    return (1 + scaled) * np.exp(-scaled)


def _matern(lattice: Lattice, length_mm: float) -> np.ndarray:
    return root_spectrum(lattice, matern32(lattice.distance_mm(), length_mm))


def _power(lattice: Lattice, exponent: float) -> np.ndarray:
    """Of a power spectrum k^-exponent."""
    inverse = np.linalg.inv(lattice.step_mm)
    i, j, k = (np.fft.fftfreq(n) for n in lattice.shape)
    waves = np.stack(np.meshgrid(i, j, k, indexing="ij"), -1) @ inverse
    size = np.linalg.norm(waves, axis=-1)
    size[0, 0, 0] = np.inf
    root = size ** (-exponent / 2)
    return (root / np.sqrt((root**2).sum())).astype(np.float32)


def _stretched(lattice: Lattice, length_mm: float) -> np.ndarray:
    step_mm = np.diag(1 / STRETCH) @ lattice.step_mm
    return _matern(Lattice(lattice.shape, step_mm), length_mm)


LEVELS: dict[str, Callable[[Lattice], np.ndarray]] = {
    "Matern 8 mm": lambda lattice: _matern(lattice, 8),
    "Matern 20 mm": lambda lattice: _matern(lattice, 20),
    "Matern 40 mm": lambda lattice: _matern(lattice, 40),
    "k^-2": lambda lattice: _power(lattice, 2),
    "k^-3": lambda lattice: _power(lattice, 3),
    "k^-4": lambda lattice: _power(lattice, 4),
}
OTHERS = ("anisotropic", "non-stationary")


def random_maps(
    ground: Ground, index: np.ndarray, kind: str, total: int, seed: int
) -> np.ndarray:
    """Maps `(M, total)` float32 of a kind at nodes, `index` `(M, 3)` on a lattice."""
    step_mm = ground.nodes.lattice.step_mm
    lattice = make_lattice(index.max(0) + 1, step_mm, PAD_MM)
    flat = np.ravel_multi_index(tuple(index.T), lattice.shape)

    def drawn(root: np.ndarray, stream: int) -> np.ndarray:
        pairs = (
            field_pair(root, white_pair(lattice, stream, k)) for k in range(total // 2)
        )
        parts = [z.ravel()[flat].view(np.float32).reshape(-1, 2) for z in pairs]
        return np.concatenate(parts, axis=1)

    if kind == "anisotropic":
        return drawn(_stretched(lattice, 15), seed)
    if kind != "non-stationary":
        return drawn(LEVELS[kind](lattice), seed)
    # Rough and strong in front, smooth and weak behind.
    y = ground.nodes.x_mm[:, 1:2]
    share = ((y - y.min()) / np.ptp(y)).astype(np.float32)
    rough, smooth = (
        drawn(_matern(lattice, 8), seed),
        drawn(_matern(lattice, 25), seed + 1),
    )
    return (1 + share) * (np.sqrt(share) * rough + np.sqrt(1 - share) * smooth)


def canvas_of(every: int) -> Canvas:
    """The brain on a coarse grid."""
    mask, grid = brain_mask(3)
    affine = grid.affine @ np.diag([every, every, every, 1])
    coarse = mask[::every, ::every, ::every]
    return Canvas(coarse, Grid(coarse.shape, affine), "MNI152", "zero")
