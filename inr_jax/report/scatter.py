"""Pictures: slices of maps with the samples on them, and scores per gene.

Slices are sampled from the volumes in mm, so any grid, also an oblique one, is drawn
upright. Expression is not symmetric about zero, so its scale is sequential, and the
same for map and samples of a gene. matplotlib (a second) is imported inside functions.

Frames: x_mm (MNI152 RAS, mm). Axis letters: I, J, K voxels; N wells.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inr_jax.report.png import save
from inr_jax.report.tables import methods_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Of Okabe and Ito, which also the colour-blind tell apart.
STYLES = {
    "inr": {"color": "#D55E00", "marker": "o", "s": 26, "zorder": 4},
    "kriging": {"color": "#0072B2", "marker": "_", "s": 40, "zorder": 3},
    "idw10": {"color": "#009E73", "marker": "x", "s": 14, "zorder": 2},
    "nearest": {"color": "#999999", "marker": ".", "s": 16, "zorder": 1},
}

STYLES |= {"kriging_anatomy": STYLES["kriging"], "structure_mean": STYLES["idw10"]}

OTHER_STYLE = {"color": "#000000", "marker": "+", "s": 20, "zorder": 2}

LOWEST_DRAWN = -0.5  # R2; below, a method fails, how far is of no interest


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
