"""What a sweep found, as plain data: a table, a CSV, lines on a terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inr_jax import files
from inr_jax.report.png import save
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
    "chosen",
    "seconds",
)


def make_table(
    candidates: list[tuple[str, dict]],
    found: Nested,
    seconds: np.ndarray,
    donors: list[str],
    rivals: dict[str, np.ndarray],
) -> dict:
    """All that is written.

    Args:
        candidates: Name and overrides of each.
        found: Scores and choices.
        seconds: Of each candidate, all folds.
        donors: Names of the outer donors.
        rivals: Name to mean r and R2 of methods to beat, same donors.

    Returns:
        "candidates": a row each, of `COLUMNS` and "inner", r by donor; "choices":
        donor to candidate; "methods": name to r and r2, "nested" first.
    """
    inner = found.inner.mean(1)
    rows = [
        {
            "candidate": name,
            "overrides": overrides,
            "inner_r": float(inner[row, 0]),
            "inner_r2": float(inner[row, 1]),
            "outer_r": float(found.outer[row, 0]),
            "outer_r2": float(found.outer[row, 1]),
            "chosen": int((found.chosen == row).sum()),
            "seconds": round(float(seconds[row]), 1),
            "inner": dict(zip(donors, found.inner[row, :, 0].tolist(), strict=True)),
        }
        for row, (name, overrides) in enumerate(candidates)
    ]
    picked = [candidates[row][0] for row in found.chosen]
    methods = {"nested": found.nested, **rivals}
    return {
        "candidates": rows,
        "choices": dict(zip(donors, picked, strict=True)),
        "methods": {
            name: {"r": float(r), "r2": float(r2)} for name, (r, r2) in methods.items()
        },
    }


def write_csv(path: Path, table: dict) -> None:
    """Candidates, then methods, whose inner scores are empty."""
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
    """Lines for a terminal, best inner score first."""
    width = max(len(row["candidate"]) for row in table["candidates"])
    head = f"{'candidate':<{width}}  inner r  inner R2  outer r  outer R2  chosen"
    lines = [head]
    for row in sorted(table["candidates"], key=lambda row: -row["inner_r"]):
        name, numbers = row["candidate"], [row[key] for key in COLUMNS[2:6]]
        r, r2, outer_r, outer_r2 = numbers
        line = f"{name:<{width}}  {r:7.4f}  {r2:8.4f}  {outer_r:7.4f}  {outer_r2:8.4f}"
        lines.append(f"{line}  {row['chosen']:6d}")
    for name, scores in table["methods"].items():
        gap = " " * 19
        lines.append(f"{name:<{width}}{gap}  {scores['r']:7.4f}  {scores['r2']:8.4f}")
    return "\n".join(lines)


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
