"""The stage `crosswalk`: from an atlas's regions to structures, to be read and changed.

It fits nothing: the table comes from names, and from where wells lie.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from ml_collections import ConfigDict

from inr_jax.brain import template
from inr_jax.brain.atlas import (
    DESIKAN_KILLIANY,
    check_in_brain,
    desikan_killiany,
    read_regions,
)
from inr_jax.brain.label_images import LabelImage, one_sided, shares_at
from inr_jax.brain.space import folded
from inr_jax.errors import InputError, shortlist
from inr_jax.fields import inputs, model
from inr_jax.fitting import recipe
from inr_jax.maps import crosswalk, memberships
from inr_jax.maps.gene_batches import Slabs
from inr_jax.run import build
from inr_jax.run.workdir import Workdir
from inr_jax.samples.samples import Samples
from inr_jax.samples.source import Source
from inr_jax.samples.structures import known_structures

log = logging.getLogger("inr_jax")

FEW = 0.5  # wells in a region that has none of its own

SHOWN = 3  # names of a region in what is printed


def make_labels(config: ConfigDict) -> LabelImage:
    """The regions that `config.anatomy.atlas` names, checked against the maps.

    Raises:
        InputError: A bad image or table, or labels that lie elsewhere.
    """
    path = config.anatomy.atlas
    if path == DESIKAN_KILLIANY:
        return desikan_killiany()
    if not config.anatomy.atlas_info:
        raise InputError(
            "config.anatomy.atlas_info",
            expected=f"a CSV or TSV with id, label and structure for {path}",
            found="none",
            fix="write such a table",
        )
    labels = read_regions(path, config.anatomy.atlas_info)
    mask, grid, _ = build.make_grid(config)
    x_mm = grid.points_mm(mask)
    if config.inputs.mirror:
        labels, x_mm = one_sided(labels), folded(x_mm)
    check_in_brain(labels, path, x_mm, grid.voxel_mm())
    return labels


def atlas_name(config: ConfigDict) -> str:
    """What to call it beside a map."""
    known = config.anatomy.atlas == DESIKAN_KILLIANY
    return "Desikan-Killiany" if known else Path(config.anatomy.atlas).name


def make_places(config: ConfigDict, samples: Samples) -> memberships.RegionMemberships:
    """Regions, crosswalk and what lies outside, changed as the user says.

    Raises:
        InputError: No well has a structure; a bad atlas or crosswalk.
    """
    if not (samples.structure >= 0).any():
        raise InputError(
            "config.anatomy.maps",
            expected="wells with named structures",
            found="none",
            fix="set it to False, or give samples with a column of structures",
        )
    labels, anatomy = make_labels(config), known_structures(samples)
    x_mm = folded(samples.x_mm, config.inputs.mirror)
    shares = shares_at(labels, x_mm, config.anatomy.blur_mm)
    above = memberships.above_of(labels, samples, anatomy, shares)
    prior = above.member[above.row]
    prior[0] = memberships.unknown_of(anatomy)
    learned = crosswalk.learn(samples, anatomy, labels.names, shares, prior)
    table = learned
    if config.anatomy.crosswalk:
        path = config.anatomy.crosswalk
        table = crosswalk.override(path, learned, labels.names, samples)
    _say_what_is_empty(labels, samples, shares)
    beyond = None
    if (table[0] == learned[0]).all():
        beyond = memberships.beyond_of(samples, anatomy, x_mm, shares)
    return memberships.RegionMemberships(
        labels, config.anatomy.blur_mm, table, above, beyond
    )


def _say_what_is_empty(
    labels: LabelImage, samples: Samples, shares: np.ndarray
) -> None:
    same = crosswalk.by_name(labels.names, samples.structures)
    count = shares.sum(0)
    empty = [
        name
        for row, name in enumerate(labels.names)
        if row and row not in same and count[row] < FEW
    ]
    if empty:
        log.warning(
            "crosswalk: %d of %d regions hold no well and share no name with a "
            "structure, they are what they lie in: %s",
            len(empty),
            len(labels.names) - 1,
            shortlist(empty),
        )
    if len(same) < len(labels.names) / 2:
        log.warning(
            "%d of %d regions are structures by name, others mix those of their wells: "
            "maps hold less than held-out scores with structures known promise",
            len(same),
            len(labels.names) - 1,
        )


def crosswalk_stage(config: ConfigDict, workdir: Workdir, source: Source) -> None:
    """Write crosswalk.csv, and print it with the number of wells of each region."""
    samples = source.samples
    places = make_places(config, samples)
    write(workdir, places, samples)
    x_mm = folded(samples.x_mm, config.inputs.mirror)
    count = shares_at(places.labels, x_mm, places.blur_mm).sum(0)
    print("\n".join(_lines(places, samples, count)), flush=True)


def write(
    workdir: Workdir, places: memberships.RegionMemberships, samples: Samples
) -> None:
    """Write it to the workdir."""
    crosswalk.write(workdir.crosswalk, places.table, places.labels.names, samples)
    log.info("crosswalk from atlas to structures: %s", workdir.crosswalk)


def _lines(
    places: memberships.RegionMemberships, samples: Samples, count: np.ndarray
) -> list[str]:
    regions, structures = places.labels.names, samples.structures
    same, parents = crosswalk.by_name(regions, structures), len(samples.parents)
    width = max(map(len, (*regions, crosswalk.OUTSIDE)))
    lines = [f"{'region':<{width}}  wells  by    is (share)"]
    for row, region in enumerate(regions):
        weight = places.table[row]
        order = np.argsort(-weight[parents:], kind="stable")[:SHOWN]
        names = [(structures[s], weight[parents + s]) for s in order]
        if parents:
            top = int(weight[:parents].argmax())
            names.append((f"in {samples.parents[top]}", weight[top]))
        told = ", ".join(f"{name} {w:.2f}" for name, w in names if w >= 0.005)
        how = "name" if row in same else "wells" if count[row] >= FEW else "-"
        region = region or crosswalk.OUTSIDE
        lines.append(f"{region:<{width}}  {count[row]:5.1f}  {how:<5} {told}")
    return lines


SLAB = 65536  # voxels whose memberships are held at a time


def fitted_with_atlas(
    config: ConfigDict, workdir: Workdir, samples: Samples, x_mm: np.ndarray
) -> tuple[model.Renderer, model.Model, Slabs]:
    """Fit all wells with their structures; what to render the voxels `(V, 3)` with.

    The crosswalk is written to the workdir.

    Raises:
        InputError: No well has a structure; a bad atlas or crosswalk.
    """
    places = make_places(config, samples)
    write(workdir, places, samples)
    start = time.perf_counter()
    plan = build.make_anatomy_recipe(config, samples)
    preprocessing, state = recipe.fitted(plan, samples)
    log.info("fit with anatomy: %.1f s", time.perf_counter() - start)

    def slabs() -> Iterator[inputs.Places]:
        for first in range(0, len(x_mm), SLAB):
            slab = x_mm[first : first + SLAB]
            seen = places.at(folded(slab, config.inputs.mirror))
            yield inputs.make_places(slab, template.tissue_at(slab), seen)

    return plan.renderer, recipe.make_model(preprocessing, state), slabs
