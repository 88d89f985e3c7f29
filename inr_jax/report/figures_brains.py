"""Pictures of maps for print: slices in two columns, glass brains, violins of regions.

Maps of different genes are drawn as z-scores over the brain, so that one range of
colours serves all panels; 0, the brain's mean, is marked on the scale.

Frame: x_mm (MNI152 RAS, mm). Axis letters: I, J, K voxels; L regions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from inr_jax.report.cuts import IN_PLANE, Plane
from inr_jax.report.slices import Scene, bounds_mm, cuts_mm, draw_slice, label
from inr_jax.report.styles import BLUE, VERMILION

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS, LIMIT = 2, 2.5  # of the picture of slices; ends of the scale, at least
HIGHEST, MOST_VALUES = 6.0, 0.98  # ends at most; share of voxels within them
SHOWN = (0, 2)  # cuts across x and z
GLASS_INCHES = 2.3  # height of a row


def z_scores(volume: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A map with mean 0 and sd 1 over the brain; NaN outside, 0 if it is constant."""
    values = volume[mask]
    spread = values.std()
    z = np.full(volume.shape, np.nan, np.float32)
    z[mask] = (values - values.mean()) / (spread if spread > 0 else 1)
    return z


def limit_of(maps: dict[str, np.ndarray]) -> float:
    """Where colours of z-scores end, plus and minus: one range for all maps."""
    ends = [np.nanquantile(np.abs(z), MOST_VALUES) for z in maps.values()]
    return float(np.clip(np.ceil(2 * max(ends, default=LIMIT)) / 2, LIMIT, HIGHEST))


def make_slices(
    scene: Scene,
    maps: dict[str, np.ndarray],
    titles: dict[str, str],
    heading: str,
    limit: float = LIMIT,
) -> Figure:
    """Genes in two columns, each a sagittal and an axial slice; one range of colours.

    Args:
        scene: T1, mask and wells.
        maps: gene -> `(I, J, K)` z-scores.
        titles: gene -> over its slices.
        heading: Over all.
        limit: Ends of the scale.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

    cuts, (low, high) = cuts_mm(scene), bounds_mm(scene)
    rows = -(-len(maps) // COLUMNS)
    widths = [(high - low)[IN_PLANE[axis][0]] for axis in SHOWN] * COLUMNS
    figure = Figure(figsize=(8.6, 2.35 * rows + 1), layout="constrained")
    axes = figure.subplots(
        rows, COLUMNS * len(SHOWN), width_ratios=widths, squeeze=False
    )
    for ax in axes.flat:
        ax.set_axis_off()
    shade = ScalarMappable(Normalize(-limit, limit), "viridis")
    for number, (gene, volume) in enumerate(maps.items()):
        first = len(SHOWN) * (number % COLUMNS)
        for axis, ax in zip(SHOWN, axes[number // COLUMNS, first:], strict=False):
            ax.set_axis_on()
            plane = Plane(axis, cuts[axis], low, high)
            draw_slice(ax, scene, plane, volume, shade)
            label(ax, plane)
            if axis == SHOWN[0]:
                ax.set_title(titles[gene], loc="left", fontsize=8)
    bar = figure.colorbar(
        shade,
        ax=axes,
        location="bottom",
        extend="both",
        shrink=0.5,
        label="z-score of the map over the brain",
    )
    bar.ax.axvline(0, color="white", linewidth=1.2)
    figure.suptitle(heading, fontsize=9)
    return figure


def make_glass(
    images: dict[str, Any], titles: dict[str, str], heading: str, limit: float = LIMIT
) -> Figure:
    """Glass brains of genes by nilearn: where z-scores are among the highest tenth.

    Args:
        images: gene -> nibabel image of z-scores, 0 where nothing is to be shown.
        titles: gene -> over its row.
        heading: Over all.
        limit: Upper end of the scale.
    """
    from matplotlib.figure import Figure
    from nilearn.plotting import plot_glass_brain

    above = 0.35 + 0.16 * len(heading.split("\n"))
    total = GLASS_INCHES * len(images) + above + 0.1
    figure = Figure(figsize=(8.6, total))
    for row, (gene, image) in enumerate(images.items()):
        bottom = (total - above - (row + 1) * GLASS_INCHES) / total
        axes = figure.add_axes((0.01, bottom, 0.98, 0.86 * GLASS_INCHES / total))
        axes.set_title(titles[gene], loc="left", fontsize=8)
        data = np.asanyarray(image.dataobj)
        shown = data[data > 0]
        plot_glass_brain(
            image,
            display_mode="lyrz",
            axes=axes,
            figure=figure,
            colorbar=True,
            threshold=float(shown.min()) if len(shown) else 1.0,
            vmin=0,
            vmax=limit,
            cmap="viridis",
            plot_abs=False,
            symmetric_cbar=False,
        )
    figure.suptitle(heading, fontsize=9, y=1 - 0.1 / total, va="top")
    return figure


def make_violins(
    ours: np.ndarray, theirs: np.ndarray | None, genes: list[str], heading: str
) -> Figure:
    """How a gene's values spread over regions, beside abagen's where these are there.

    Args:
        ours: `(L, G)` means over regions, each gene standardised over them.
        theirs: The same of abagen; None without.
        genes: G symbols.
        heading: Over all.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(max(4.5, 0.9 * len(genes) + 1.5), 3.6))
    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    sets = [("maps, this run", ours, VERMILION, -0.2)]
    if theirs is not None:
        sets.append(("abagen", theirs, BLUE, 0.2))
    for name, table, colour, shift in sets:
        shift = shift if theirs is not None else 0.0
        kept = [column[np.isfinite(column)] for column in table.T]
        parts: Any = axes.violinplot(
            kept, np.arange(len(genes)) + shift, widths=0.38, showmedians=True
        )
        for body in parts["bodies"]:
            body.set(facecolor=colour, alpha=0.6)
        for line in ("cbars", "cmins", "cmaxes", "cmedians"):
            parts[line].set(color=colour, linewidth=1)
        axes.plot([], [], color=colour, linewidth=6, alpha=0.6, label=name)
    axes.axhline(0, color="0.6", linewidth=0.8, zorder=0)
    axes.set_xticks(np.arange(len(genes)), genes, rotation=35, ha="right", fontsize=8)
    axes.set_ylabel("z-score over regions")
    axes.legend(fontsize=8, frameon=False, loc="upper right", ncols=2)
    figure.suptitle(heading, fontsize=9)
    return figure
