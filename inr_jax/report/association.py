"""Pictures of an association: variograms of a map and of its null maps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from inr_jax.report import png
from inr_jax.report.styles import BLUE, VERMILION, pale_grid

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Curves(NamedTuple):
    """Variograms of one stratum.

    Attributes:
        distance_mm: `(B,)` mean distances of bins.
        observed: `(B,)` of the map, its trend removed.
        expected: `(B,)` of null maps, after the same removal.
        misfit: Root mean squared relative difference.
    """

    distance_mm: np.ndarray
    observed: np.ndarray
    expected: np.ndarray
    misfit: float


def draw_variograms(path: str | Path, strata: dict[str, Curves]) -> None:
    """Draw the variogram of a map and that of null maps, axes for each stratum.

    Raises:
        InputError: The file cannot be written.
    """
    png.draw(path, make_variograms, strata)


def make_variograms(strata: dict[str, Curves]) -> Figure:
    """The picture that `draw_variograms` writes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.2 * max(len(strata), 2), 3.2), layout="constrained")
    row = figure.subplots(1, len(strata), squeeze=False)[0]
    for axes, (name, curves) in zip(row, strata.items(), strict=True):
        d = curves.distance_mm
        axes.plot(d, curves.observed, "o", color=VERMILION, ms=4, label="map")
        axes.plot(d, curves.expected, "-", color=BLUE, label="null maps")
        axes.set_title(f"{name} (differ by {curves.misfit:.0%})", fontsize=9)
        axes.set_xlabel("distance (mm)")
        axes.set_ylim(bottom=0)
        pale_grid(axes)
    row[0].set_ylabel("variogram")
    row[0].legend(fontsize=8, frameon=False)
    return figure
