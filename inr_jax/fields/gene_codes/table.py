"""Codes from a table of the user's own: embeddings of genes from anywhere.

They need no expression of a gene. The table is reduced to C principal components over
the genes that are wanted, of which there are most often fewer than columns.

Axis letters: G genes, M columns of the table, C code width.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from inr_jax.fields.gene_codes.codes import GeneCodes, fitted_to_width


def make(*, width: int, rows: Callable[[tuple[str, ...]], np.ndarray]) -> GeneCodes:
    """Codes of a table.

    Args:
        width: C.
        rows: G symbols to their rows `(G, M)`.
    """

    def of(values: np.ndarray, genes: tuple[str, ...]) -> np.ndarray:
        del values
        return principal(rows(genes), width)

    return GeneCodes(width, of)


def principal(rows: np.ndarray, width: int) -> np.ndarray:
    """`(G, M)` to scores `(G, width)` on principal components of columns of one size.

    Columns that are constant say nothing and are dropped.
    """
    rows = np.asarray(rows, np.float64)
    spread = rows.std(0)
    rows = (rows - rows.mean(0))[:, spread > 0] / spread[spread > 0]
    u, size, _ = np.linalg.svd(rows, full_matrices=False)
    return fitted_to_width(u * size, width)
