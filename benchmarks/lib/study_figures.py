"""Pictures of studies: scores along an axis, and how alike matrices of genes are.

Axis letters: G genes, D donors.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inr_jax.report.png import save
from inr_jax.report.styles import ANY_OTHER, method_style, pale_grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIGNED = "RdBu_r"  # -1 blue, 0 white, +1 red
LOWEST_DRAWN = -0.6  # R2; a method below it has failed, no matter by how much
ON_A_LINE = {"_": "s"}  # a dash would not be seen
SYMBOLS = {"r": "held-out r", "r2": "held-out R²", "mse": "held-out MSE, source units²"}


def curves(
    path: str | Path,
    panels: dict[str, list[dict]],
    *,
    along: str,
    label: str,
    names: Sequence[str] = ("r", "r2"),
    ticks: dict[float, str] | None = None,
) -> None:
    """Draw scores of methods along an axis; a column a panel, a row a score.

    Args:
        path: The PNG to write.
        panels: Title -> rows with the keys "method", `along` and `names`.
        along: Key of the horizontal axis.
        label: What it is, with its unit.
        names: Scores to draw; a NaN interrupts a line.
        ticks: Position along the axis -> label, instead of numbers.
    """
    how = {"along": along, "label": label, "names": names, "ticks": ticks}
    save(path, curves_figure(panels, **how))


def curves_figure(
    panels: dict[str, list[dict]],
    *,
    along: str,
    label: str,
    names: Sequence[str] = ("r", "r2"),
    ticks: dict[float, str] | None = None,
) -> Figure:
    """The picture that `curves` writes."""
    from matplotlib.figure import Figure

    size = (1.2 + 4.2 * len(panels), 0.9 + 2.7 * len(names))
    figure = Figure(figsize=size, layout="constrained")
    shape = {"squeeze": False, "sharex": "col", "sharey": "row"}
    axes = figure.subplots(len(names), len(panels), **shape)
    for column, (title, rows) in enumerate(panels.items()):
        for place, name in zip(axes[:, column], names, strict=True):
            _draw_curves(place, rows, along, name)
        axes[0, column].set_title(title, fontsize=10)
        axes[-1, column].set_xlabel(label)
        if ticks:
            axes[-1, column].set_xticks(list(ticks), list(ticks.values()))
    for row, name in zip(axes, names, strict=True):
        row[0].set_ylabel(SYMBOLS[name])
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return figure


def _draw_curves(axes: Axes, rows: list[dict], along: str, name: str) -> None:
    low = LOWEST_DRAWN if name == "r2" else -np.inf
    for number, method in enumerate(dict.fromkeys(row["method"] for row in rows)):
        mine = sorted(
            (row for row in rows if row["method"] == method), key=lambda r: r[along]
        )
        across = [row[along] for row in mine]
        up = [max(row[name], low) for row in mine]
        style = method_style(method)
        look = {key: style[key] for key in ("color", "zorder")}
        look["marker"] = ON_A_LINE.get(style["marker"], style["marker"])
        if style is ANY_OTHER:  # those without a look of their own, told apart
            look |= {"color": f"C{number}", "marker": "osv^"[number % 4]}
        axes.plot(across, up, label=method, linewidth=1.2, markersize=6, **look)
        cut = [(x, low) for x, row in zip(across, mine, strict=True) if row[name] < low]
        for x, y in cut[:1]:
            look = {"ha": "left" if x == across[0] else "right", "va": "bottom"}
            axes.annotate(f"{method} below", (x, y), fontsize=7, **look)
    if name == "r2":
        axes.axhline(0, color="black", linewidth=0.6, zorder=0)
    pale_grid(axes)


def agreement(
    path: str | Path,
    donors: Sequence[str],
    pair: dict[str, np.ndarray],
    heat: dict[str, np.ndarray],
) -> None:
    """Draw two donors' correlations of genes, and how far all donors agree.

    Args:
        path: The PNG to write.
        donors: D names.
        pair: Title -> `(G, G)`, genes of both in the order of the first.
        heat: Title -> `(D, D)`.
    """
    save(path, agreement_figure(donors, pair, heat))


def agreement_figure(
    donors: Sequence[str], pair: dict[str, np.ndarray], heat: dict[str, np.ndarray]
) -> Figure:
    """The picture that `agreement` writes: pairs above, heat maps below."""
    from matplotlib.figure import Figure

    columns = max(len(pair), len(heat))
    figure = Figure(figsize=(4.0 * columns, 7.4), layout="constrained")
    axes = figure.subplots(2, columns, squeeze=False)
    how = {"cmap": SIGNED, "vmin": -1, "vmax": 1, "interpolation": "nearest"}
    for place in axes.flat[
        [*range(len(pair), columns), *range(columns + len(heat), 2 * columns)]
    ]:
        place.set_axis_off()
    shown = None
    for place, (title, matrix) in zip(axes[0], pair.items(), strict=False):
        shown = place.imshow(matrix, **how)
        place.set_title(title, fontsize=9)
        place.set(xticks=[], yticks=[], xlabel=f"{len(matrix)} genes")
    for place, (title, matrix) in zip(axes[1], heat.items(), strict=False):
        place.imshow(matrix, **how)
        place.set_title(title, fontsize=9)
        place.set_xticks(
            range(len(donors)), donors, rotation=45, ha="right", fontsize=8
        )
        place.set_yticks(range(len(donors)), donors, fontsize=8)
        for (row, column), number in np.ndenumerate(matrix):
            colour = "white" if abs(number) > 0.6 else "black"
            text = {"ha": "center", "va": "center", "fontsize": 8, "color": colour}
            place.text(column, row, f"{number:.2f}", **text)
    figure.colorbar(shown, ax=axes, shrink=0.5, label="correlation")
    return figure
