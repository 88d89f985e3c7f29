"""Pictures: slices of maps with the samples on them, and scores per gene.

Slices are sampled from the volumes in mm, so any grid, also an oblique one, is drawn
upright. Expression is not symmetric about zero, so its scale is sequential, and the
same for map and samples of a gene. matplotlib (a second) is imported inside functions.

Frames: x_mm (MNI152 RAS, mm). Axis letters: I, J, K voxels; N wells.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from inr_jax.planes import ENDS, IN_PLANE, STEP_MM, Plane, sampled
from inr_jax.png import save
from inr_jax.report import methods_of
from inr_jax.space import Grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure

COLOURS = "viridis"
NEAR_MM = 4.0  # samples this close to a slice are drawn on it
WANTED = 80  # samples on a slice
SCALE_PERCENT = (2, 98)  # of the map in the brain; where the colours end
MARGIN_MM = 4.0  # around the brain
SCALE_LABEL = "expression (units of the source)"
# Of Okabe and Ito, which also the colour-blind tell apart.
STYLES = {
    "inr": {"color": "#D55E00", "marker": "o", "s": 26, "zorder": 4},
    "kriging": {"color": "#0072B2", "marker": "_", "s": 40, "zorder": 3},
    "idw10": {"color": "#009E73", "marker": "x", "s": 14, "zorder": 2},
    "nearest": {"color": "#999999", "marker": ".", "s": 16, "zorder": 1},
}
STYLES |= {"kriging_anatomy": STYLES["kriging"], "structure_mean": STYLES["idw10"]}
OTHER_STYLE = {"color": "#000000", "marker": "+", "s": 20, "zorder": 2}
OUTLINES = (0.45, 0.77)  # of the T1's maximum: edge of ventricles, of white matter
OUTLINE_STYLE = {"colors": "white", "linewidths": 0.4, "alpha": 0.6}
LOWEST_DRAWN = -0.5  # R2; below, a method fails, how far is of no interest


class Scene(NamedTuple):
    """What all genes of a picture share.

    Attributes:
        grid: The grid of the maps.
        mask: `(I, J, K)` bool, where they are defined.
        t1: `(I', J', K')` the anatomy, on a grid of its own.
        t1_grid: That grid.
        x_mm: `(N, 3)` wells, MNI mm.
    """

    grid: Grid
    mask: np.ndarray
    t1: np.ndarray
    t1_grid: Grid
    x_mm: np.ndarray


def slices(
    path: str | Path,
    scene: Scene,
    volumes: dict[str, np.ndarray],
    values: dict[str, np.ndarray],
    *,
    scores: dict[str, dict] | None = None,
) -> None:
    """Draw a few genes, each a row: sagittal, coronal and axial, over the T1.

    Args:
        path: The PNG to write.
        scene: Anatomy, mask and wells.
        volumes: gene -> map `(I, J, K)`.
        values: gene -> the wells' expression `(N,)`, in the units of the map.
        scores: gene -> its held-out row, for the titles.
    """
    save(path, slices_figure(scene, volumes, values, scores=scores))


def slices_figure(
    scene: Scene,
    volumes: dict[str, np.ndarray],
    values: dict[str, np.ndarray],
    *,
    scores: dict[str, dict] | None = None,
) -> Figure:
    """The picture that `slices` writes; four axes a gene, the last the scale."""
    from matplotlib.figure import Figure

    cuts, (low, high) = cuts_mm(scene), _bounds_mm(scene)
    widths = [(high - low)[across] for across, _ in IN_PLANE]
    figure = Figure(figsize=(9.5, 3.5 * len(volumes)), layout="constrained")
    axes = figure.subplots(len(volumes), 4, width_ratios=[*widths, 6], squeeze=False)
    for row, (gene, volume) in zip(axes, volumes.items(), strict=True):
        shade = _shade(volume[scene.mask])
        for axis in range(3):
            plane = Plane(axis, cuts[axis], low, high)
            _draw_slice(row[axis], scene, plane, volume, shade)
            _draw_samples(row[axis], scene, plane, values[gene], shade)
            _label(row[axis], plane)
        figure.colorbar(shade, cax=row[3], extend="both", label=SCALE_LABEL)
        row[0].set_title(_title(gene, (scores or {}).get(gene)), loc="left")
    axes[-1, 0].set_xlabel(f"dots: samples within {NEAR_MM:g} mm", loc="left")
    return figure


def cuts_mm(scene: Scene) -> np.ndarray:
    """`(3,)` where to cut: the x, y and z, mm, with samples enough but no crowd.

    Only cuts through the middle half of the brain count, where there is much to see.
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


def _bounds_mm(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest whole mm of the brain in the T1 and in the mask, `(3,)`."""
    thin = scene.t1[::4, ::4, ::4]
    head = scene.t1_grid.mm(4 * np.argwhere(thin > 0.1 * thin.max()))
    points = np.concatenate([head, scene.grid.points_mm(scene.mask)])
    low, high = np.floor(points.min(0)), np.ceil(points.max(0))
    return low - MARGIN_MM, high + MARGIN_MM


def _shade(values: np.ndarray) -> ScalarMappable:
    """From the numbers of a map in the brain to colours."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    low, high = np.nanpercentile(values, SCALE_PERCENT)
    high = high if high > low else low + 1.0
    return ScalarMappable(Normalize(low, high), COLOURS)


def _draw_slice(
    axes: Axes, scene: Scene, plane: Plane, volume: np.ndarray, shade: ScalarMappable
) -> None:
    x_mm, extent = plane.points_mm(), plane.extent()
    anatomy = sampled(scene.t1, scene.t1_grid, x_mm, linear=True)
    inside = (
        sampled(scene.mask.astype(np.float32), scene.grid, x_mm, linear=False) > 0.5
    )
    shown = sampled(volume, scene.grid, x_mm, linear=False)
    shown = np.ma.masked_where(~inside | ~np.isfinite(shown), shown)
    how = {"extent": extent, "origin": "lower", "interpolation": "nearest"}
    axes.imshow(anatomy, cmap="gray", vmin=0, vmax=scene.t1.max(), **how)
    axes.imshow(shown, cmap=shade.cmap, norm=shade.norm, **how)
    # The map is opaque, or its colours would not be those of the scale; so the
    # anatomy below it shows as outlines.
    levels = scene.t1.max() * np.array(OUTLINES)
    if anatomy.max() > levels[0]:
        axes.contour(anatomy, levels, extent=extent, **OUTLINE_STYLE)


def _draw_samples(
    axes: Axes, scene: Scene, plane: Plane, values: np.ndarray, shade: ScalarMappable
) -> None:
    near = abs(scene.x_mm[:, plane.axis] - plane.at_mm) <= NEAR_MM
    across, up = (scene.x_mm[near, k] for k in IN_PLANE[plane.axis])
    colours = shade.to_rgba(np.asarray(values)[near])
    axes.scatter(across, up, s=28, c=colours, edgecolors="white", linewidths=0.8)


def _label(axes: Axes, plane: Plane) -> None:
    left, right, bottom, top = plane.extent()
    axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
    axes.set(xticks=[], yticks=[], facecolor="black")
    style = {"color": "white", "fontsize": 9, "va": "top"}
    first, last = ENDS[plane.axis]
    axes.text(left + 3, top - 3, first, ha="left", **style)
    axes.text(right - 3, top - 3, last, ha="right", **style)
    axes.text(left + 3, bottom + 3, plane.name, **{**style, "va": "bottom"})


def _title(gene: str, row: dict | None) -> str:
    if row is None:
        return gene
    return f"{gene}: held-out r {row['r']:.2f}, R² {row['r2']:.2f}"


def held_out(path: str | Path, rows: list[dict]) -> None:
    """Draw r and R2 of every gene and method, genes in the order of the INR's r.

    Args:
        path: The PNG to write.
        rows: Rows of one protocol, as in scores.csv.
    """
    save(path, held_out_figure(rows))


def held_out_figure(rows: list[dict]) -> Figure:
    """The picture that `held_out` writes; two axes, r above R2."""
    from matplotlib.figure import Figure

    methods = methods_of(rows)
    first = [row for row in rows if row["method"] == methods[0]]
    genes = [row["gene"] for row in sorted(first, key=lambda row: -row["r"])]
    width = min(max(6.0, 0.16 * len(genes) + 1.5), 40.0)
    figure = Figure(figsize=(width, 7.5), layout="constrained")
    for axes, name in zip(figure.subplots(2, sharex=True), ("r", "r2"), strict=True):
        _draw_scores(axes, rows, methods, genes, name)
    axes.set_xticks(range(len(genes)), genes, rotation=90, fontsize=7)
    return figure


def _draw_scores(
    axes: Axes, rows: list[dict], methods: list[str], genes: list[str], name: str
) -> None:
    place = {gene: column for column, gene in enumerate(genes)}
    low = max(min(row[name] for row in rows), LOWEST_DRAWN)
    for method in methods:
        mine = [row for row in rows if row["method"] == method]
        across = [place[row["gene"]] for row in mine]
        up = [max(row[name], low) for row in mine]
        label = f"{method}, mean {np.mean([row[name] for row in mine]):.3f}"
        axes.scatter(across, up, label=label, **STYLES.get(method, OTHER_STYLE))
    cut = "" if low > LOWEST_DRAWN else f" (below {low:g} drawn at {low:g})"
    axes.set_ylabel(f"held-out {'r' if name == 'r' else 'R²'}{cut}")
    axes.set_xlim(-1, len(genes))
    axes.axhline(0, color="black", linewidth=0.6, zorder=0)
    axes.grid(axis="x", color="0.92", linewidth=0.6)
    axes.set_axisbelow(True)
    above = {"loc": "lower left", "bbox_to_anchor": (0, 1), "borderaxespad": 0}
    fitting = int(axes.figure.get_figwidth() // 2.5)  # the longest takes so many inches
    axes.legend(fontsize=8, ncols=min(len(methods), fitting), frameon=False, **above)
