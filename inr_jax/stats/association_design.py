"""What is removed from maps, genes and null maps alike before they are compared.

Axis letters: n places, q columns. Frame: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

import numpy as np

from inr_jax.errors import unknown_name

TRENDS = ("none", "linear", "quadratic")
UNIT_MM = 50.0  # coordinates are divided by it, so that squares are of their size


def indicators(row: np.ndarray) -> np.ndarray:
    """`(n, groups)` 1 where a place is of a group, of those that have any."""
    present = np.unique(row)
    return (row[:, None] == present).astype(np.float64)


def trend_columns(x_mm: np.ndarray, trend: str) -> np.ndarray:
    """`(n, q)` powers of the coordinates: none, 3 or 9 columns.

    Raises:
        InputError: An unknown trend.
    """
    if trend not in TRENDS:
        raise unknown_name("trend", trend, TRENDS)
    u = (np.asarray(x_mm, np.float64) - np.mean(x_mm, axis=0)) / UNIT_MM
    if trend == "none":
        return np.empty((len(u), 0))
    if trend == "linear":
        return u
    i, j = np.triu_indices(3)
    return np.concatenate([u, u[:, i] * u[:, j]], axis=1)


def design(x_mm: np.ndarray, groups: list[np.ndarray], trend: str) -> np.ndarray:
    """`(n, q)` means of groups, and a trend over all places.

    Args:
        x_mm: `(n, 3)`.
        groups: Rows `(n,)` of strata, of donors.
        trend: One of `TRENDS`.
    """
    parts = [indicators(row) for row in groups] or [np.ones((len(x_mm), 1))]
    return np.concatenate([*parts, trend_columns(x_mm, trend)], axis=1)
