"""How well any prediction from names could do, told by donors who share a structure.

Let a well's expression be what all donors have in its structure, plus what is its
donor's or its own. Then the covariance of two wells of one structure in two donors is
the variance of what they share, and

    ceiling R2 = rho = mean_i z_i zbar_i / mean_i z_i^2,    ceiling r = sqrt(rho),

zbar_i the mean of the wells of i's structure in the other donors, z less its mean. It
bounds predictions that know names alone, not those that know where in its structure
a well lies, or of whom it is; and it is itself an estimate. Each gene alone.

Axis letters: N wells that have a partner in another donor, G genes.
"""

from __future__ import annotations

import numpy as np

from inr_jax.samples.gene_blocks import gene_blocks
from inr_jax.samples.samples import Samples
from inr_jax.stats.scores import Scores


def noise_ceiling(samples: Samples) -> tuple[Scores, int] | None:
    """The scores `(G,)` of the best prediction from names, and N.

    None where no structure has wells of two donors. A gene whose donors do not agree
    has a ceiling of 0. Mirrored copies do not count.
    """
    wells = samples.originals()
    partner = (
        np.equal.outer(wells.structure, wells.structure)
        & np.not_equal.outer(wells.donor, wells.donor)
        & (wells.structure >= 0)
    )
    paired = partner.any(1)
    if not paired.any():
        return None
    weight = partner[paired] / partner[paired].sum(1, keepdims=True)
    parts = [
        _of_genes(np.asarray(wells.values[:, block], np.float64), paired, weight)
        for block in gene_blocks(*wells.values.shape)
    ]
    scores = Scores(*(np.concatenate(part) for part in zip(*parts, strict=True)))
    return scores, int(paired.sum())


def _of_genes(values: np.ndarray, paired: np.ndarray, weight: np.ndarray) -> Scores:
    """The same of some genes, from values of all wells and weights of partners."""
    z = values - values[paired].mean(0)
    variance = (z[paired] ** 2).mean(0)
    shared = (z[paired] * (weight @ z)).mean(0)
    rho = np.clip(shared / np.where(variance > 0, variance, 1.0), 0.0, 1.0)
    return Scores(np.sqrt(rho), rho, (1 - rho) * variance)
