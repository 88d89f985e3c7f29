"""Held-out scores as scores.csv and as a table for a terminal.

Nouns:
    row: one line of scores.csv, a dict with the keys `evaluate.COLUMNS`.
"""

from __future__ import annotations

import math
from pathlib import Path

from inr_jax.errors import InputError
from inr_jax.files import csv_text, write_text
from inr_jax.files.rows import read_csv
from inr_jax.stats.folds import block_side
from inr_jax.stats.hold_out import COLUMNS, DONOR, DONOR_STRUCTURE, summarise

FIELD = "inr"  # the method of this package
# The strongest baseline of a protocol first; runs of old versions have a later.
STRONGEST = {
    DONOR: ("kriging_local", "kriging_targets", "kriging"),
    DONOR_STRUCTURE: ("kriging_anatomy_targets", "kriging_anatomy"),
}
TITLES = {
    DONOR: "held-out donors",
    DONOR_STRUCTURE: "held-out donors, structures known",
}
RANGES = {
    "n": (1, math.inf),
    "r": (-1.0, 1.0),
    "r2": (-math.inf, 1.0),
    "mse": (0.0, math.inf),
}
_TYPES = {"n": int, "r": float, "r2": float, "mse": float}


def write_scores(path: str | Path, rows: list[dict]) -> None:
    """Write rows as CSV, numbers to 8 significant digits.

    Raises:
        InputError: The file cannot be written.
    """
    write_text(path, scores_text(rows))


def scores_text(rows: list[dict]) -> str:
    """What `write_scores` writes."""
    numbers = ("r", "r2", "mse")
    lines = (row | {name: f"{row[name]:.8g}" for name in numbers} for row in rows)
    return csv_text(COLUMNS, lines)


def read_scores(path: str | Path) -> list[dict]:
    """Read rows that `write_scores` wrote.

    Raises:
        InputError: The file is missing, has other columns, or a cell is not what a
            score can be: r is in [-1, 1], R2 at most 1, a mean square not negative.
    """
    rows = read_csv(path, COLUMNS, "run evaluate again")
    return [_parsed(row, f"{path}, line {line}") for line, row in enumerate(rows, 2)]


def _parsed(row: dict, where: str) -> dict:
    try:
        parsed = {name: _TYPES.get(name, str)(row[name]) for name in COLUMNS}
        for name, (low, high) in RANGES.items():
            if not low <= parsed[name] <= high or math.isinf(parsed[name]):
                raise ValueError(f"{name} {row[name]}")
        if parsed["protocol"] not in TITLES and not block_side(parsed["protocol"]):
            raise ValueError(f"protocol {parsed['protocol']!r}")
        return parsed
    except (ValueError, TypeError) as error:
        raise InputError(
            where,
            expected="a method, a protocol, a gene and its scores",
            found=str(error),
            fix="run evaluate again",
        ) from error


def methods_of(rows: list[dict]) -> list[str]:
    """The methods, the INR first, the others in the order of their first row."""
    names = list(dict.fromkeys(row["method"] for row in rows))
    return sorted(names, key=lambda name: name != FIELD)


def of_protocol(rows: list[dict], protocol: str) -> list[dict]:
    """The rows of one protocol."""
    return [row for row in rows if row["protocol"] == protocol]


def scores_table(rows: list[dict]) -> str:
    """Mean and median r and R2 over genes: a block a protocol, a line a method."""
    return "\n\n".join(
        _block(protocol, of_protocol(rows, protocol)) for protocol in summarise(rows)
    )


def _block(protocol: str, rows: list[dict]) -> str:
    (summary,) = summarise(rows).values()
    columns = ("r_mean", "r2_mean", "r_median", "r2_median")
    width = max(map(len, [*summary, "method"]))
    genes = len({row["gene"] for row in rows})
    lines = [
        f"{title_of(protocol)}: {genes} genes, {rows[0]['n']} wells",
        f"{'method':<{width}}  mean r  mean R2  median r  median R2",
    ]
    for method in methods_of(rows):
        cells = zip(columns, (6, 7, 8, 9), strict=True)
        numbers = "  ".join(f"{summary[method][name]:>{w}.3f}" for name, w in cells)
        lines.append(f"{method:<{width}}  {numbers}")
    like = DONOR if block_side(protocol) else protocol
    there = [name for name in STRONGEST.get(like, ()) if name in summary]
    if FIELD in summary and there:
        lines.append(_wins(rows, there[0]))
    return "\n".join(lines)


def title_of(protocol: str) -> str:
    """What a protocol holds out, in words."""
    side_mm = block_side(protocol)
    if side_mm:
        return f"held-out blocks of {side_mm} mm, donors and structures in training"
    return TITLES.get(protocol, f"protocol {protocol}")


def of_maps(rows: list[dict], *, sees_structures: bool) -> tuple[str, dict[str, dict]]:
    """The protocol that says most about maps, and its scores, for the maps' sidecars.

    For the place model, held-out donors, or the first of the held-out blocks where no
    donor was held out; for the structure model, held-out donors whose structures are
    known.

    Args:
        rows: All rows of scores.csv.
        sees_structures: Whether the structure model made the maps.

    Returns:
        The protocol in words, and gene -> the INR's row; "" and {} where the INR was
        not scored by such a protocol.
    """
    ours = [row for row in rows if row["method"] == FIELD]
    names = list(dict.fromkeys(row["protocol"] for row in ours))
    wanted = (
        [DONOR_STRUCTURE] if sees_structures else [DONOR, *filter(block_side, names)]
    )
    for protocol in wanted:
        if protocol in names:
            scores = {row["gene"]: row for row in of_protocol(ours, protocol)}
            return _in_words(protocol), scores
    return "", {}


def _in_words(protocol: str) -> str:
    side_mm = block_side(protocol)
    if side_mm:
        return (
            f"leave blocks of {side_mm} mm out; "
            "wells of the same donor and structure in training"
        )
    known = ", structures known" if protocol == DONOR_STRUCTURE else ""
    return f"leave one donor out{known}"


def _wins(rows: list[dict], baseline: str) -> str:
    """In how many genes the INR predicts better than a baseline."""
    ours, theirs = (
        {row["gene"]: row for row in rows if row["method"] == method}
        for method in (FIELD, baseline)
    )
    both = ours.keys() & theirs.keys()
    r, r2 = (
        sum(ours[gene][name] > theirs[gene][name] for gene in both)
        for name in ("r", "r2")
    )
    return f"{FIELD} beats {baseline} in {r} of {len(both)} genes by r, in {r2} by R2"
