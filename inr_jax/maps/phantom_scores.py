"""What is kept of blocks of maps that pass on their way to the disk.

Axis letters: V voxels. Frame: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

import numpy as np

from inr_jax.brain import template
from inr_jax.maps.gene_batches import Block
from inr_jax.samples import phantom
from inr_jax.stats.scores import score


class Seen:
    """Maps to draw, and scores against the phantom.

    Attributes:
        columns: gene -> column, of those to draw.
        brain: Known at every voxel, so its maps can be scored there; or None.
        x_mm: `(V, 3)` voxels.
        tissue: `(V, 2)` of the voxels, where the brain is known.
        drawn: gene -> `(V,)` its map.
        scores: (r, R2) of each gene so far.
    """

    def __init__(
        self, columns: dict[str, int], brain: phantom.Phantom | None, x_mm: np.ndarray
    ) -> None:
        self.columns, self.brain, self.x_mm = columns, brain, x_mm
        self.tissue = None if brain is None else template.tissue_at(x_mm)
        self.drawn: dict[str, np.ndarray] = {}
        self.scores: list[tuple[float, float]] = []

    def look(self, block: Block) -> Block:
        """Keep what is wanted of a block, and pass it on."""
        for gene, column in self.columns.items():
            if block.genes.start <= column < block.genes.stop:
                self.drawn[gene] = block.mean[:, column - block.genes.start].copy()
        if self.brain is not None:
            some = list(range(block.genes.start, block.genes.stop))
            brain = phantom.keep_genes(self.brain, some)
            truth = phantom.truth(brain, self.x_mm, self.tissue)
            for exact, found in zip(truth.T, block.mean.T, strict=True):
                scores = score(exact[:, None], found[:, None])
                self.scores.append((float(scores.r[0]), float(scores.r2[0])))
        return block
