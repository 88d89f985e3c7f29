"""What a run is made of; each part is made once and passed to every stage."""

from __future__ import annotations

from typing import NamedTuple

from ml_collections import ConfigDict

from inr_jax.fitting.recipe import Recipe
from inr_jax.maps.memberships import RegionMemberships
from inr_jax.maps.write import Canvas
from inr_jax.run.surface_maps import Surface
from inr_jax.run.workdir import Workdir
from inr_jax.samples.phantom import Phantom
from inr_jax.samples.source import Source


class Run(NamedTuple):
    """One run in one folder.

    Attributes:
        config: Every setting.
        workdir: Where results lie.
        source: The samples, and where they come from.
        canvas: The voxels that maps are drawn in.
        models: Recipes by the names of their models, "place" and "structure".
        brain: The phantom of the samples' genes, where they come from it.
        regions: What voxels are members of, where a map or a table needs it.
        surface: Of cortex, where maps on it are asked for.
    """

    config: ConfigDict
    workdir: Workdir
    source: Source
    canvas: Canvas
    models: dict[str, Recipe]
    brain: Phantom | None = None
    regions: RegionMemberships | None = None
    surface: Surface | None = None

    @property
    def drawn(self) -> str:
        """Name of the model whose maps are drawn."""
        return "structure" if self.config.anatomy.maps else "place"
