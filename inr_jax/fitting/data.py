"""Wells packed for fitting: one shape for every fold, genes split over networks.

Axis letters: N wells, P points of their supports (N where each well is one), G genes,
M networks of K genes (M K = G), C code width.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from inr_jax.brain.space import Array
from inr_jax.fields.conditioning import Conditioning
from inr_jax.fields.inputs import Inputs, Places


class PointRows(NamedTuple):
    """Which points belong to which well.

    Attributes:
        well: `(P,)` int32, ascending.
        share: `(P,)` float32, a point's part in the mean of its well; 0 of padding.
        first: `(N,)` int32, the first point of a well.
        size: `(N,)` int32, how many it has; 0 of padding.
    """

    well: Array
    share: Array
    first: Array
    size: Array


class FitData(NamedTuple):
    """What is fitted; the rows beyond the real wells are padding of weight 0.

    Attributes:
        inputs: How a place becomes features.
        places: Of P points.
        targets: `(M, N, K)` standardised expression; `(S M, N, K)` where S settings
            that are fitted together have targets of their own.
        wells: `()` int32, the number of real rows.
        codes: `(G, C)` gene codes.
        points: Whose the points are; None where each well is one.
    """

    inputs: Inputs
    places: Places
    targets: Array
    wells: Array
    codes: Array
    points: PointRows | None = None

    def of_network(self, row: int | jax.Array) -> FitData:
        """The same wells with the targets `(N, K)` of one row of targets."""
        return self._replace(targets=self.targets[row])


def pack(
    conditioning: Conditioning,
    inputs: Inputs,
    *,
    places: Places,
    standard: np.ndarray,
    codes: np.ndarray,
    rows: int,
    size: np.ndarray | None = None,
) -> FitData:
    """Pad wells to `rows` and split genes over the networks.

    Args:
        conditioning: The networks.
        inputs: How a place becomes features.
        places: Of P points, those of a well together.
        standard: `(N, G)` what wells are fitted to, standard units.
        codes: `(G, C)` gene codes.
        rows: Wells with padding; points are padded to a length that several sets of
            wells share, so that they share a program.
        size: `(N,)` points of each well; one each when absent.
    """
    n, m, k = len(standard), conditioning.networks, conditioning.outputs
    single = size is None or len(places.x_mm) == n
    points = None if single else _point_rows(np.asarray(size), rows)
    length = rows if points is None else len(points.well)
    targets = _padded(standard, rows).reshape(rows, m, k).transpose(1, 0, 2)
    data = FitData(
        inputs=inputs,
        places=jax.tree.map(lambda array: _padded(array, length), places),
        targets=targets,
        wells=np.asarray(n, np.int32),
        codes=np.asarray(codes, np.float32),
        points=points,
    )
    return jax.tree.map(jnp.asarray, data)


def _padded(array: np.ndarray, rows: int) -> np.ndarray:
    widths = [(0, rows - len(array))] + [(0, 0)] * (array.ndim - 1)
    return np.pad(np.asarray(array, np.float32), widths)


def _point_rows(size: np.ndarray, rows: int) -> PointRows:
    """Of wells of these sizes `(N,)`, with padding."""
    total, well = int(size.sum()), np.repeat(np.arange(len(size)), size)
    length = _shared_length(total)
    return PointRows(
        well=np.pad(well, (0, length - total), mode="edge").astype(np.int32),
        share=_padded(1 / size[well], length),
        first=np.pad(np.cumsum(size) - size, (0, rows - len(size))).astype(np.int32),
        size=np.pad(size, (0, rows - len(size))).astype(np.int32),
    )


def _shared_length(total: int) -> int:
    """The next multiple of an eighth of the power of two at or below `total`."""
    step = max(1, 1 << (total.bit_length() - 1) >> 3)
    return -(-total // step) * step
