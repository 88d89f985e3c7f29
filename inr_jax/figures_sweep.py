"""A picture of a sweep: every candidate's inner and outer score, best inner first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from inr_jax.png import save

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Of Okabe and Ito, which also the colour-blind tell apart.
INNER, OUTER, RIVAL = "#0072B2", "#D55E00", "#999999"


def draw(path: Path, table: dict) -> None:
    """Write the picture of a table of `sweep_table.make_table` as PNG."""
    save(path, sweep_figure(table))


def sweep_figure(table: dict) -> Figure:
    """The picture that `draw` writes: mean r across, a candidate a line."""
    from matplotlib.figure import Figure

    rows = sorted(table["candidates"], key=lambda row: row["inner_r"])
    figure = Figure(figsize=(8.0, 0.24 * len(rows) + 1.6), layout="constrained")
    axes, up = figure.subplots(), range(len(rows))
    inner = [row["inner_r"] for row in rows]
    for style, key, face in ((INNER, "inner_r", INNER), (OUTER, "outer_r", "none")):
        name = {"inner_r": "inner r, may choose", "outer_r": "outer r"}[key]
        across = [row[key] for row in rows]
        axes.scatter(across, up, edgecolor=style, facecolor=face, s=22, label=name)
    axes.scatter(
        [inner[place] for place in up if rows[place]["chosen"]],
        [place for place in up if rows[place]["chosen"]],
        edgecolor="black",
        facecolor="none",
        s=90,
        label="chosen for a donor",
    )
    styles = zip(table["methods"].items(), ("-", "--", ":", "-."), strict=False)
    for (name, scores), dash in styles:
        colour = OUTER if name == "nested" else RIVAL
        label = f"{name}, {scores['r']:.3f}"
        axes.axvline(scores["r"], color=colour, linestyle=dash, label=label, zorder=0)
    axes.set_yticks(up, [row["candidate"] for row in rows], fontsize=7)
    axes.set_xlabel("mean r over genes, held-out donors")
    axes.grid(axis="y", color="0.92", linewidth=0.6)
    axes.set_axisbelow(True)
    figure.legend(loc="outside upper center", ncols=4, fontsize=7, frameon=False)
    return figure
