"""A number for each gene: its position in an order where neighbours are alike.

The paper feeds one network for all genes with that position and its Fourier
features. Its order was recomputed with a free sign and seed; here both are fixed.

Axis letters: N wells, G genes, C code width.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from inr_jax.errors import unknown_name
from inr_jax.fields.encodings import fourier
from inr_jax.fields.gene_codes.codes import GeneCodes


def pc1_order(values: np.ndarray) -> np.ndarray:
    """`(N, G)` to `(G,)`: loadings of the first principal component, in [0, 1]."""
    centred = np.asarray(values, np.float64)
    centred = centred - centred.mean(0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    return _unit_range(_fix_sign(vectors[:, -1]))


def spectral_order(values: np.ndarray) -> np.ndarray:
    """`(N, G)` to `(G,)`: one-dimensional spectral embedding of the genes, in [0, 1].

    Affinity of two genes is (1 + r) / 2 of their profiles' correlation; the
    embedding is the second eigenvector of the random-walk Laplacian (Shi & Malik
    2000, von Luxburg 2007, section 3.2), by a dense solver that needs no seed. One
    gene alone stands at 0.
    """
    if values.shape[1] == 1:
        return np.zeros(1)
    correlation = np.corrcoef(np.asarray(values, np.float64).T)
    affinity = (1 + correlation) / 2
    root = np.sqrt(affinity.sum(1))
    _, vectors = np.linalg.eigh(affinity / np.outer(root, root))
    return _unit_range(_fix_sign(vectors[:, -2] / root))


ORDERS = {"spectral": spectral_order, "pc1": pc1_order}


def gene_codes(values: np.ndarray, *, order: str, frequencies: int) -> np.ndarray:
    """Codes of all genes: position and its Fourier features.

    Args:
        values: `(N, G)` standardised expression of the training wells.
        order: "spectral" or "pc1".
        frequencies: sin/cos pairs.

    Returns:
        `(G, C)` float32 with C = `code_width(frequencies)`.

    Raises:
        InputError: `order` is unknown.
    """
    if order not in ORDERS:
        raise unknown_name("conditioning.order", order, ORDERS)
    position = jnp.asarray(ORDERS[order](values), jnp.float32)
    features = jax.vmap(lambda s: fourier(s, frequencies))(position)
    return np.concatenate([position[:, None], features], axis=1)


def make(*, order: str, frequencies: int) -> GeneCodes:
    """Codes of positions in an order; see `gene_codes`."""

    def of(values: np.ndarray, genes: tuple[str, ...]) -> np.ndarray:
        del genes
        return gene_codes(values, order=order, frequencies=frequencies)

    return GeneCodes(code_width(frequencies), of)


def code_width(frequencies: int) -> int:
    """C of a position and so many pairs of its Fourier features."""
    return 1 + 2 * frequencies


def _fix_sign(vector: np.ndarray) -> np.ndarray:
    """The sign that makes the vector's skewness positive: free of order and seed."""
    centred = vector - vector.mean()
    return -vector if (centred**3).sum() < 0 else vector


def _unit_range(vector: np.ndarray) -> np.ndarray:
    spread = np.ptp(vector)
    return (vector - vector.min()) / (spread if spread > 0 else 1.0)
