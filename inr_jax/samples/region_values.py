"""Values of regions that users bring, as a regional PET or an effect size.

A row a region: a column `id` (label in the image), or `region`, `label` or `name`; a
column `hemisphere` where names are of both sides; each other column of numbers is a
map.

Axis letters: L regions.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np

from inr_jax.brain.label_images import LabelImage
from inr_jax.errors import InputError, shortlist, unknown_name
from inr_jax.files.cell_text import is_missing, number
from inr_jax.files.rows import read_csv

log = logging.getLogger("inr_jax")
NAMES = ("id", "region", "label", "name")
SIDE = "hemisphere"
OTHERS = (*NAMES, SIDE, "structure", "parent", "index")  # columns that are no maps
FIX = "a row a region: id or region, and a column of values"


def read_region_values(
    path: str | Path, labels: LabelImage, data: bytes | None = None
) -> dict[str, np.ndarray]:
    """Maps of a table: column -> values `(L,)` of the regions, NaN for none.

    Args:
        path: The file.
        labels: The atlas.
        data: Its bytes, where they have been read.

    Raises:
        InputError: No table, no column of regions or of numbers, a region that the
            atlas lacks or that stands there twice.
    """
    rows = read_csv(path, (), FIX, data=data)
    columns = list(rows[0]) if rows else []
    key = next((name for name in NAMES if name in columns), None)
    maps = [name for name in columns if name not in OTHERS and _numbers(rows, name)]
    if key is None or not maps:
        found = f"columns {shortlist(columns, 12)}" if columns else "no row"
        expected = "a column id or region, and one of numbers"
        raise InputError(path, expected=expected, found=found, fix=FIX)
    values = {name: np.full(len(labels.names), np.nan) for name in maps}
    taken: set[int] = set()
    for line, row in enumerate(rows, start=2):
        regions = _regions(row, key, labels, f"{path}, line {line}")
        if taken & set(regions):
            found, fix = f"{row[key]} again", f"give each one row, or a column {SIDE}"
            where = f"{path}, line {line}"
            raise InputError(where, expected="each region once", found=found, fix=fix)
        taken |= set(regions)
        for name in maps:
            values[name][regions] = number(row[name])
    missing = [labels.names[k] for k in range(1, len(labels.names)) if k not in taken]
    if missing:
        text = "%s: no value for %d of %d regions: %s"
        count = len(labels.names) - 1
        log.warning(text, path, len(missing), count, shortlist(missing))
    return {name: column[1:] for name, column in values.items()}


def region_values_of(frame: Any, labels: LabelImage) -> dict[str, np.ndarray]:
    """The same of a frame, in whose index ids or names of regions may stand.

    Raises:
        InputError: As `read_region_values`, of "table".
    """
    index = str(frame.index.name or "region").lower()
    if not set(NAMES) & {str(name).strip().lower() for name in frame.columns}:
        frame = frame.rename_axis(index if index in NAMES else "region").reset_index()
    text = frame.to_csv(index=False, lineterminator="\n")
    return read_region_values("table", labels, text.encode())


def _numbers(rows: list[dict[str, str]], name: str) -> bool:
    """Whether a column holds numbers and blanks alone."""
    cells = [row[name] for row in rows if not is_missing(row[name])]
    return bool(cells) and all(np.isfinite(number(cell)) for cell in cells)


def _regions(
    row: dict[str, str], key: str, labels: LabelImage, where: str
) -> list[int]:
    """Rows of `labels` that a row of the table names; both sides where it says none."""
    cell = row[key].strip()
    by_number = {str(label): k for k, label in enumerate(labels.labels) if k}
    if key == "id" or cell in by_number:
        if cell not in by_number:
            raise unknown_name(where, cell, by_number)
        return [by_number[cell]]
    side = row.get(SIDE, "").strip().upper()[:1]
    same = [
        k
        for k, name in enumerate(labels.names)
        if k and name.casefold() == cell.casefold()
    ]
    if not same:
        raise unknown_name(where, cell, {name for name in labels.names if name})
    sided = [k for k in same if labels.sides[k][:1].upper() == side]
    if side and not sided:
        found = f"{cell} of {row[SIDE]}"
        sides = ", ".join(labels.sides[k] for k in same)
        fix = f"the atlas has it of {sides}"
        raise InputError(where, expected="a side of it", found=found, fix=fix)
    return sided or same
