"""Values in the units of a source, to and from the units a field is fitted in.

The standardiser is part of the model: it is computed from training wells alone,
saved in the checkpoint and never recomputed. Axis letters: N wells, G genes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from inr_jax.samples.gene_blocks import gene_blocks


class Standardiser(NamedTuple):
    """One affine map a gene: standard = (value - offset) / scale.

    Attributes:
        offset: `(G,)` float32, in the units of the source.
        scale: `(G,)` float32, positive, in the units of the source.
    """

    offset: np.ndarray
    scale: np.ndarray

    def standard(self, values):
        """Source units `(..., G)` to standard units `(..., G)`."""
        return (values - self.offset) / self.scale

    def values(self, standard):
        """Standard units `(..., G)` to source units, the inverse of `standard`."""
        return standard * self.scale + self.offset


class Standardised(NamedTuple):
    """Values in standard units, made some genes at a time.

    Attributes:
        values: `(N, G)`, in the units of the source.
        units: Of the G genes.
    """

    values: np.ndarray
    units: Standardiser

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Genes of a block, and their values `(N, genes)` float32."""
        for block in gene_blocks(*self.values.shape):
            units = Standardiser(*(part[block] for part in self.units))
            yield block, np.asarray(units.standard(self.values[:, block]), np.float32)


def standardiser(values: np.ndarray, kind: str = "zscore") -> Standardiser:
    """Fit a standardiser to training values.

    Args:
        values: `(N, G)` expression of the training wells.
        kind: "zscore" gives mean 0 and standard deviation 1 (dividing by N);
            "minmax" gives the range [0, 1], as in the paper.

    Returns:
        A `Standardiser`; a gene that is constant in these wells gets scale 1.

    Raises:
        ValueError: `kind` is neither of the two.
    """
    values = np.asarray(values)
    parts = [_of_block(values[:, block], kind) for block in gene_blocks(*values.shape)]
    return Standardiser(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _of_block(values: np.ndarray, kind: str) -> Standardiser:
    """The same of some genes; each has a map of its own."""
    values = np.asarray(values, np.float64)
    if kind == "zscore":
        offset, scale = values.mean(0), values.std(0)
    elif kind == "minmax":
        offset, scale = values.min(0), np.ptp(values, axis=0)
    else:
        raise ValueError(f"scale: expected 'zscore' or 'minmax', found {kind!r}")
    scale = np.where(scale > 0, scale, 1.0)
    return Standardiser(offset.astype(np.float32), scale.astype(np.float32))
