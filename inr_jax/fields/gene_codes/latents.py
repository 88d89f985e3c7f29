"""What a fitted model holds of each gene, as a vector.

The codes that it was given or learned; where it has none, its head weights, reduced to
principal components over genes. Members of an ensemble have latents of their own, so
those are set side by side and reduced as well.

Axis letters: G genes, E members, D numbers of a gene in a member, C of a latent.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import numpy as np

from inr_jax.fields.conditioning import Conditioning
from inr_jax.fields.conditioning.conditioning import check_shared
from inr_jax.fields.model import Model


class Latents(NamedTuple):
    """Vectors of genes.

    Attributes:
        vectors: `(G, C)` float64.
        kind: In words.
        share: `(C,)` of the variance over genes that each column tells; None where
            columns are as they were given or learned.
    """

    vectors: np.ndarray
    kind: str
    share: np.ndarray | None


def latents_of(conditioning: Conditioning, model: Model, width: int) -> Latents:
    """The latents of a model's genes.

    Args:
        conditioning: The networks.
        model: Of G genes.
        width: C at most, where they are reduced.

    Raises:
        InputError: Each gene has a network of its own.
    """
    genes = model.params["genes"]
    learned = isinstance(genes, dict) and "latent" in genes
    if conditioning.code and not learned:
        return Latents(np.asarray(model.codes, np.float64), "codes, as given", None)
    check_shared(conditioning, "latents", ", whose weights are no code")
    leaves = [genes["latent"]] if learned else jax.tree.leaves(genes)
    flat = [np.asarray(leaf).reshape(*leaf.shape[:2], -1) for leaf in leaves]
    rows = np.concatenate(flat, axis=2)  # (E, G, D)
    if learned and len(rows) == 1:
        return Latents(np.asarray(rows[0], np.float64), "latents, as learned", None)
    kind = "latents" if learned else "head weights"
    vectors, share = principal_scores(np.concatenate(list(rows), axis=1), width)
    return Latents(vectors, f"{kind} of {len(rows)} members, by PCA over genes", share)


def principal_scores(rows: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores `(G, C)` of rows `(G, n)` on their components, and shares of variance.

    Signs make the skewness of each column positive.
    """
    centred = np.asarray(rows, np.float64) - np.mean(rows, axis=0, dtype=np.float64)
    u, size, _ = np.linalg.svd(centred, full_matrices=False)
    scores = (u * size)[:, :width]
    scores[:, (scores**3).sum(0) < 0] *= -1
    return scores, (size**2 / max(np.sum(size**2), 1e-300))[:width]
