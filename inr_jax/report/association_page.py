"""The section of the page on maps that were compared with all genes."""

from __future__ import annotations

import base64
from typing import Any, NamedTuple

from inr_jax.files.cell_text import number

SHOWN = 10  # genes of a map
POOR_FIT = 0.25  # misfit of variograms from which a reader is warned
COLUMNS = (
    ("gene", "gene"),
    ("r, voxels", "r_voxel"),
    ("from", "ci_lo"),
    ("to", "ci_hi"),
    ("regions", "r_region"),
    ("wells", "r_well"),
    ("p", "p_null"),
    ("p, all genes", "p_max"),
    ("q", "q"),
    ("p, wells", "p_well"),
    ("p, random genes", "p_specific"),
    ("held-out R²", "held_out_r2"),
)
CAPTIONS = {
    "variogram.png": "Variograms of the map (dots) and of its null maps (lines)",
    "best_genes.png": "The map beside the genes of least p",
}


class AssociationRow(NamedTuple):
    """A gene: what stands in its cells, and what to doubt."""

    cells: list[str]
    doubts: str


class AssociationShown(NamedTuple):
    """A map on the page.

    Attributes:
        name: Of its folder.
        told: Places and null maps, in words.
        warnings: What a reader must know first.
        columns: Pairs of a head and a column of associations.csv.
        rows: The genes of least p.
        pictures: Pairs of a caption and a PNG in base64.
    """

    name: str
    told: str
    warnings: list[str]
    columns: tuple[tuple[str, str], ...]
    rows: list[AssociationRow]
    pictures: list[tuple[str, str]]


def shown(
    name: str,
    rows: list[dict[str, str]],
    nulls: dict[str, Any],
    pictures: dict[str, bytes],
) -> AssociationShown:
    """What the page tells of a map.

    Args:
        name: Of its folder.
        rows: Of associations.csv, the least p first.
        nulls: nulls.json.
        pictures: PNG files by name.
    """
    best = rows[:SHOWN]
    known = [
        (head, key)
        for head, key in COLUMNS
        if any(row.get(key, "") not in ("", "nan") for row in best)
    ]
    places = nulls.get("places", {})
    told = ", ".join(f"{count:,} {level}s" for level, count in places.items() if count)
    told += f"; {nulls.get('nulls', 0):,} null maps; trend removed: "
    told += str(nulls.get("trend", "?"))
    return AssociationShown(
        name,
        told,
        _warnings(rows, nulls),
        tuple(known),
        [
            AssociationRow([_cell(row, k) for _, k in known], doubts(row))
            for row in best
        ],
        [
            (CAPTIONS[file], base64.b64encode(data).decode())
            for file, data in pictures.items()
        ],
    )


def doubts(row: Any) -> str:
    """What to doubt of a gene, in words; a row of associations.csv, or of its frame."""
    words = []
    if number(row.get("held_out_r2", "")) < 0:
        words.append("not predictable in a new brain")
    if number(row.get("p_null", "")) < 0.05 <= number(row.get("p_well", "")):
        words.append("fails at wells")
    if number(row.get("p_null", "")) < 0.05 <= number(row.get("p_specific", "")):
        words.append("no more than a random gene")
    return ", ".join(words)


def _cell(row: dict[str, str], key: str) -> str:
    if key == "gene":
        return row.get(key, "")
    value = number(row.get(key, ""))
    if value != value:
        return ""
    return f"{value:.2g}" if key.startswith(("p_", "q")) else f"{value:.2f}"


def _warnings(rows: list[dict[str, str]], nulls: dict[str, Any]) -> list[str]:
    lines = []
    for stratum, part in nulls.get("strata", {}).items():
        misfit = number(part.get("misfit", ""))
        if misfit > POOR_FIT:
            lines.append(
                f"In the {stratum} null maps do not vary as the map does: variograms "
                f"differ by {misfit:.0%}. Do not trust its p-values."
            )
    done, asked = nulls.get("nulls", 0), nulls.get("asked", 0)
    if done < asked:
        lines.append(f"It was stopped after {done} of {asked} null maps.")
    if not any(number(row.get("q", "")) < 0.05 for row in rows):
        lines.append("No gene has q below .05.")
    return lines
