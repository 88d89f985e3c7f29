"""What an observation is the mean of: the support of its value.

A value of a web-search export is the mean over all wells of a donor in a structure, a
value of a region table that over a region's voxels; a single well's support is one
point. Everywhere an observation is taken as the mean of the field over its support,

    y_n = (1 / |S_n|) sum over p in S_n of f(x_p) + noise

(change of support, Gotway & Young 2002, doi:10.1198/016214502760047140), which is one
value, however many its points are.

Axis letters: N observations, P points of them all, D = 3. Frame: mm (MNI152 RAS).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from inr_jax.brain.space import folded

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class Support(NamedTuple):
    """The points of N observations, ragged, one observation behind the other.

    Attributes:
        x_mm: `(P, 3)` float32, MNI mm.
        tissue: `(P, 2)` float32, probability of grey and of white matter.
        size: `(N,)` int32, points of each observation, at least 1; they sum to P.
    """

    x_mm: np.ndarray
    tissue: np.ndarray
    size: np.ndarray

    @property
    def first(self) -> np.ndarray:
        """`(N,)` row of the first point of each observation."""
        return np.cumsum(self.size) - self.size

    @property
    def of(self) -> np.ndarray:
        """`(P,)` the observation that each point belongs to."""
        return np.repeat(np.arange(len(self.size)), self.size)

    @property
    def single(self) -> bool:
        """Whether every observation is one point."""
        return len(self.x_mm) == len(self.size)

    def take(self, rows: slice | np.ndarray) -> Support:
        """The support of the observations of `rows`, an index or a mask `(N,)`."""
        first, size = self.first[rows], self.size[rows]
        before = np.cumsum(size) - size
        points = np.repeat(first - before, size) + np.arange(int(size.sum()))
        return Support(self.x_mm[points], self.tissue[points], size)

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Values at the points `(P, ...)` to means over supports `(N, ...)`."""
        if self.single:
            return values
        sums = np.add.reduceat(values, self.first, axis=0)
        return sums / self.size.reshape(-1, *(1,) * (values.ndim - 1))

    def averaging(self) -> csr_array:
        """`(N, P)` sparse; its product with values is `mean`, quick for matrices."""
        from scipy.sparse import csr_array  # a quarter of a second to import

        first = np.append(0, np.cumsum(self.size))
        weights = np.repeat(1 / self.size, self.size)
        return csr_array((weights, np.arange(len(weights)), first))

    def folded(self, mirror: bool) -> Support:
        """The points in float64, where left and right are one on the right."""
        return self._replace(x_mm=folded(np.asarray(self.x_mm, np.float64), mirror))

    def thinned(self, most: int) -> Support:
        """At most so many points of each observation, evenly out of its own."""
        if self.size.max(initial=0) <= most:
            return self
        size = np.minimum(self.size, most)
        number = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
        # The middle of each of `size` equal stretches of an observation's points.
        share = (number + 0.5) / np.repeat(size, size)
        within = np.int64(share * np.repeat(self.size, size))
        points = np.repeat(self.first, size) + within
        return Support(self.x_mm[points], self.tissue[points], size)


def single_points(x_mm: np.ndarray, tissue: np.ndarray) -> Support:
    """The support of observations that are one point each, `(N, 3)` and `(N, 2)`."""
    return Support(x_mm, tissue, np.ones(len(x_mm), np.int32))
