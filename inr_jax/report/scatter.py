"""A picture of held-out scores: a dot for every gene and method."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inr_jax.report import png
from inr_jax.report.styles import method_style, pale_grid
from inr_jax.report.tables import methods_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAMED = 250  # genes at most whose names can be read; each takes a while to lay out
LOWEST_DRAWN = -0.5  # R2; a method below it has failed, no matter by how much


def draw(path: str | Path, rows: list[dict], heading: str = "") -> None:
    """Draw r and R2 of every gene and method; genes are sorted by the INR's r.

    Args:
        path: The PNG to write.
        rows: Rows of one protocol, as in scores.csv.
        heading: Above all, where there is something to say.

    Raises:
        InputError: The file cannot be written.
    """
    png.draw(path, make_figure, rows, heading)


def make_figure(rows: list[dict], heading: str = "") -> Figure:
    """The picture that `draw` writes; two axes, r above R2."""
    from matplotlib.figure import Figure

    leading = methods_of(rows)[0]
    first = [row for row in rows if row["method"] == leading]
    genes = [row["gene"] for row in sorted(first, key=lambda row: -row["r"])]
    inches = min(max(6.0, 0.16 * len(genes) + 1.5), 40.0)
    figure = Figure(figsize=(inches, 7.5), layout="constrained")
    for axes, name in zip(figure.subplots(2, sharex=True), ("r", "r2"), strict=True):
        _draw_scores(axes, rows, genes, name, inches=inches)
    if len(genes) <= NAMED:
        axes.set_xticks(range(len(genes)), genes, rotation=90, fontsize=7)
    else:
        axes.set_xlabel(f"{len(genes)} genes, by r of the first method")
    if heading:
        figure.suptitle(heading, fontsize=10)
    return figure


def _draw_scores(
    axes: Axes, rows: list[dict], genes: list[str], name: str, *, inches: float
) -> None:
    """Draw the score `name` ("r" or "r2") in axes of a width in inches."""
    methods = methods_of(rows)
    place = {gene: column for column, gene in enumerate(genes)}
    low = max(min(row[name] for row in rows), LOWEST_DRAWN)
    for method in methods:
        scores = [(row["gene"], row[name]) for row in rows if row["method"] == method]
        across = [place[gene] for gene, _ in scores]
        up = [max(score, low) for _, score in scores]
        label = f"{method}, mean {np.mean([score for _, score in scores]):.3f}"
        axes.scatter(across, up, label=label, **method_style(method))
    cut = "" if low > LOWEST_DRAWN else f" (below {low:g} drawn at {low:g})"
    axes.set_ylabel(f"held-out {'r' if name == 'r' else 'R²'}{cut}")
    axes.set_xlim(-1, len(genes))
    axes.axhline(0, color="black", linewidth=0.6, zorder=0)
    pale_grid(axes, "x")
    above: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1)}
    columns = min(len(methods), int(inches // 2.5))  # the longest label's width
    axes.legend(fontsize=8, ncols=columns, frameon=False, borderaxespad=0, **above)
