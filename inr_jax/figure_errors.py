"""A picture of errors and intervals at voxels, by distance to the data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from inr_jax.png import save

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Of Okabe and Ito, which also the colour-blind tell apart.
ERROR, SD, TRUTH = "#D55E00", "#0072B2", "#009E73"


def draw_errors(path: str | Path, rows: list[dict]) -> None:
    """Draw rows of `voxel_errors.by_distance`, the last of them of all voxels."""
    save(path, errors_figure(rows))


def errors_figure(rows: list[dict]) -> Figure:
    """The picture that `draw_errors` writes: error left, coverage right."""
    from matplotlib.figure import Figure

    rows, place = rows[:-1], range(len(rows) - 1)
    figure = Figure(figsize=(9.5, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(place, [row["rmse"] for row in rows], "o-", color=ERROR, label="error")
    lines = [("std", SD, "std of a new measurement", left)]
    lines += [("covered_measurement", SD, "a new measurement", right)]
    lines += [("covered_truth", TRUTH, "the truth, free of noise", right)]
    for name, colour, label, axes in lines:
        if all(row[name] is not None for row in rows):
            up = [row[name] for row in rows]
            axes.plot(place, up, "s-", color=colour, label=label)
    right.axhline(0.9, color="black", linewidth=0.8, linestyle="--", label="90 %")
    left.set(ylabel="expression", ylim=(0, None), title="root mean squared error")
    right.set(ylabel="share", ylim=(0, 1.02), title="90 % intervals hold")
    names = [f"{row['from_mm']:g}" for row in rows]
    for axes in (left, right):
        axes.set_xticks(place, names)
        axes.set_xlabel("distance to the nearest sample, mm, from")
        axes.legend(fontsize=8, frameon=False, loc="lower left")
    return figure
