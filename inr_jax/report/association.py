"""Pictures of an association: variograms, and the best genes beside the map.

Axis letters: M nodes. Frame: x_mm (MNI152 RAS, mm).
"""

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


class Pair(NamedTuple):
    """A gene beside the map.

    Attributes:
        gene: Its symbol.
        values: `(M,)` its map at the nodes.
        title: What is said of it.
    """

    gene: str
    values: np.ndarray
    title: str


def draw_best(
    path: str | Path, name: str, x_mm: np.ndarray, y: np.ndarray, genes: list[Pair]
) -> None:
    """Draw slices of a map and of genes side by side, and the one against the other.

    Args:
        path: The PNG to write.
        name: Of the map.
        x_mm: `(M, 3)` nodes.
        y: `(M,)` the map.
        genes: Some genes, a row each.

    Raises:
        InputError: The file cannot be written.
    """
    png.draw(path, make_best, name, x_mm, y, genes)


def make_best(name: str, x_mm: np.ndarray, y: np.ndarray, genes: list[Pair]) -> Figure:
    """The picture that `draw_best` writes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.4 * len(genes)), layout="constrained")
    rows = figure.subplots(len(genes), 3, squeeze=False)
    step = np.diff(np.unique(x_mm[:, 2])).min(initial=10.0)
    heights, size = np.unique(x_mm[:, 2], return_counts=True)
    cut = abs(x_mm[:, 2] - heights[size.argmax()]) < step / 2
    for axes, gene in zip(rows, genes, strict=True):
        for a, values, title in (
            (axes[0], y, name),
            (axes[1], gene.values, gene.gene),
        ):
            low, high = np.percentile(values, [2, 98])
            colours: dict = {"c": values[cut], "vmin": low, "vmax": high}
            a.scatter(*x_mm[cut, :2].T, s=9, marker="s", linewidths=0, **colours)
            a.set_aspect("equal")
            a.set_title(f"{title}, z = {x_mm[cut, 2][0]:.0f} mm", fontsize=9)
            a.set_axis_off()
        axes[2].hexbin(gene.values, y, gridsize=60, bins="log", cmap="Greys")
        axes[2].set_xlabel(f"{gene.gene} at voxels")
        axes[2].set_ylabel(name)
        axes[2].set_title(gene.title, fontsize=9)
    return figure
