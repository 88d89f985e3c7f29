"""Frames of the brain: millimetres, voxel indices and the unit cube.

Frames, by suffix:
    x_mm: MNI152 millimetres, RAS (x grows to the right, y forward, z up).
    ijk: voxel index of a grid, 0-based, the voxel's centre at whole numbers.
    u: unit cube, [-1, 1] along each axis of the box; what a field sees.

Axis letters: V voxels, D = 3. Everything is written for NumPy arrays `(..., 3)`, and
for one traced point `(3,)`, which callers vmap.
"""

from __future__ import annotations

from typing import NamedTuple, overload

import jax
import jax.numpy as jnp
import numpy as np

Array = np.ndarray | jax.Array  # where NumPy and JAX are both welcome

# Beyond these no point of a human head in MNI152 space lies; mm, ICBM152 2009a
# field of view (x -98..98, y -134..98, z -72..116) with a margin for user masks.
HEAD_LOW_MM = np.array([-110.0, -150.0, -110.0])

HEAD_HIGH_MM = np.array([110.0, 120.0, 130.0])


class Box(NamedTuple):
    """An isotropic cube in MNI space, part of the model and saved with it.

    Attributes:
        centre_mm: `(3,)` centre of the cube, mm.
        half_mm: `()` half of its side, mm; the same along the three axes, so that
            a millimetre is as long in every direction.
    """

    centre_mm: np.ndarray
    half_mm: np.ndarray | np.floating

    def unit(self, x_mm: Array) -> Array:
        """MNI mm `(..., 3)` to unit cube `(..., 3)`: u = (x - centre) / half."""
        return (x_mm - self.centre_mm) / self.half_mm

    def mm(self, u: Array) -> Array:
        """Unit cube `(..., 3)` to MNI mm `(..., 3)`, the inverse of `unit`."""
        return u * self.half_mm + self.centre_mm


def box_around(x_mm: np.ndarray, kind: str = "cube") -> Box:
    """The smallest box of a kind that holds the points.

    Args:
        x_mm: `(N, 3)` points, MNI mm.
        kind: "cube" centres each axis on its own range; "joint" takes one minimum
            and one maximum over the three axes together, as the paper does
            (arXiv 2506.11158, released code), so all axes share one centre.

    Returns:
        A `Box` with float32 leaves.

    Raises:
        ValueError: `kind` is neither of the two, or the points coincide.
    """
    x_mm = np.asarray(x_mm, np.float64)
    if kind == "cube":
        low, high = x_mm.min(0), x_mm.max(0)
    elif kind == "joint":
        low, high = np.full(3, x_mm.min()), np.full(3, x_mm.max())
    else:
        raise ValueError(f"box kind: expected 'cube' or 'joint', found {kind!r}")
    half = (high - low).max() / 2
    if not half > 0:
        raise ValueError(f"box: expected points apart, found all at {low} mm")
    return Box(((low + high) / 2).astype(np.float32), np.float32(half))


class Grid(NamedTuple):
    """A voxel grid.

    Attributes:
        shape: Voxels along i, j, k.
        affine: `(4, 4)`, float64, ijk to MNI mm.
    """

    shape: tuple[int, int, int]
    affine: np.ndarray

    def mm(self, ijk: np.ndarray) -> np.ndarray:
        """Voxel index `(..., 3)` to MNI mm `(..., 3)`."""
        return np.asarray(ijk) @ self.affine[:3, :3].T + self.affine[:3, 3]

    def ijk(self, x_mm: np.ndarray) -> np.ndarray:
        """MNI mm `(..., 3)` to fractional voxel index `(..., 3)`."""
        inverse = np.linalg.inv(self.affine)
        return np.asarray(x_mm) @ inverse[:3, :3].T + inverse[:3, 3]

    def voxel_mm(self) -> np.ndarray:
        """`(3,)` length of a voxel along i, j, k, mm."""
        return np.linalg.norm(self.affine[:3, :3], axis=0)

    def points_mm(self, mask: np.ndarray) -> np.ndarray:
        """Centres `(V, 3)`, mm, of the voxels in `mask`, in C order of ijk.

        Raises:
            ValueError: `mask` has another shape than the grid.
        """
        if mask.shape != tuple(self.shape):
            raise ValueError(f"mask: expected shape {self.shape}, found {mask.shape}")
        return self.mm(np.argwhere(mask))


def outside_head(x_mm: np.ndarray) -> np.ndarray:
    """`(N,)` True where a point `(N, 3)`, mm, cannot lie in a head in MNI space."""
    inside = (x_mm >= HEAD_LOW_MM) & (x_mm <= HEAD_HIGH_MM)
    return np.logical_not(inside.all(-1))


@overload
def folded(x_mm: np.ndarray, mirror: bool = True) -> np.ndarray: ...
@overload
def folded(x_mm: jax.Array, mirror: bool = True) -> jax.Array: ...
def folded(x_mm: Array, mirror: bool = True) -> Array:
    """Points with the left hemisphere on the right: x to abs(x).

    Args:
        x_mm: `(..., 3)` MNI mm, of NumPy or JAX.
        mirror: Whether left and right are one; if not, the points stay as they are.

    Returns:
        `(..., 3)` mm, of the same kind and dtype.
    """
    if not mirror:
        return x_mm
    parts = [abs(x_mm[..., :1]), x_mm[..., 1:]]
    xp = np if isinstance(x_mm, np.ndarray) else jnp
    return xp.concatenate(parts, axis=-1)
