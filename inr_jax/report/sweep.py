"""The result of a sweep as plain data, CSV, text for a terminal and a picture.

Inner scores are those on the donors that choose among the candidates, outer scores
those on the donor that has no part in the choice (stats/nested_cv.py).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inr_jax import files
from inr_jax.errors import printable
from inr_jax.report import png
from inr_jax.report.styles import BLUE, GREY, VERMILION, pale_grid
from inr_jax.stats.nested_cv import Nested

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = (
    "candidate",
    "overrides",
    "inner_r",
    "inner_r2",
    "outer_r",
    "outer_r2",
    "difference",
    "half_interval",
    "chosen",
    "seconds",
)


def make_table(
    candidates: list[tuple[str, dict]],
    nested: Nested,
    seconds: np.ndarray,
    donors: list[str],
    baselines: dict[str, np.ndarray],
) -> dict:
    """The content of sweep.json, of which the CSV, the text and the picture show parts.

    Args:
        candidates: Name and overrides of each.
        nested: Scores and choices of nested cross-validation.
        seconds: Time of each candidate, all its folds together.
        donors: Names of the outer donors.
        baselines: Name -> mean r and R2 over genes, of the same donors.

    Returns:
        "candidates": a row each, `COLUMNS` and "inner", which is donor -> r;
        "choices": donor -> candidate; "methods": name -> r and r2, "nested" first.
    """
    inner = nested.inner.mean(1)
    rows = [
        {
            "candidate": name,
            "overrides": overrides,
            "inner_r": float(inner[row, 0]),
            "inner_r2": float(inner[row, 1]),
            "outer_r": float(nested.outer[row, 0]),
            "outer_r2": float(nested.outer[row, 1]),
            "difference": float(nested.difference[row, 0]),
            "half_interval": float(nested.difference[row, 1]),
            "chosen": int((nested.chosen == row).sum()),
            "seconds": round(float(seconds[row]), 1),
            "inner": dict(zip(donors, nested.inner[row, :, 0].tolist(), strict=True)),
        }
        for row, (name, overrides) in enumerate(candidates)
    ]
    chosen = [candidates[row][0] for row in nested.chosen]
    methods = {"nested": nested.nested, **baselines}
    return {
        "candidates": rows,
        "choices": dict(zip(donors, chosen, strict=True)),
        "methods": {
            name: {"r": float(r), "r2": float(r2)} for name, (r, r2) in methods.items()
        },
    }


def write_csv(path: Path, table: dict) -> None:
    """Write candidates, then methods, whose inner scores are empty.

    Raises:
        InputError: The file cannot be written.
    """
    rows = [
        {name: row[name] for name in COLUMNS}
        | {"overrides": json.dumps(row["overrides"])}
        for row in table["candidates"]
    ]
    rows += [
        {"candidate": name, "outer_r": scores["r"], "outer_r2": scores["r2"]}
        for name, scores in table["methods"].items()
    ]
    files.write_csv(path, COLUMNS, rows)


def as_text(table: dict) -> str:
    """The table for a terminal, best inner score first."""
    width = max(len(row["candidate"]) for row in table["candidates"])
    head = f"{'candidate':<{width}}  inner r  inner R2  outer r  outer R2  chosen"
    head += "  inner r - default"
    lines = [head]
    for row in sorted(table["candidates"], key=lambda row: -row["inner_r"]):
        name, numbers = row["candidate"], [row[key] for key in COLUMNS[2:6]]
        r, r2, outer_r, outer_r2 = numbers
        line = f"{name:<{width}}  {r:7.4f}  {r2:8.4f}  {outer_r:7.4f}  {outer_r2:8.4f}"
        apart = f"{row['difference']:+.4f} +- {row['half_interval']:.4f}"
        lines.append(f"{line}  {row['chosen']:6d}  {apart:>17}")
    for name, scores in table["methods"].items():
        gap = " " * 19
        lines.append(f"{name:<{width}}{gap}  {scores['r']:7.4f}  {scores['r2']:8.4f}")
    return "\n".join(map(printable, lines))


INNER, OUTER, BASELINE = BLUE, VERMILION, GREY


def draw(path: Path, table: dict) -> None:
    """Draw a table of `make_table` as PNG.

    Raises:
        InputError: The file cannot be written.
    """
    png.draw(path, make_figure, table)


def make_figure(table: dict) -> Figure:
    """The picture that `draw` writes: a candidate a line, mean r along it."""
    from matplotlib.figure import Figure

    rows = sorted(table["candidates"], key=lambda row: row["inner_r"])
    figure = Figure(figsize=(8.0, 0.24 * len(rows) + 1.6), layout="constrained")
    axes, up = figure.subplots(), range(len(rows))
    inner = [row["inner_r"] for row in rows]
    outer = [row["outer_r"] for row in rows]
    axes.scatter(inner, up, s=22, color=INNER, label="inner r, may choose")
    axes.scatter(outer, up, s=22, edgecolor=OUTER, facecolor="none", label="outer r")
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
        colour = OUTER if name == "nested" else BASELINE
        label = f"{name}, {scores['r']:.3f}"
        axes.axvline(scores["r"], color=colour, linestyle=dash, label=label, zorder=0)
    axes.set_yticks(up, [row["candidate"] for row in rows], fontsize=7)
    axes.set_xlabel("mean r over genes, held-out donors")
    pale_grid(axes, "y")
    figure.legend(loc="outside upper center", ncols=4, fontsize=7, frameon=False)
    return figure
