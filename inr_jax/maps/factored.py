"""Maps of all genes as factors: features of places, weights of genes, a local scale.

Where left and right are one, a voxel and its mirror image are one place with the same
features, so features are kept of the P distinct places alone. Values of a gene are a
product over R numbers, computed when they are asked for (`fields.factors`).

Axis letters: V voxels, P distinct places, R features, G genes, K some of them.
Frame: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from inr_jax.brain.space import folded
from inr_jax.errors import InputError
from inr_jax.fields.factors import mean_and_spread
from inr_jax.stats.conformal import Local, scaled_sd

PLACES = 16384  # of a part of the features; 25 MB at 385 of them
ROWS = 1024  # places a product, whose features stay in a core's cache


class Scales(NamedTuple):
    """What makes of an ensemble's spread a standard deviation of a new measurement.

    Attributes:
        residual_sd: `(G,)` float32, units of the source.
        quantile: `(G,)` float32, half width of the 90 % interval over s.
        local: Scale and factor `(V,)` of the voxels.
    """

    residual_sd: np.ndarray
    quantile: np.ndarray
    local: Local


class Factored(NamedTuple):
    """G maps of V voxels as a product.

    Attributes:
        part: Number of a part to its features `(PLACES, R)` float32, the last of
            what is left.
        row: `(V,)` int32, the distinct place of each voxel.
        weights: `(G, R)` float32, units of the source.
        members: Of the ensemble.
        scales: For std maps that are calibrated; None for the ensemble's own spread.
    """

    part: Callable[[int], np.ndarray]
    row: np.ndarray
    weights: np.ndarray
    members: int
    scales: Scales | None = None

    @property
    def places(self) -> int:
        """P."""
        return int(self.row.max()) + 1

    def genes(
        self, columns: Sequence[int], *, std: bool = True
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Mean and standard deviation `(V, K)` of the genes in `columns`."""
        weights = self.weights[list(columns)]
        shape = self.places, len(weights)
        mean = np.empty(shape, np.float32)
        spread = np.empty(shape, np.float32) if std else None
        for number in range(parts_of(self.places)):
            features = self.part(number)
            for first in range(0, len(features), ROWS):
                block = features[first : first + ROWS]
                start = number * PLACES + first
                rows = slice(start, start + len(block))
                if spread is None:
                    mean[rows] = block @ weights.T
                else:
                    both = mean_and_spread(block, weights, self.members)
                    mean[rows], spread[rows] = both
        if spread is None:
            return mean[self.row], None
        local = self.scales.local if self.scales else None
        sd = self._sd(spread[self.row], local, np.asarray(columns))
        return mean[self.row], sd

    def voxel(self, voxel: int) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation `(G,)` at one of the V voxels."""
        number, row = divmod(int(self.row[voxel]), PLACES)
        features = np.asarray(self.part(number)[row : row + 1])
        mean, spread = mean_and_spread(features, self.weights, self.members)
        at = slice(voxel, voxel + 1)
        local = Local(*(a[at] for a in self.scales.local)) if self.scales else None
        return mean[0], self._sd(spread, local, slice(None))[0]

    def region_means(self, label: np.ndarray, ids: np.ndarray) -> np.ndarray:
        """Mean over the voxels of each region, of every gene, `(L, G)` float64.

        The mean of a product is the product of the mean: no map is made.

        Args:
            label: `(V,)` labels of the voxels.
            ids: `(L,)` those asked for; NaN for one that no voxel has.
        """
        count = np.zeros((len(ids), self.places))
        for number, region in enumerate(ids):
            rows = self.row[label == region]
            count[number] = np.bincount(rows, minlength=self.places)
        total = np.zeros((len(ids), self.weights.shape[1]))
        for number in range(parts_of(self.places)):
            features = np.asarray(self.part(number), np.float64)
            start = number * PLACES
            total += count[:, start : start + len(features)] @ features
        voxels = count.sum(1, keepdims=True)
        with np.errstate(invalid="ignore", divide="ignore"):
            return (total / voxels) @ self.weights.T.astype(np.float64)

    def _sd(
        self, spread: np.ndarray, local: Local | None, columns: np.ndarray | slice
    ) -> np.ndarray:
        """Of a new measurement, where a store keeps what makes it of the spread."""
        if self.scales is None or local is None:
            return spread
        residual_sd = self.scales.residual_sd[columns]
        return scaled_sd(residual_sd, self.scales.quantile[columns], local, spread)


def parts_of(places: int) -> int:
    """How many parts so many places make."""
    return -(-places // PLACES)


def part_length(number: int, places: int) -> int:
    """Places of a part."""
    return min(PLACES, places - number * PLACES)


def distinct_places(x_mm: np.ndarray, *, mirror: bool) -> tuple[np.ndarray, np.ndarray]:
    """The places that V voxels lie at, and which is whose.

    Args:
        x_mm: `(V, 3)` float32.
        mirror: Whether a voxel and its mirror image are one place.

    Returns:
        `(P, 3)` float32 and `(V,)` int32.
    """
    points = np.ascontiguousarray(folded(x_mm, mirror), np.float32) + np.float32(0)
    if not mirror:
        return points, np.arange(len(points), dtype=np.int32)
    keys = points.view(np.dtype((np.void, 12))).ravel()
    _, first, row = np.unique(keys, return_index=True, return_inverse=True)
    # In the order of the voxels, so that neighbours in a map are neighbours on disk.
    order = np.argsort(first)
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    return points[first[order]], place[row.reshape(-1)]


def in_memory(features: np.ndarray) -> Callable[[int], np.ndarray]:
    """Parts of features `(P, R)` that are at hand."""
    return lambda number: features[number * PLACES : (number + 1) * PLACES]


def missing_part(folder: object, there: int, parts: int) -> InputError:
    """What is said of features that a stopped run did not write."""
    return InputError(
        folder,
        expected=f"{parts} parts of features",
        found=f"{there}, as a run that was stopped leaves",
        fix="give the same command again, it writes the rest",
    )
