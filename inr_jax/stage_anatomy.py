"""Maps of the fit that sees anatomy: an atlas tells each voxel's structures.

The fit is short, so it is made anew for every rendering, from all wells.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

import numpy as np
from ml_collections import ConfigDict

from inr_jax import build, recipe, render, template
from inr_jax.blocks import Slabs
from inr_jax.inputs import fold
from inr_jax.samples import Samples
from inr_jax.stage_crosswalk import make_places, write
from inr_jax.workdir import Workdir

log = logging.getLogger("inr_jax")
SLAB = 65536  # voxels whose memberships are held at a time


def fitted_with_atlas(
    config: ConfigDict, workdir: Workdir, samples: Samples, x_mm: np.ndarray
) -> tuple[render.Renderer, render.Model, Slabs]:
    """Fit all wells with their structures; what to render the voxels `(V, 3)` with.

    The crosswalk is written to the workdir.

    Raises:
        InputError: No well has a structure; a bad atlas or crosswalk.
    """
    places = make_places(config, samples)
    write(workdir, places, samples)
    start = time.perf_counter()
    plan = build.make_anatomy_recipe(config, samples)
    frame, state = recipe.fitted(plan, samples)
    log.info("fit with anatomy: %.1f s", time.perf_counter() - start)

    def slabs() -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        for first in range(0, len(x_mm), SLAB):
            slab = x_mm[first : first + SLAB]
            seen = places.at(fold(slab) if config.inputs.mirror else slab)
            yield slab, template.tissue_at(slab), seen

    return plan.renderer, recipe.make_model(frame, state), slabs
