"""Where genes are predicted that no method has seen, and what is true there.

Axis letters: N wells, V places, G genes, R patterns, the contrast of tissues last.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from ml_collections import ConfigDict

from inr_jax.brain.template import tissue_at
from inr_jax.run import build
from inr_jax.samples.phantom import Phantom, truth
from inr_jax.samples.samples import Samples
from inr_jax.samples.sites import UNNAMED, Sites
from inr_jax.stats.kriging import kriging

PLACES = 4000  # of a phantom's brain


def truth_of(
    c: ConfigDict, brain: Phantom | None, samples: Samples, count: int = PLACES
) -> tuple[Sites, np.ndarray]:
    """Places and their values `(V, G)`: of a phantom in its brain, else at wells.

    In the brain there are about `count` places, evenly spaced.
    """
    if brain is None:
        return samples.sites().unnamed(), samples.values
    canvas = build.make_canvas(c)
    x_mm = canvas.grid.points_mm(canvas.mask)
    x_mm = np.float32(x_mm[:: max(1, len(x_mm) // count)])
    tissue, none = tissue_at(x_mm), np.full(len(x_mm), UNNAMED)
    return Sites(x_mm, tissue, none, none), truth(brain, x_mm, tissue)


def loadings_of(brain: Phantom) -> np.ndarray:
    """`(G, R)` true loadings and contrasts of a phantom's genes."""
    return np.vstack([brain.loading, brain.contrast]).T


def oracle(
    loadings: np.ndarray, wells: Samples, held: np.ndarray, sites: Sites
) -> np.ndarray:
    """Genes by one who is told all loadings, `(V, held genes)`, but for their means.

    Patterns at the wells by least squares over the genes measured, kriged.

    Args:
        loadings: `(G, R)` of all genes.
        wells: N wells of the genes that are not held out.
        held: `(G,)` bool.
        sites: V places.
    """
    values = np.asarray(wells.values, np.float64)
    patterns = (values - values.mean(0)) @ np.linalg.pinv(loadings[~held].T)
    names = tuple(map(str, range(loadings.shape[1])))
    wells = dataclasses.replace(wells, values=np.float32(patterns), genes=names)
    return kriging(wells, sites, mirror=True).mean @ loadings[held].T
