"""The regions of an atlas as memberships in structures, as the settings ask for."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from ml_collections import ConfigDict

from inr_jax.brain.atlas import (
    DESIKAN_KILLIANY,
    check_in_brain,
    desikan_killiany,
    read_regions,
)
from inr_jax.brain.label_images import LabelImage, one_sided, shares_at
from inr_jax.brain.sides import paired
from inr_jax.brain.space import folded
from inr_jax.errors import InputError, shortlist
from inr_jax.maps import crosswalk, memberships
from inr_jax.maps.write import Canvas
from inr_jax.samples.samples import Samples
from inr_jax.samples.structures import known_structures

log = logging.getLogger("inr_jax")

FEW_WELLS = 0.5  # in a region that counts as empty


def make_labels(config: ConfigDict, canvas: Canvas | None) -> LabelImage:
    """The regions that `config.anatomy.atlas` names.

    Args:
        config: Settings of the run.
        canvas: The voxels to check that the labels lie where these do; or None.

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
    if config.inputs.mirror:
        labels = paired(one_sided(labels))
    if canvas is not None:
        x_mm = folded(canvas.grid.points_mm(canvas.mask), config.inputs.mirror)
        check_in_brain(labels, path, x_mm, canvas.grid.voxel_mm())
    return labels


def atlas_name(config: ConfigDict) -> str:
    """What to call the atlas beside a map."""
    known = config.anatomy.atlas == DESIKAN_KILLIANY
    return "Desikan-Killiany" if known else Path(config.anatomy.atlas).name


def make_regions(
    config: ConfigDict, samples: Samples, canvas: Canvas | None = None
) -> memberships.RegionMemberships:
    """Regions, crosswalk and what lies outside, changed as the user says.

    Args:
        config: Settings of the run.
        samples: The wells; their expression is not looked at.
        canvas: As for `make_labels`.

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
    labels, known = make_labels(config, canvas), known_structures(samples)
    x_mm = folded(samples.x_mm, config.inputs.mirror)
    shares = shares_of(
        samples, labels, mirror=config.inputs.mirror, blur_mm=config.anatomy.blur_mm
    )
    above = memberships.above_of(labels, samples, known, shares)
    prior = above.member[above.row]
    prior[0] = memberships.unknown_of(known)
    learned = crosswalk.learn(samples, known, labels.names, shares, prior)
    table = learned
    if config.anatomy.crosswalk:
        path = config.anatomy.crosswalk
        table = crosswalk.override(path, learned, labels.names, samples)
    _warn_of_empty_regions(labels, samples, shares)
    beyond = None
    if (table[0] == learned[0]).all():
        beyond = memberships.beyond_of(samples, known, x_mm, shares)
    return memberships.RegionMemberships(
        labels, config.anatomy.blur_mm, table, above, beyond
    )


def shares_of(
    samples: Samples, labels: LabelImage, *, mirror: bool, blur_mm: float
) -> np.ndarray:
    """How far each value belongs to each region: `(N, L)`, the mean over its support.

    Args:
        samples: N values.
        labels: L regions.
        mirror: Whether left and right are one.
        blur_mm: sd of the regions' blur.
    """
    points = samples.points()
    return points.mean(shares_at(labels, folded(points.x_mm, mirror), blur_mm))


def _warn_of_empty_regions(
    labels: LabelImage, samples: Samples, shares: np.ndarray
) -> None:
    named = crosswalk.by_name(labels.names, samples.structures)
    count = shares.sum(0)
    empty = [
        name
        for row, name in enumerate(labels.names)
        if row and row not in named and count[row] < FEW_WELLS
    ]
    if empty:
        log.warning(
            "crosswalk: %d of %d regions hold no well and share no name with a "
            "structure, they are what they lie in: %s",
            len(empty),
            len(labels.names) - 1,
            shortlist(empty),
        )
    if len(named) < len(labels.names) / 2:
        log.warning(
            "%d of %d regions are structures by name, others mix those of their wells: "
            "maps hold less than held-out scores with structures known promise",
            len(named),
            len(labels.names) - 1,
        )
