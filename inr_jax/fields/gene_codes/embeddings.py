"""Embeddings of genes by their expression over training wells, of any width.

Axis letters: N wells, G genes, C code width.
"""

from __future__ import annotations

import numpy as np

from inr_jax.fields.gene_codes.codes import GeneCodes, fitted_to_width


def make_spectral(*, width: int) -> GeneCodes:
    """Eigenvectors 2 to C + 1 of the random-walk Laplacian of genes, of equal sizes.

    The order of the paper in C dimensions; see `position.spectral_order`.
    """

    def of(values: np.ndarray, genes: tuple[str, ...]) -> np.ndarray:
        del genes
        if values.shape[1] == 1:
            return np.zeros((1, width), np.float32)
        affinity = (1 + np.corrcoef(np.asarray(values, np.float64).T)) / 2
        root = np.sqrt(affinity.sum(1))
        _, vectors = np.linalg.eigh(affinity / np.outer(root, root))
        embedding = vectors[:, -2::-1] / root[:, None]
        return fitted_to_width(embedding / embedding.std(0).clip(1e-12), width)

    return GeneCodes(width, of)


def make_pca(*, width: int) -> GeneCodes:
    """Loadings of genes on the first C principal components over wells."""

    def of(values: np.ndarray, genes: tuple[str, ...]) -> np.ndarray:
        del genes
        centred = np.asarray(values, np.float64) - np.mean(values, axis=0)
        size, vectors = np.linalg.eigh(centred.T @ centred)
        loadings = vectors[:, ::-1] * np.sqrt(size[::-1].clip(0))
        return fitted_to_width(loadings, width)

    return GeneCodes(width, of)
