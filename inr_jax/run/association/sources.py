"""What a user asks about: volumes, maps of cortex, and tables of regions."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from inr_jax.brain.label_images import LabelImage
from inr_jax.brain.surface_values import SurfaceMap, paired, read_surface_map
from inr_jax.brain.value_maps import ValueMap, read_value_map
from inr_jax.errors import InputError
from inr_jax.files.reading import user_path
from inr_jax.run.association.scenery import no_atlas
from inr_jax.run.surface_maps import Surface, read_surface
from inr_jax.samples.region_values import read_region_values, region_values_of

TABLES = (".csv", ".tsv", ".txt")  # endings of tables of regions


def read_sources(
    source: Any, labels: LabelImage | None, surface: str, *, mask: Any, zeros: str
) -> tuple[list[ValueMap | SurfaceMap], dict[str, np.ndarray]]:
    """Maps, or columns of values of regions.

    Args:
        source: As `associate` takes it.
        labels: Of regions; None where there are none.
        surface: What vertices are of, as the setting `render.surface`.
        mask: Of volumes.
        zeros: What zeros mean.

    Raises:
        InputError: A bad map or table, or no regions for a table.
    """
    is_frame = hasattr(source, "to_csv")
    if is_frame or str(source).lower().endswith(TABLES):
        if labels is None:
            raise no_atlas()
        if is_frame:
            return [], region_values_of(source, labels)
        return [], read_region_values(user_path(source), labels)
    sources = source if isinstance(source, list | tuple) else [source]
    if not sources:
        fix = "give an image, a table or a list of images"
        raise InputError("associate", expected="a map", found="none", fix=fix)
    cortex = functools.partial(read_surface, surface, "MNI152", (0.5,))
    return read_maps(sources, cortex, mask=mask, zeros=zeros), {}


def read_maps(
    sources: Sequence[Any], cortex: Callable[[], Surface], *, mask: Any, zeros: str
) -> list[ValueMap | SurfaceMap]:
    """Maps of volumes, and of cortex, whose two sides may be two files.

    Args:
        sources: Images or paths.
        cortex: Gives the surface whose vertices values are of.
        mask: Of volumes; see `read_value_map`.
        zeros: What zeros mean.

    Raises:
        InputError: A bad map, or a mask for a surface.
    """
    maps: list[ValueMap | SurfaceMap] = []
    for source in paired(sources):
        if not isinstance(source, tuple):
            maps.append(read_value_map(source, mask=mask, zeros=zeros))
            continue
        if not isinstance(mask, str) or mask:
            fix = "leave it out; vertices without a number are outside"
            found = f"{source[0]}, values of vertices"
            raise InputError("mask", expected="a volume's", found=found, fix=fix)
        surface = cortex()
        paths = [user_path(path) for path in source]
        maps.append(read_surface_map(paths, surface.sides, surface.name, zeros))
    return maps
