"""A few mixtures of very many genes, to fit networks to instead of to each gene.

Thousands of genes repeat few spatial patterns, and a linear network has one head a
gene on features that all share. So heads are fitted to K mixtures of the genes, and a
gene's head is the same mix of theirs: with z = U S V' the values of the training wells
and R a rotation of K numbers at random,

    y = U S R / c,    B = c R' U' z  (c sets the variance of y to 1),    z ~ y B,
    head_g = sum_k B_kg head_k,

which makes the time of a fit independent of how many genes there are. U and S are of
the K leading principal directions of the standardised values; what is left of a gene
beside them is given up as noise. Rotated, mixtures have about one variance each, as
genes have, so that a step of Adam means the same, and the squared error over mixtures
is that over genes. A gene's column of B needs U and its own values alone: a part of the
genes has the mixtures of all.

Axis letters: N wells, G genes, K mixtures.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from inr_jax.fields.field import Params
from inr_jax.samples.standardise import Standardised
from inr_jax.stats.memo import Memo

SEED = 0  # of the rotation

_remembered = Memo()  # the mix and the values of mixtures take the same directions


def scores(standard: Standardised, count: int) -> np.ndarray:
    """U S `(N, r)` float64 of standardised values `(N, G)`; r is K, or N where less.

    Not to be written to.
    """
    values = standard.values

    def make() -> tuple[np.ndarray, float]:
        from scipy.linalg import eigh  # half a second to import

        wells, rank = len(values), min(count, len(values))
        product = np.zeros((wells, wells))
        for _, z in standard.blocks():
            product += z @ z.T
        energy, left = eigh(product, subset_by_index=[wells - rank, wells - 1])
        least = np.finfo(np.float32).eps * energy[-1]
        return left * np.sqrt(np.maximum(energy, least)), 0.0

    return _remembered(make, values, *standard.units, count)[0]


def values_of_mixtures(standard: Standardised, count: int) -> np.ndarray:
    """y `(N, K)` float32 of the wells' standardised values `(N, G)`."""
    sides = scores(standard, count)
    return (sides @ _rotation(sides, count) / _sd(sides, count)).astype(np.float32)


def make_mix(
    standard: Standardised, count: int, *, genes: Standardised | None = None
) -> np.ndarray:
    """B `(K, G)` float32 of standardised values of training wells.

    Args:
        standard: `(N, G)` of the genes that mixtures are of.
        count: K.
        genes: `(N, G)` of other genes, to give B for these; None takes the same.
    """
    sides = scores(standard, count)
    left = (sides / (sides**2).sum(0)).astype(np.float32)  # U / S
    back = (_sd(sides, count) * _rotation(sides, count)).astype(np.float32)
    genes = standard if genes is None else genes
    mix = np.empty((count, genes.values.shape[1]), np.float32)
    for block, z in genes.blocks():
        mix[:, block] = back.T @ (left.T @ z)
    return mix


def of_genes(params: Params, mix: np.ndarray) -> Params:
    """Gene arrays `(E, G, ...)` in place of those of mixtures, `(E, K, ...)`."""
    genes = jax.tree.map(
        lambda leaf: jnp.einsum("ek...,kg->eg...", leaf, mix), params["genes"]
    )
    return {**params, "genes": genes}


def _rotation(sides: np.ndarray, count: int) -> np.ndarray:
    """R `(r, K)`, orthonormal rows."""
    normal = np.random.default_rng(SEED).standard_normal((count, count))
    return np.linalg.qr(normal)[0][: sides.shape[1]]


def _sd(sides: np.ndarray, count: int) -> float:
    """c, of a mixture before it is scaled."""
    return float(np.sqrt((sides**2).sum() / len(sides) / count))
