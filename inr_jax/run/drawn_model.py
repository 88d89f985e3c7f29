"""What a fitted model tells of places beside values: how well they were tested.

Axis letters: V places, G genes. Frame: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from inr_jax.fitting.recipe import Recipe
from inr_jax.maps.calibration import Calibrated
from inr_jax.maps.places import points
from inr_jax.run.validity import validity_of
from inr_jax.samples.source import Source
from inr_jax.stats.neighbours import nearest_distance_mm
from inr_jax.stats.validity import Validity


class DrawnModel:
    """The part of an `ExpressionModel` that goes beyond values at places."""

    name: str
    recipe: Recipe
    wells: Source
    calibrated: Calibrated | None

    def distance_mm(self, x_mm: Any) -> np.ndarray:
        """Distance `(V,)`, mm, of places `(V, 3)` to the nearest point of a sample.

        A sample also counts on the other side where left and right are one.

        Raises:
            InputError: As for a call.
        """
        wells = self.wells.samples.points().x_mm
        return nearest_distance_mm(wells, points(x_mm), mirror=self.recipe.mirror)

    def validated(self, x_mm: Any) -> np.ndarray:
        """Whether `(V,)` places `(V, 3)` are of the kind that held-out wells tested.

        As near to wells as they were, and in matter (grey, white, spaces) of which
        there were enough and, where the model is calibrated, intervals held.

        Raises:
            InputError: As for a call; or all wells are of one donor.
        """
        return self.validity.at(points(x_mm))

    @property
    def range_mm(self) -> float:
        """How far from wells held-out wells were, at the 95th percentile, mm."""
        return self.validity.range_mm

    @functools.cached_property
    def validity(self) -> Validity:
        """What `validated` compares places with."""
        samples, mirror = self.wells.samples, self.recipe.mirror
        return validity_of(samples, self.calibrated, mirror=mirror)
