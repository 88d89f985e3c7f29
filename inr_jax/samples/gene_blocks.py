"""Genes some at a time, where wells x genes are more numbers than memory should hold.

A transcriptome at all wells is 58 million values, 460 MB in float64, and what is
computed of it in one go takes several times that. Genes of a block are computed as
all genes would be; up to some thousand genes there is one block, which is all.

Axis letters: N wells, G genes.
"""

from __future__ import annotations

VALUES = 2**22  # of a block, wells x genes; 34 MB in float64


def gene_blocks(wells: int, genes: int, values: int = 0) -> list[slice]:
    """Slices of G genes of at most so many values each; one at least.

    Args:
        wells: N.
        genes: G.
        values: Of a block; 0 takes `VALUES`.
    """
    size = max(1, (values or VALUES) // max(1, wells))
    return [
        slice(first, min(first + size, genes)) for first in range(0, genes or 1, size)
    ]


def is_large(wells: int, genes: int) -> bool:
    """Whether the values of all genes take more than one block."""
    return wells * genes > VALUES
