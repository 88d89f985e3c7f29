"""A few mixtures of very many genes, to fit networks to instead of to each gene.

Thousands of genes repeat few spatial patterns, and a linear network has one head a
gene on features that all share. So heads are fitted to K mixtures of the genes, and a
gene's head is the same mix of theirs: with mix B `(K, G)`,

    z ~ y B,    y = z B^+,    head_g = sum_k B_kg head_k,

which makes the time of a fit independent of how many genes there are. The rows of B
span the K leading principal directions of the training wells' standardised values;
what is left of a gene beside them is given up as noise. Rotated at random, mixtures
have about one variance each, as genes have, so that a step of Adam means the same and
the squared error over mixtures is that over genes.

Axis letters: N wells, G genes, K mixtures.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from inr_jax.fields.field import Params

SEED = 0  # of the rotation


def make_mix(standard: np.ndarray, count: int) -> np.ndarray:
    """B `(K, G)` float32 of standardised values `(N, G)` of training wells.

    With fewer wells than mixtures, B has the rank of the wells.
    """
    from scipy.linalg import eigh  # half a second to import

    standard = np.asarray(standard, np.float32)
    wells, rank = len(standard), min(count, *standard.shape)
    product = (standard @ standard.T).astype(np.float64)
    energy, left = eigh(product, subset_by_index=[wells - rank, wells - 1])
    energy = np.maximum(energy, np.finfo(np.float32).eps * energy[-1])
    directions = (left / np.sqrt(energy)).T.astype(np.float32) @ standard  # (rank, G)
    normal = np.random.default_rng(SEED).standard_normal((count, count))
    rotation = np.linalg.qr(normal)[0][:rank]
    sd = np.sqrt(energy.sum() / wells / count)  # of each mixture, before it is scaled
    return (sd * rotation.T @ directions).astype(np.float32)


def mixed(standard: np.ndarray, mix: np.ndarray) -> np.ndarray:
    """y `(N, K)` float32: the mixtures of values `(N, G)`, about one variance each."""
    square = np.asarray(mix @ mix.T, np.float64)
    back = np.linalg.pinv(square, rcond=1e-5, hermitian=True).astype(np.float32) @ mix
    return np.asarray(standard, np.float32) @ back.T


def of_genes(params: Params, mix: np.ndarray) -> Params:
    """Gene arrays `(E, G, ...)` in place of those of mixtures, `(E, K, ...)`."""
    genes = jax.tree.map(
        lambda leaf: jnp.einsum("ek...,kg->eg...", leaf, mix), params["genes"]
    )
    return {**params, "genes": genes}
