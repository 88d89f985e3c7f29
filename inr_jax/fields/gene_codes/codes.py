"""The protocol of all gene codes: what stands for a gene in a network that takes one.

A code is computed from training wells alone, anew in every fold, or does not depend on
expression at all. Numbers of a code are of about unit size.

Axis letters: N wells, G genes, C code width.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class GeneCodes(NamedTuple):
    """How codes are made.

    Attributes:
        width: C, whatever the genes; what is left of it is 0.
        of: (standardised training values `(N, G)`, G symbols) to codes `(G, C)`.
    """

    width: int
    of: Callable[[np.ndarray, tuple[str, ...]], np.ndarray]


def fitted_to_width(vectors: np.ndarray, width: int) -> np.ndarray:
    """Columns `(G, k)` as codes `(G, width)` of mean square 1; signs by skewness.

    Columns keep their sizes relative to each other; those beyond `width` are dropped,
    columns of 0 take the place of those that are missing.
    """
    vectors = np.array(vectors[:, :width], np.float64)
    centred = vectors - vectors.mean(0)
    vectors[:, (centred**3).sum(0) < 0] *= -1
    size = np.linalg.norm(vectors) / max(vectors.size, 1) ** 0.5
    missing = ((0, 0), (0, width - vectors.shape[1]))
    return np.pad(vectors / (size or 1.0), missing).astype(np.float32)
