"""Maps of a fitted model on surfaces of cortex, as settings or a caller name them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from ml_collections import ConfigDict

from inr_jax.brain import surfaces
from inr_jax.brain.surfaces import FSAVERAGE5, Cortex
from inr_jax.fields.model import keep_genes
from inr_jax.maps.group_means import group_means
from inr_jax.maps.surfaces import (
    SurfaceNames,
    SurfaceValues,
    density_name,
    depth_points,
    mesh_name,
)
from inr_jax.run import setting_checks
from inr_jax.run.atlases import names_in
from inr_jax.run.images import calibrated_of, places_of
from inr_jax.run.region_report import Drawn
from inr_jax.stats.conformal import predictive_sd

MIDDLE = 0.5  # depth of cortex
GIVEN = "custom"  # space of a user's mesh whose files name none


class Surface(NamedTuple):
    """Where maps are wanted.

    Attributes:
        name: As the settings have it.
        sides: Left, right or both, in MNI152 mm.
        depths: Over which values are averaged, 0 white to 1 pial.
        told: Where the coordinates come from, for sidecars.
    """

    name: str
    sides: list[Cortex]
    depths: tuple[float, ...]
    told: dict[str, Any]

    def names(self, source: str) -> SurfaceNames:
        """What its files are called."""
        shipped, space = self.name == FSAVERAGE5, "fsaverage"
        if not shipped:
            file = Path(names_in(self.name)[0]).name
            match = re.search(r"space-([A-Za-z0-9]+)", file)
            space = match[1] if match else GIVEN
        plain = shipped and self.depths == (MIDDLE,)
        mesh = "" if plain else mesh_name(self.sides, self.depths)
        density = density_name(len(self.sides[0].white))
        return SurfaceNames(space, density, source, mesh)


def read_surface(name: str, space: str, depths: tuple[float, ...]) -> Surface:
    """The surface that a setting names.

    Args:
        name: "fsaverage5", or GIFTI files, comma separated.
        space: Of the coordinates of such files, "MNI152" or "MNI305".
        depths: From 0, white, to 1, pial.

    Raises:
        InputError: A bad file, or a surface that lies elsewhere.
    """
    if name == FSAVERAGE5:
        sides, space = surfaces.fsaverage5(), "MNI305"
    else:
        sides = surfaces.read_cortex(names_in(name), space)
    told: dict[str, Any] = {
        "Surface": FSAVERAGE5 if name == FSAVERAGE5 else names_in(name),
        "Depths": list(depths),
        "Coordinates152": "as given, MNI152",
    }
    if space == "MNI305":
        affine = surfaces.MNI305_TO_152.tolist()
        told["Coordinates152"] = "MNI305, moved by FreeSurfer's affine to MNI152"
        told["Affine305To152"] = affine
    return Surface(name, sides, depths, told)


def surface_of(config: ConfigDict) -> Surface:
    """The surface that `config.render` names, else fsaverage5.

    Raises:
        InputError: As for `read_surface`.
    """
    section = config.render
    depths = setting_checks.depths("config.render.depths", section.depths)
    name = section.surface or FSAVERAGE5
    return read_surface(name, section.surface_space, depths)


def values_on(
    model: Drawn, surface: Surface, columns: Sequence[int]
) -> list[SurfaceValues]:
    """Maps of genes at the vertices of each side.

    Args:
        model: What is evaluated.
        surface: Where.
        columns: Genes, in this order.
    """
    calibrated = calibrated_of(model.drawable, columns)
    with ThreadPoolExecutor(len(surface.sides)) as pool:  # NumPy lets go of Python
        # What was tested follows from places alone: told while maps are worked out.
        tested = pool.submit(_validated, model, surface) if calibrated else None
        parts = [_side(model, at, surface.depths, columns) for at in surface.sides]
        if calibrated is None or tested is None:
            return parts
        calibration = calibrated.calibration

        def spread(side: SurfaceValues, validated: np.ndarray) -> SurfaceValues:
            sd = predictive_sd(calibration, side.x_mm, side.sd)
            return side._replace(sd=sd, validated=validated)

        return list(pool.map(spread, parts, tested.result()))


def _validated(model: Drawn, surface: Surface) -> list[np.ndarray]:
    """Whether held-out wells have tested maps at the vertices of each side."""
    return [model.validated(_middle_mm(at, surface.depths)) for at in surface.sides]


def _middle_mm(side: Cortex, depths: tuple[float, ...]) -> np.ndarray:
    """Places `(V, 3)` float32 of the vertices in the middle of the depths, mm."""
    return side.at(float(np.mean(depths))).astype(np.float32)


def _side(
    model: Drawn, side: Cortex, depths: tuple[float, ...], columns: Sequence[int]
) -> SurfaceValues:
    """Maps and their spread on a side; what a calibration tells is left open."""
    drawable, vertices = model.drawable, len(side.white)
    values = group_means(
        drawable.recipe.renderer,
        keep_genes(drawable.model, list(columns)),
        places_of(drawable, depth_points(side, depths)),
        np.tile(np.arange(vertices), len(depths)),
        vertices,
    )
    nowhere, cortex = np.zeros(vertices, bool), side.is_cortex()
    return SurfaceValues(
        side.hemi,
        _middle_mm(side, depths),
        values.mean,
        values.spread,
        nowhere,
        cortex,
    )
