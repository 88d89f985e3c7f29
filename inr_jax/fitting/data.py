"""Wells packed for fitting: one shape for every fold, genes split over networks.

Axis letters: N wells, G genes, M networks of K genes (M K = G), C code width.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from inr_jax.brain.space import Array
from inr_jax.fields.conditioning import Conditioning
from inr_jax.fields.inputs import Inputs, Places


class FitData(NamedTuple):
    """What is fitted; the rows beyond the real wells are padding of weight 0.

    Attributes:
        inputs: How a place becomes features.
        places: Of N wells.
        targets: `(M, N, K)` standardised expression; `(S M, N, K)` where S settings
            that are fitted together have targets of their own.
        wells: `()` int32, the number of real rows.
        codes: `(G, C)` gene codes.
    """

    inputs: Inputs
    places: Places
    targets: Array
    wells: Array
    codes: Array

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
) -> FitData:
    """Pad wells `(N, ...)` to `rows` and split genes `(N, G)` over the networks."""
    n, m, k = len(places.x_mm), conditioning.networks, conditioning.outputs

    def padded(array: np.ndarray) -> np.ndarray:
        widths = [(0, rows - n)] + [(0, 0)] * (array.ndim - 1)
        return np.pad(np.asarray(array, np.float32), widths)

    targets = padded(standard).reshape(rows, m, k).transpose(1, 0, 2)
    data = FitData(
        inputs=inputs,
        places=jax.tree.map(padded, places),
        targets=targets,
        wells=np.asarray(n, np.int32),
        codes=np.asarray(codes, np.float32),
    )
    return jax.tree.map(jnp.asarray, data)
