"""Places to predict at: where they are, and what is known of them besides expression.

Axis letters: N places, D = 3. Frame: mm (MNI152 RAS).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from inr_jax.samples.support import Support, single_points

UNNAMED = -1  # the structure or parent of a well that has no name


class Sites(NamedTuple):
    """Places to predict at; holds no expression, so a predictor cannot peek.

    Attributes:
        x_mm: `(N, 3)` float32, MNI mm.
        tissue: `(N, 2)` float32, probability of grey and of white matter.
        structure: `(N,)` int32 into `Samples.structures`, or `UNNAMED`.
        parent: `(N,)` int32 into `Samples.parents`, or `UNNAMED`.
        support: The points whose mean is predicted; None where each place is one.
    """

    x_mm: np.ndarray
    tissue: np.ndarray
    structure: np.ndarray
    parent: np.ndarray
    support: Support | None = None

    def points(self) -> Support:
        """The support of every place, be it one point."""
        return self.support or single_points(self.x_mm, self.tissue)

    def take(self, rows: slice | np.ndarray) -> Sites:
        """The places of `rows`, an index or a mask `(N,)`."""
        support = self.support.take(rows) if self.support else None
        return Sites(
            self.x_mm[rows],
            self.tissue[rows],
            self.structure[rows],
            self.parent[rows],
            support,
        )

    def unnamed(self) -> Sites:
        """The places alone, without the names of their structures."""
        nothing = np.full_like(self.structure, UNNAMED)
        return self._replace(structure=nothing, parent=nothing)
