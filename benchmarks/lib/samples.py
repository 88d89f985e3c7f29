"""Any number of random genes at the real wells of the atlas."""

from __future__ import annotations

import numpy as np

from inr_jax.brain import template
from inr_jax.brain.atlas import desikan_killiany
from inr_jax.samples import phantom
from inr_jax.samples.ahba.wells import wells
from inr_jax.samples.samples import make_samples

RANK = 20


def samples_of(genes: int, tiny: bool):
    """Low rank and noise at the real wells, named by the atlas they lie in."""
    rng, table = np.random.default_rng(0), wells()
    rows = slice(None, None, 60 if tiny else 1)
    x_mm, regions = table.x_mm[rows], phantom.region_of(table.x_mm[rows])
    atlas = desikan_killiany()
    rank = [rng.normal(size=shape) for shape in ((len(x_mm), RANK), (RANK, genes))]
    values = (rank[0] @ rank[1]).astype(np.float32)
    return make_samples(
        x_mm=x_mm,
        values=values + rng.standard_normal(values.shape, np.float32),
        genes=[f"G{g}" for g in range(genes)],
        where="benchmark",
        well=table.well[rows],
        donor=list(table.donor[rows]),
        structure=[atlas.names[r] for r in regions],
        parent=[atlas.parents[r] for r in regions],
        tissue=template.tissue_at(x_mm),
    )
