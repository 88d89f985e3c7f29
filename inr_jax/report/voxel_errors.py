"""Errors and intervals at the phantom's voxels, whose truth is known.

Two coverages are given for bins of the distance to the nearest well. That of a new
noisy measurement, truth + donor offset + noise, which intervals are made for, is
computed, not drawn at random: with e = truth - mean and measurements of standard
deviation tau about the truth, the share in mean +- z sd is
Phi((z sd - e) / tau) - Phi((-z sd - e) / tau). That of the truth itself is higher.

The rows are written as CSV, printed as a table, and drawn.

Nouns:
    row: a bin of distances, a dict with the keys `COLUMNS`; the last is all voxels.
Axis letters: V voxels, G genes.
"""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inr_jax.files import write_csv
from inr_jax.report import png
from inr_jax.report.styles import BLUE, GREEN, VERMILION
from inr_jax.stats.conformal import NORMAL_90

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EDGES_MM = (0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 14.0, 20.0, math.inf)
COLUMNS = (
    "from_mm",
    "to_mm",
    "voxels",
    "rmse",
    "std",
    "covered_measurement",
    "covered_truth",
)


def by_distance(
    truth: np.ndarray,
    mean: np.ndarray,
    sd: np.ndarray | None,
    *,
    distance_mm: np.ndarray,
    noise_sd: float,
) -> list[dict]:
    """Rows of the bins that have voxels, then of all voxels.

    Args:
        truth: `(V, G)` expression without noise, units of the source.
        mean: `(V, G)` predicted, same units.
        sd: `(V, G)` calibrated standard deviation, same units; without it, None, the
            cells of intervals are None.
        distance_mm: `(V,)` to the nearest well, mm.
        noise_sd: tau, standard deviation of a measurement about the truth, by donor
            and noise together, same units.
    """
    error = np.asarray(truth, np.float64) - mean
    cells = {"rmse": error**2}
    if sd is not None:
        half = NORMAL_90 * np.asarray(sd, np.float64)
        cells["std"] = np.asarray(sd, np.float64)
        cells["covered_measurement"] = _covered_share(error, half, noise_sd)
        cells["covered_truth"] = abs(error) <= half
    by_voxel = {name: values.mean(1) for name, values in cells.items()}
    bins = [
        (low, high, (distance_mm >= low) & (distance_mm < high))
        for low, high in itertools.pairwise(EDGES_MM)
    ]
    bins.append((0.0, math.inf, np.ones(len(error), bool)))
    rows = []
    for low, high, inside in bins:
        if inside.any():
            means = {name: float(v[inside].mean()) for name, v in by_voxel.items()}
            means["rmse"] = math.sqrt(means["rmse"])
            bounds = {"from_mm": low, "to_mm": high, "voxels": int(inside.sum())}
            rows.append(dict.fromkeys(COLUMNS) | bounds | means)
    return rows


def _covered_share(error: np.ndarray, half: np.ndarray, tau: float) -> np.ndarray:
    """Share of new measurements in mean +- half, `(V, G)`."""
    if tau == 0:
        return (abs(error) <= half).astype(np.float64)
    from scipy.special import ndtr

    return ndtr((half - error) / tau) - ndtr((-half - error) / tau)


def write_rows(path: str | Path, rows: list[dict]) -> None:
    """Write rows as CSV: None as an empty cell, the farthest edge as inf.

    Raises:
        InputError: The file cannot be written.
    """
    lines: list[dict[str, object]] = [
        {key: "" if cell is None else f"{cell:.6g}" for key, cell in row.items()}
        for row in rows
    ]
    write_csv(path, COLUMNS, lines)


def table(rows: list[dict]) -> str:
    """Rows as text for a terminal: a line a bin, the last of all voxels."""
    head = "mm to a sample   voxels   rmse    std  measurement  truth"
    lines = ["phantom, voxels: error, and what 90 % intervals cover", head]
    for row in rows:
        cells = [row[name] for name in COLUMNS[3:]]
        numbers = ["-" if cell is None else f"{cell:.3f}" for cell in cells]
        where = f"{row['from_mm']:g} to {row['to_mm']:g}".replace(" to inf", " or more")
        where = "all" if row is rows[-1] else where
        a, b, c, d = numbers
        lines.append(f"{where:<14} {row['voxels']:>8} {a:>6} {b:>6} {c:>12} {d:>6}")
    return "\n".join(lines)


def draw(path: str | Path, rows: list[dict]) -> None:
    """Draw the bins of `by_distance` as PNG.

    Raises:
        InputError: The file cannot be written.
    """
    png.draw(path, make_figure, rows)


def make_figure(rows: list[dict]) -> Figure:
    """The picture that `draw` writes: error left, coverage right."""
    from matplotlib.figure import Figure

    rows, place = rows[:-1], range(len(rows) - 1)
    figure = Figure(figsize=(9.5, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(
        place, [row["rmse"] for row in rows], "o-", color=VERMILION, label="error"
    )
    lines = [("std", BLUE, "std of a new measurement", left)]
    lines += [("covered_measurement", BLUE, "a new measurement", right)]
    lines += [("covered_truth", GREEN, "the truth, free of noise", right)]
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
