"""Places of marks in the page's own pictures, which its template draws as SVG.

Axis letters: V voxels. Lengths in pixels, y downwards.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from inr_jax.report.tables import FIELD, STRONGEST, of_protocol
from inr_jax.stats.folds import block_side
from inr_jax.stats.hold_out import DONOR

WIDTH, HEIGHT, MARGIN = 420, 300, 46
MOST_DOTS = 1500  # of genes; more are every so many, by rank
BINS = 30


def scatter(rows: list[dict], protocol: str) -> dict[str, Any] | None:
    """Our r against that of the strongest baseline, a dot a gene.

    Args:
        rows: Of scores.csv.
        protocol: Its protocol.

    Returns:
        "dots" (x, y, gene, two r), "ticks", "baseline", "ahead", "count"; None where
        there is nothing to compare.
    """
    rows = of_protocol(rows, protocol)
    like = DONOR if block_side(protocol) else protocol
    methods = {row["method"] for row in rows}
    there = [name for name in STRONGEST.get(like, ()) if name in methods]
    if FIELD not in methods or not there:
        return None
    ours, theirs = (
        {row["gene"]: row["r"] for row in rows if row["method"] == method}
        for method in (FIELD, there[0])
    )
    pairs = sorted((ours[gene], theirs[gene], gene) for gene in ours.keys() & theirs)
    ahead = sum(x > y for x, y, _ in pairs)
    count = len(pairs)
    pairs = pairs[:: -(-count // MOST_DOTS) or 1]
    low = math.floor(min([0.0, *(min(x, y) for x, y, _ in pairs)]) * 5) / 5
    dots = [
        {"x": _across(y, low), "y": _up(x, low), "gene": gene, "ours": x, "theirs": y}
        for x, y, gene in pairs
    ]
    values = np.arange(low, 1.001, 0.2)
    ticks = [
        {"x": _across(v, low), "y": _up(v, low), "text": f"{v:.1f}"} for v in values
    ]
    return {
        "dots": dots,
        "ticks": ticks,
        "baseline": there[0],
        "ahead": ahead,
        "count": count,
        "drawn": len(dots),
        "size": (WIDTH, HEIGHT, MARGIN),
    }


def _across(value: float, low: float) -> float:
    return round(MARGIN + (value - low) / (1 - low) * (WIDTH - MARGIN - 10), 1)


def _up(value: float, low: float) -> float:
    return round(
        HEIGHT - MARGIN - (value - low) / (1 - low) * (HEIGHT - MARGIN - 10), 1
    )


def histogram(distance_mm: np.ndarray, range_mm: float | None) -> dict[str, Any] | None:
    """Shares of voxels by their distance `(V,)`, mm, to the nearest well.

    Args:
        distance_mm: `(V,)`.
        range_mm: Up to where maps are validated, mm; None for nowhere.

    Returns:
        "bars" (x, y, width, height, text), "ticks", "line" (x, text) or None; None
        without voxels.
    """
    if not len(distance_mm):
        return None
    top_mm = max(float(np.quantile(distance_mm, 0.999)), range_mm or 0.0, 1.0)
    edges = np.linspace(0, top_mm, BINS + 1)
    counts, _ = np.histogram(np.minimum(distance_mm, top_mm), edges)
    share = counts / len(distance_mm)
    inner, high = WIDTH - MARGIN - 10, HEIGHT - MARGIN - 10
    bars = [
        {
            "x": round(MARGIN + number * inner / BINS, 1),
            "width": round(inner / BINS - 1, 1),
            "height": round(high * part / share.max(), 1),
            "y": round(10 + high * (1 - part / share.max()), 1),
            "text": f"{edges[number]:.1f} to {edges[number + 1]:.1f} mm: {part:.1%}",
        }
        for number, part in enumerate(share)
    ]
    step = 5 if top_mm > 10 else 1
    ticks = [
        {"x": round(MARGIN + mm / top_mm * inner, 1), "text": f"{mm:g}"}
        for mm in np.arange(0, top_mm, step)
    ]
    line = None
    if range_mm is not None:
        x = round(MARGIN + range_mm / top_mm * inner, 1)
        line = {"x": x, "text": f"validated up to {range_mm:.1f} mm"}
    size = (WIDTH, HEIGHT, MARGIN)
    return {"bars": bars, "ticks": ticks, "line": line, "size": size}
