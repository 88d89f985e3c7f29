"""Regions of cortex whose vertices an atlas labels, on a surface that settings name."""

from __future__ import annotations

import numpy as np

from inr_jax.brain.label_images import LabelImage
from inr_jax.brain.surface_labels import SurfaceLabels
from inr_jax.errors import InputError
from inr_jax.maps.surfaces import depth_points
from inr_jax.maps.write import Canvas
from inr_jax.run.region_report import RegionPlaces, Regions, regions_on
from inr_jax.run.surface_maps import Surface

THROUGH = (0.0, 0.5, 1.0)  # depths of cortex at which wells are matched


def regions_of(
    labels: LabelImage | SurfaceLabels, canvas: Canvas, surface: Surface | None
) -> Regions:
    """The places of an atlas's regions: voxels of the maps, or points of cortex.

    Args:
        labels: The atlas.
        canvas: The voxels of the maps.
        surface: For labels of vertices.

    Raises:
        InputError: The labels lie elsewhere, or are of another surface.
    """
    if isinstance(labels, SurfaceLabels):
        assert surface is not None  # its caller reads it for such labels
        return _on_surface(labels, surface, canvas.space)
    return regions_on(labels, canvas)


def _on_surface(labels: SurfaceLabels, surface: Surface, space: str) -> Regions:
    """The points of cortex, at the surface's depths, that lie in regions.

    Wells are matched with all of cortex from white matter to pia.

    Raises:
        InputError: A side is missing, or has another number of vertices.
    """
    parts: dict[str, list[RegionPlaces]] = {"at": [], "near": []}
    sides = {side.hemi: side for side in surface.sides}
    for hemi, vertices in labels.vertices.items():
        there = len(sides[hemi].white) if hemi in sides else 0
        if there != len(vertices):
            raise InputError(
                labels.paths[hemi],
                expected=f"labels of the {there} vertices of {surface.name}, {hemi}",
                found=f"{len(vertices)}",
                fix="give its surfaces by regions.surface (GIFTI, MNI mm)",
            )
        for kind, depths in (("at", surface.depths), ("near", THROUGH)):
            x_mm = depth_points(sides[hemi], depths)
            row = np.tile(vertices - 1, len(depths))
            parts[kind].append(RegionPlaces(x_mm[row >= 0], row[row >= 0]))
    at, near = (
        RegionPlaces(*(np.concatenate(arrays) for arrays in zip(*kind, strict=True)))
        for kind in parts.values()
    )
    return Regions(labels, *at, space, "vertices", near, len(surface.depths))
