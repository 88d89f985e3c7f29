"""Errors and intervals at voxels whose truth is known, by distance to the data.

Two things an interval may be asked to hold at a voxel: a new noisy measurement
there, truth + donor offset + noise, which is what it is made for; and the truth free
of noise, which it holds more often. The first is exact, not drawn: with
e = truth - mean and measurements of sd tau about the truth, the share in
mean +- z sd is Phi((z sd - e) / tau) - Phi((-z sd - e) / tau).

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
from inr_jax.report.png import save
from inr_jax.stats.conformal import NORMAL_90

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EDGES_MM = (0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 14.0, 20.0, math.inf)

COLUMNS = ("from_mm", "to_mm", "voxels", "rmse", "std")

COLUMNS += ("covered_measurement", "covered_truth")


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
        truth: `(V, G)` expression.
        mean: `(V, G)` predicted.
        sd: `(V, G)` calibrated standard deviation, or None, which leaves the cells
            of intervals out (None).
        distance_mm: `(V,)` to the nearest well.
        noise_sd: tau, of a measurement about the truth, of donor and noise together.
    """
    error = np.asarray(truth, np.float64) - mean
    measured = held = None
    if sd is not None:
        half = NORMAL_90 * np.asarray(sd, np.float64)
        held = (abs(error) <= half).mean(1)
        measured = _share(error, half, noise_sd).mean(1)
    bins = [
        (low, high, (distance_mm >= low) & (distance_mm < high))
        for low, high in itertools.pairwise(EDGES_MM)
    ]
    bins.append((0.0, math.inf, np.ones(len(error), bool)))
    return [
        {
            "from_mm": low,
            "to_mm": high,
            "voxels": int(own.sum()),
            "rmse": math.sqrt((error[own] ** 2).mean()),
            "std": None if sd is None else float(np.mean(sd[own])),
            "covered_measurement": None if sd is None else float(measured[own].mean()),
            "covered_truth": None if sd is None else float(held[own].mean()),
        }
        for low, high, own in bins
        if own.any()
    ]


def _share(error: np.ndarray, half: np.ndarray, tau: float) -> np.ndarray:
    """Share of measurements in the interval, `(V, G)`."""
    if tau == 0:
        return (abs(error) <= half).astype(np.float64)
    from scipy.special import ndtr

    return ndtr((half - error) / tau) - ndtr((-half - error) / tau)


def write_rows(path: str | Path, rows: list[dict]) -> None:
    """Write rows as CSV; a cell without a number is empty, the farthest edge inf.

    Raises:
        InputError: The file cannot be written.
    """
    lines = (
        {key: "" if cell is None else f"{cell:.6g}" for key, cell in row.items()}
        for row in rows
    )
    write_csv(path, COLUMNS, lines)


def table(rows: list[dict]) -> str:
    """A line a bin, for a terminal; the last line is of all voxels."""
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
