"""Scores of maps against the phantom, and the few maps that a picture shows.

Blocks of maps are dropped once they are written; a `MapObserver` looks at each on its
way to the disk.

Axis letters: V voxels. Frame: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

import numpy as np

from inr_jax.brain import template
from inr_jax.maps.gene_batches import Block
from inr_jax.samples import phantom
from inr_jax.stats.scores import score


class MapObserver:
    """Keeps the maps of a few genes, and scores all maps where the truth is known.

    Args:
        columns: gene -> column, of the maps to keep.
        brain: The phantom that the samples come from, or None.
        x_mm: `(V, 3)` voxels.

    Attributes:
        maps: gene -> `(V,)`, those kept so far.
        scores: (r, R2) over voxels of each gene so far; empty without a phantom.
    """

    def __init__(
        self, columns: dict[str, int], brain: phantom.Phantom | None, x_mm: np.ndarray
    ) -> None:
        self.maps: dict[str, np.ndarray] = {}
        self.scores: list[tuple[float, float]] = []
        self._columns, self._brain, self._x_mm = columns, brain, x_mm
        # The truth depends on tissue, which is looked up once, not for every block.
        self._tissue = np.zeros((0, 2)) if brain is None else template.tissue_at(x_mm)

    def observe(self, block: Block) -> Block:
        """Take note of a block, and return it."""
        for gene, column in self._columns.items():
            if block.genes.start <= column < block.genes.stop:
                self.maps[gene] = block.mean[:, column - block.genes.start].copy()
        if self._brain is not None:
            columns = list(range(block.genes.start, block.genes.stop))
            brain = phantom.keep_genes(self._brain, columns)
            truth = phantom.truth(brain, self._x_mm, self._tissue)
            for exact, rendered in zip(truth.T, block.mean.T, strict=True):
                scores = score(exact[:, None], rendered[:, None])
                self.scores.append((float(scores.r[0]), float(scores.r2[0])))
        return block


def evenly(count: int, most: int) -> list[int]:
    """Numbers of at most so many of `count` genes, evenly spaced."""
    if count <= most:
        return list(range(count))
    return [number * count // most for number in range(most)]
