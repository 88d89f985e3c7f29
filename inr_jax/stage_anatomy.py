"""Maps of the fit that sees anatomy: an atlas tells each voxel's structures.

The fit is short, so it is made anew for every rendering, from all wells.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

import numpy as np
from ml_collections import ConfigDict

from inr_jax import build, crosswalk, fit, recipe, render, template
from inr_jax.blocks import Slabs
from inr_jax.errors import InputError
from inr_jax.inputs import fold
from inr_jax.labels import Labels, desikan_killiany, shares_at
from inr_jax.samples import Samples
from inr_jax.workdir import Workdir

log = logging.getLogger("inr_jax")
SLAB = 65536  # voxels whose memberships are held at a time


def fitted_with_atlas(
    config: ConfigDict, workdir: Workdir, samples: Samples, x_mm: np.ndarray
) -> tuple[render.Renderer, render.Model, Slabs]:
    """Fit all wells with their structures; what to render the voxels `(V, 3)` with.

    The crosswalk is written to the workdir.

    Raises:
        InputError: No well has a structure, or a bad crosswalk.
    """
    if not (samples.structure >= 0).any():
        raise InputError(
            "config.anatomy.maps",
            expected="wells with named structures",
            found="none",
            fix="set it to False, or give samples with a column of structures",
        )
    start = time.perf_counter()
    plan = build.make_anatomy_recipe(config, samples)
    frame = recipe.make_frame(plan, samples)
    state, _ = fit.fit(
        plan.trainer,
        recipe.first_state(plan),
        recipe.make_data(plan, frame, samples),
        steps=plan.steps,
        chunk=plan.chunk,
    )
    log.info("fit with anatomy: %.1f s", time.perf_counter() - start)
    atlas, table = desikan_killiany(), _crosswalk(config, workdir, samples, frame)

    def slabs() -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        for first in range(0, len(x_mm), SLAB):
            slab = x_mm[first : first + SLAB]
            seen = _shares(config, atlas, slab) @ table
            yield slab, template.tissue_at(slab), seen

    return plan.renderer, recipe.make_model(frame, state), slabs


def _shares(config: ConfigDict, atlas: Labels, x_mm: np.ndarray) -> np.ndarray:
    x_mm = fold(x_mm) if config.inputs.mirror else x_mm
    return shares_at(atlas, x_mm, config.anatomy.blur_mm)


def _crosswalk(
    config: ConfigDict, workdir: Workdir, samples: Samples, frame: recipe.Frame
) -> np.ndarray:
    """Learned, changed as the user says, and written where it can be read."""
    atlas = desikan_killiany()
    shares = _shares(config, atlas, samples.x_mm)
    table = crosswalk.learn(samples, frame.anatomy, atlas.names, shares)
    if config.anatomy.crosswalk:
        path = config.anatomy.crosswalk
        table = crosswalk.override(path, table, atlas.names, samples)
    crosswalk.write(workdir.crosswalk, table, atlas.names, samples)
    log.info("crosswalk from atlas to structures: %s", workdir.crosswalk)
    same = len(crosswalk.by_name(atlas.names, samples.structures))
    if same < len(atlas.names) / 2:
        log.warning(
            "%d of %d regions are structures by name, others mix those of their wells: "
            "maps hold less than held-out scores with structures known promise",
            same,
            len(atlas.names) - 1,
        )
    return table
