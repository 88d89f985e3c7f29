"""Maps of the fit that sees anatomy: an atlas tells each voxel's structures.

The fit is short, so it is made anew for every rendering, from all wells.
"""

from __future__ import annotations

import logging
import time

import numpy as np
from ml_collections import ConfigDict

from inr_jax import build, recipe, render, template
from inr_jax.inputs import fold
from inr_jax.progress import bar
from inr_jax.provenance import add_summary
from inr_jax.samples import Samples
from inr_jax.stage_crosswalk import make_places, write
from inr_jax.workdir import Workdir

log = logging.getLogger("inr_jax")
SLAB = 65536  # voxels whose memberships are held at a time


def render_with_atlas(
    config: ConfigDict, workdir: Workdir, samples: Samples, x_mm: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Fit all wells with their structures and evaluate at voxels.

    The crosswalk is written to the workdir.

    Returns:
        Mean and standard deviation over members, `(V, G)`, units of the source.

    Raises:
        InputError: No well has a structure; a bad atlas or crosswalk.
    """
    places = make_places(config, samples)
    write(workdir, places, samples)
    start = time.perf_counter()
    plan = build.make_anatomy_recipe(config, samples)
    frame, state = recipe.fitted(plan, samples)
    model = recipe.make_model(frame, state)
    parts = []
    with bar("render", len(x_mm), unit="voxel") as tick:
        for first in range(0, len(x_mm), SLAB):
            slab = x_mm[first : first + SLAB]
            seen = places.at(fold(slab) if config.inputs.mirror else slab)
            tissue = template.tissue_at(slab)
            parts.append(
                render.render(plan.renderer, model, slab, tissue, anatomy=seen)
            )
            tick(first + len(slab))
    mean, spread = (np.concatenate(part) for part in zip(*parts, strict=True))
    seconds = time.perf_counter() - start
    log.info("fit with anatomy and render: %d voxels in %.1f s", len(mean), seconds)
    numbers = {"seconds": seconds, "voxel_genes_per_second": mean.size / seconds}
    add_summary(workdir.summary, {"render": numbers, "n_voxels": len(x_mm)})
    return mean, spread
