"""Maps of many genes, a block of genes after the other.

A block's volumes fit a budget, however many voxels and genes there are; a brain of
all genes would not fit any memory. All blocks share one compiled program: the last
one starts early enough to be as long as the others, and what the one before it had
already is dropped.

Axis letters: V voxels, G genes, K genes of a block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from inr_jax.fields.inputs import Places
from inr_jax.fields.model import Model, Renderer, keep_genes, render_into

BUDGET = 256 * 2**20  # bytes, mean and spread of a block's genes

# Yields the places of V voxels in their order, some at a time; called once a block,
# so that none of it has to be kept.
Slabs = Callable[[], Iterable[Places]]


class Block(NamedTuple):
    """Some genes at all voxels, units of the source.

    Attributes:
        genes: Which, of the G.
        mean: `(V, K)` float32, mean of the ensemble.
        spread: `(V, K)` float32, standard deviation over its members.
    """

    genes: slice
    mean: np.ndarray
    spread: np.ndarray


def block_size(voxels: int, genes: int, wanted: int = 0) -> int:
    """K: as wanted; 0 takes as many genes as fit the budget, one at least."""
    return min(genes, wanted or max(1, BUDGET // (2 * 4 * voxels)))


def rendered(
    renderer: Renderer,
    model: Model,
    slabs: Slabs,
    *,
    voxels: int,
    size: int,
    on_chunk: Callable[[int], None] | None = None,
) -> Iterator[Block]:
    """Evaluate a model at voxels, block by block.

    Args:
        renderer: Of all genes.
        model: Of all genes.
        slabs: The voxels.
        voxels: V.
        size: K.
        on_chunk: Called with the number of voxels done, counted anew in each block
            from where the one before it ended.

    Yields:
        Blocks of K genes, the last of what is left.
    """
    genes, done = len(model.standardiser.scale), 0
    for start in range(0, genes, size):
        first = min(start, genes - size)
        part = model
        if size < genes:
            part = keep_genes(model, slice(first, first + size))
        mean = np.empty((voxels, size), np.float32, order="F")
        spread = np.empty_like(mean)
        row = 0
        for places in slabs():
            rows = slice(row, row + len(places.x_mm))
            render_into(
                (mean[rows], spread[rows]),
                renderer,
                part,
                places,
                on_chunk=on_chunk and partial(_after, on_chunk, done + row),
            )
            row = rows.stop
        done += voxels
        new = slice(start - first, None)
        yield Block(slice(start, first + size), mean[:, new], spread[:, new])
        del mean, spread  # or there would be three blocks at a time


def _after(on_chunk: Callable[[int], object], start: int, voxels: int) -> None:
    on_chunk(start + voxels)
