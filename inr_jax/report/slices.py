"""A picture of maps: slices of a few genes over a T1 image, with the samples on them.

Slices are sampled from the volumes in mm, so any grid, also an oblique one, is drawn
upright. Expression is not symmetric about zero, so its colour scale is sequential; a
gene's map and its samples have the same one.

Frame: x_mm (MNI152 RAS, mm). Axis letters: I, J, K voxels; N wells.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from inr_jax.brain.space import Grid
from inr_jax.report import png
from inr_jax.report.cuts import ENDS, IN_PLANE, STEP_MM, Plane, sampled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure

COLOURS = "viridis"
NEAR_MM = 4.0  # samples this close to a slice are drawn on it
WANTED = 80  # samples on a slice
SCALE_PERCENT = (2, 98)  # percentiles of the map in the brain at the scale's ends
MARGIN_MM = 4.0  # around the brain
STRIPES = 6, 2  # pixels from one to the next, and as broad; where nothing is validated
UNTESTED = (
    "striped: not tested by held-out donors (too far from samples, or such matter)"
)
OUTLINES = (0.45, 0.77)  # of the T1's maximum: edge of ventricles, of white matter
OUTLINE_STYLE: dict[str, Any] = {"colors": "white", "linewidths": 0.4, "alpha": 0.6}


class Scene(NamedTuple):
    """The brain that all genes of a picture are drawn in.

    Attributes:
        grid: The grid of the maps.
        mask: `(I, J, K)` bool, where they are defined.
        t1: `(I', J', K')` T1-weighted image, on a grid of its own.
        t1_grid: The grid of `t1`.
        x_mm: `(N, 3)` wells, MNI mm.
        validated: `(I, J, K)` bool, voxels that held-out donors have tested the model
            so near to; None where they are not known.
    """

    grid: Grid
    mask: np.ndarray
    t1: np.ndarray
    t1_grid: Grid
    x_mm: np.ndarray
    validated: np.ndarray | None = None


class Words(NamedTuple):
    """What a picture says of all its rows.

    Attributes:
        heading: Above the first row, what genes these are.
        below: Lines under the last row.
        scale: Beside each colour scale.
    """

    heading: str = ""
    below: tuple[str, ...] = ()
    scale: str = "expression (units of the source)"


NO_WORDS = Words()


def draw(
    path: str | Path,
    scene: Scene,
    volumes: dict[str, np.ndarray],
    values: dict[str, np.ndarray],
    *,
    scores: dict[str, dict] | None = None,
    words: Words = NO_WORDS,
) -> None:
    """Draw a few genes, each a row: sagittal, coronal and axial, over the T1.

    Args:
        path: The PNG to write.
        scene: T1 image, mask and wells.
        volumes: gene -> map `(I, J, K)`.
        values: gene -> the wells' expression `(N,)`, in the units of the map.
        scores: gene -> its held-out row, for the titles.
        words: For all rows.

    Raises:
        InputError: The file cannot be written.
    """
    png.draw(path, make_figure, scene, volumes, values, scores=scores, words=words)


def make_figure(
    scene: Scene,
    volumes: dict[str, np.ndarray],
    values: dict[str, np.ndarray],
    *,
    scores: dict[str, dict] | None = None,
    words: Words = NO_WORDS,
) -> Figure:
    """The picture that `draw` writes; four axes a gene, the last the scale."""
    from matplotlib.figure import Figure

    cuts, (low, high) = cuts_mm(scene), bounds_mm(scene)
    widths = [(high - low)[across] for across, _ in IN_PLANE]
    figure = Figure(figsize=(9.5, 3.5 * len(volumes)), layout="constrained")
    axes = figure.subplots(len(volumes), 4, width_ratios=[*widths, 6], squeeze=False)
    for row, (gene, volume) in zip(axes, volumes.items(), strict=True):
        shade = _shade(volume[scene.mask])
        for axis in range(3):
            plane = Plane(axis, cuts[axis], low, high)
            draw_slice(row[axis], scene, plane, volume, shade)
            _draw_samples(row[axis], scene, plane, values[gene], shade)
            label(row[axis], plane)
        figure.colorbar(shade, cax=row[3], extend="both", label=words.scale)
        row[0].set_title(_title(gene, (scores or {}).get(gene)), loc="left")
    below = [f"dots: samples within {NEAR_MM:g} mm"]
    if scene.validated is not None and not scene.validated[scene.mask].all():
        below.append(UNTESTED)
    axes[-1, 0].set_xlabel("\n".join([*below, *words.below]), loc="left")
    if words.heading:
        figure.suptitle(words.heading, fontsize=10)
    return figure


def cuts_mm(scene: Scene) -> np.ndarray:
    """Where to cut: the x, y and z `(3,)`, mm, with about `WANTED` samples near by.

    Cuts lie in the middle half of the brain, where there is much to see.
    """
    brain = scene.grid.points_mm(scene.mask)
    low, high = np.percentile(brain, [25, 75], axis=0)
    cuts = []
    for axis in range(3):
        places = np.arange(np.ceil(low[axis]), high[axis] + STEP_MM, STEP_MM)
        apart = abs(np.asarray(scene.x_mm)[:, axis] - places[:, None])
        near = (apart <= NEAR_MM).sum(1)
        cuts.append(places[abs(near - WANTED).argmin()])
    return np.array(cuts)


def bounds_mm(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest whole mm of the brain in the T1 and in the mask, `(3,)`."""
    thin = scene.t1[::4, ::4, ::4]
    head = scene.t1_grid.mm(4 * np.argwhere(thin > 0.1 * thin.max()))
    points = np.concatenate([head, scene.grid.points_mm(scene.mask)])
    low, high = np.floor(points.min(0)), np.ceil(points.max(0))
    return low - MARGIN_MM, high + MARGIN_MM


def _shade(values: np.ndarray) -> ScalarMappable:
    """The colour scale of a map, from its values in the brain."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    low, high = np.nanpercentile(values, SCALE_PERCENT)
    high = high if high > low else low + 1.0
    return ScalarMappable(Normalize(low, high), COLOURS)


def draw_slice(
    axes: Axes, scene: Scene, plane: Plane, volume: np.ndarray, shade: ScalarMappable
) -> None:
    """Draw a cut of a map over the T1, striped where it is not validated."""
    x_mm, extent = plane.points_mm(), plane.extent()
    t1 = sampled(scene.t1, scene.t1_grid, x_mm, linear=True)
    inside = (
        sampled(scene.mask.astype(np.float32), scene.grid, x_mm, linear=False) > 0.5
    )
    shown = sampled(volume, scene.grid, x_mm, linear=False)
    hidden = ~inside | ~np.isfinite(shown)
    if scene.validated is not None:
        volume = scene.validated.astype(np.float32)
        tested = sampled(volume, scene.grid, x_mm, linear=False) > 0.5
        apart, broad = STRIPES
        hidden |= ~tested & (np.indices(tested.shape).sum(0) % apart < broad)
    shown = np.ma.masked_where(hidden, shown)
    frame: dict[str, Any] = {"extent": extent, "origin": "lower"}
    frame["interpolation"] = "nearest"
    axes.imshow(t1, cmap="gray", vmin=0, vmax=scene.t1.max(), **frame)
    axes.imshow(shown, cmap=shade.cmap, norm=shade.norm, **frame)  # type: ignore[arg-type]
    # The map is opaque, or its colours would not be those of the scale; so the T1
    # below it shows as outlines.
    levels = scene.t1.max() * np.array(OUTLINES)
    if t1.max() > levels[0]:
        axes.contour(t1, levels, extent=extent, **OUTLINE_STYLE)


def _draw_samples(
    axes: Axes, scene: Scene, plane: Plane, values: np.ndarray, shade: ScalarMappable
) -> None:
    near = abs(scene.x_mm[:, plane.axis] - plane.at_mm) <= NEAR_MM
    across, up = (scene.x_mm[near, k] for k in IN_PLANE[plane.axis])
    colours = shade.to_rgba(np.asarray(values)[near])
    axes.scatter(across, up, s=28, c=colours, edgecolors="white", linewidths=0.8)


def label(axes: Axes, plane: Plane) -> None:
    """Say where a cut lies, and which end is left."""
    left, right, bottom, top = plane.extent()
    axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
    axes.set(xticks=[], yticks=[], facecolor="black")
    style: dict[str, Any] = {"color": "white", "fontsize": 9, "va": "top"}
    first, last = ENDS[plane.axis]
    axes.text(left + 3, top - 3, first, ha="left", **style)
    axes.text(right - 3, top - 3, last, ha="right", **style)
    axes.text(left + 3, bottom + 3, plane.name, **{**style, "va": "bottom"})


def _title(gene: str, row: dict | None) -> str:
    if row is None:
        return gene
    return f"{gene}: held-out r {row['r']:.2f}, R² {row['r2']:.2f}"
