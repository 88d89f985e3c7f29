"""Held-out scores as a file that others read and as a table for a terminal.

Nouns:
    row: one line of scores.csv, a dict with the keys `evaluate.COLUMNS`.
"""

from __future__ import annotations

from pathlib import Path

from inr_jax.errors import InputError
from inr_jax.files import read_csv, write_csv
from inr_jax.stats.folds import block_side
from inr_jax.stats.hold_out import ANATOMY, COLUMNS, DONOR, summarise

FIELD = "inr"  # what we made
RIVALS = {DONOR: "kriging", ANATOMY: "kriging_anatomy"}  # the best there was
TITLES = {DONOR: "held-out donors", ANATOMY: "held-out donors, structures known"}
_NUMBERS = {"n": int, "r": float, "r2": float, "mse": float}


def write_scores(path: str | Path, rows: list[dict]) -> None:
    """Write rows as CSV, numbers to 8 significant digits.

    Raises:
        InputError: The file cannot be written.
    """
    numbers = ("r", "r2", "mse")
    lines = (row | {name: f"{row[name]:.8g}" for name in numbers} for row in rows)
    write_csv(path, COLUMNS, lines)


def read_scores(path: str | Path) -> list[dict]:
    """Read what `write_scores` wrote.

    Raises:
        InputError: The file is missing, has other columns, or a cell is no number.
    """
    rows = read_csv(path, COLUMNS, "run evaluate again")
    return [_parsed(row, f"{path}, line {line}") for line, row in enumerate(rows, 2)]


def _parsed(row: dict, where: str) -> dict:
    try:
        if None in row:
            raise ValueError("too many cells")
        return {name: _NUMBERS.get(name, str)(row[name]) for name in COLUMNS}
    except (ValueError, TypeError) as error:
        raise InputError(
            where,
            expected="7 cells, numbers in the last four",
            found=str(error),
            fix="run evaluate again",
        ) from error


def methods_of(rows: list[dict]) -> list[str]:
    """Methods in the order in which they appear, the INR first."""
    names = list(dict.fromkeys(row["method"] for row in rows))
    return sorted(names, key=lambda name: name != FIELD)


def of_protocol(rows: list[dict], protocol: str) -> list[dict]:
    """The rows of one protocol."""
    return [row for row in rows if row["protocol"] == protocol]


def scores_table(rows: list[dict]) -> str:
    """Mean and median r and R2 over genes, a line a method, a block a protocol."""
    return "\n\n".join(
        _block(protocol, of_protocol(rows, protocol)) for protocol in summarise(rows)
    )


def _block(protocol: str, rows: list[dict]) -> str:
    (summary,) = summarise(rows).values()
    columns = ("r_mean", "r2_mean", "r_median", "r2_median")
    width = max(map(len, [*summary, "method"]))
    genes = len({row["gene"] for row in rows})
    lines = [
        f"{_title(protocol)}: {genes} genes, {rows[0]['n']} wells",
        f"{'method':<{width}}  mean r  mean R2  median r  median R2",
    ]
    for method in methods_of(rows):
        cells = zip(columns, (6, 7, 8, 9), strict=True)
        numbers = "  ".join(f"{summary[method][name]:>{w}.3f}" for name, w in cells)
        lines.append(f"{method:<{width}}  {numbers}")
    rival = RIVALS.get(protocol, RIVALS[DONOR] if block_side(protocol) else None)
    if {FIELD, rival} <= set(summary):
        lines.append(_wins(rows, rival))
    return "\n".join(lines)


def _title(protocol: str) -> str:
    side_mm = block_side(protocol)
    if side_mm:
        return f"held-out blocks of {side_mm} mm, donors and structures in training"
    return TITLES.get(protocol, f"protocol {protocol}")


def of_maps(rows: list[dict], *, anatomy: bool) -> tuple[str, dict[str, dict]]:
    """What the sidecars of maps say: the best protocol for them, and its scores.

    Donors where they were held out, else the first of the blocks; for maps that see
    anatomy, donors with their structures known alone.

    Args:
        rows: All rows of scores.csv.
        anatomy: Whether the maps were made by the fit that sees anatomy.

    Returns:
        The protocol in words, and gene -> the INR's row; "" and nothing where the
        INR was not scored.
    """
    ours = [row for row in rows if row["method"] == FIELD]
    names = list(dict.fromkeys(row["protocol"] for row in ours))
    wanted = [ANATOMY] if anatomy else [DONOR, *filter(block_side, names)]
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
    known = ", structures known" if protocol == ANATOMY else ""
    return f"leave one donor out{known}"


def _wins(rows: list[dict], rival: str) -> str:
    """In how many genes the field is ahead of its rival."""
    ours, theirs = (
        {row["gene"]: row for row in rows if row["method"] == method}
        for method in (FIELD, rival)
    )
    both = ours.keys() & theirs.keys()
    r, r2 = (
        sum(ours[gene][name] > theirs[gene][name] for gene in both)
        for name in ("r", "r2")
    )
    return f"{FIELD} beats {rival} in {r} of {len(both)} genes by r, in {r2} by R2"
