"""Rows of text tables, with the likely cause named where a file is none.

Nouns:
    separator: what stands between two cells.
    where: the file to name in an error.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from inr_jax.errors import MOST_LISTED, InputError, shortlist
from inr_jax.files.cell_text import clean, encoding_of
from inr_jax.files.reading import AGAIN, SMALL, read_bytes
from inr_jax.files.writing import plain_cell

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
MOST_LINES = 2_000_000  # wells, probes or regions are fewer
MOST_CELLS = 150_000_000  # 20,000 genes at 3,702 wells are 74 million
MOST_COLUMNS = 500_000
SPREADSHEET = re.compile(r"sep=.?", re.IGNORECASE)
DECIMAL_COMMA = re.compile(r"-?\d+,\d+")


def read_csv(
    path: str | Path,
    columns: tuple[str, ...],
    fix: str,
    *,
    data: bytes | None = None,
    foreign: str = "",
) -> list[dict[str, str]]:
    """Read a table of names, separated by commas, or by tabs where its header is.

    Args:
        path: The file.
        columns: What it must have, among others, in any order; names of columns are
            taken without case and blanks, and stand once.
        fix: What a user can do about another file.
        data: Its bytes, where they have been read.
        foreign: The encoding of a file that is not UTF-8; "" refuses it.

    Returns:
        A dict a row, of all columns that the file has (those beside `columns` by
        their names in lower case), cells cleaned by `reading.clean`.

    Raises:
        InputError: The file is missing, is no CSV, lacks a column or has it twice.
    """
    expected = f"columns {', '.join(columns)}"
    if data is None:
        data = read_bytes(path, expected, most=SMALL, fix=fix)
    separator = "\t" if b"\t" in data.split(b"\n", 1)[0] else ","
    header, *rows = csv_rows(data, path, separator=separator, fix=fix, foreign=foreign)
    plain = {name.lower(): name for name in columns}
    names = [clean(name).lower() for name in header]
    count = Counter(names)
    missing = [name for name in columns if not count[name.lower()]]
    twice = [name for name in names if name and count[name] > 1]
    if missing or twice:
        text = f"{shortlist(dict.fromkeys(twice))} more than once"
        if missing:
            text = f"no {', '.join(missing)} (but {shortlist(header, MOST_LISTED)})"
            fix = cause(data, separator) or fix
        raise InputError(path, expected=expected, found=text, fix=fix)
    names = [plain.get(name, name) for name in names]
    cells = ([plain_cell(clean(cell)) for cell in row] for row in rows)
    return [dict(zip(names, row, strict=True)) for row in cells]


def csv_rows(
    data: bytes,
    where: object,
    *,
    separator: str = ",",
    fix: str = AGAIN,
    encoding: str = "",
    foreign: str = "",
) -> Iterator[list[str]]:
    """The rows of a CSV one by one, blank lines left out.

    Args:
        data: The file's bytes.
        where: The file to name in an error.
        separator: What stands between two cells.
        fix: What a user can do about a damaged file.
        encoding: Of its text; "" for UTF-8 or what its byte-order mark says.
        foreign: What to take for the encoding where it is not this.

    Yields:
        The cells of a row, as many as the first row has.

    Raises:
        InputError: No row at all, a row of another length, a quote never closed, more
            rows or cells than any such table has, or text of another encoding.
    """
    check_size(data, where, separator)
    try:
        encoding = encoding_of(data, where, "a CSV", encoding)
    except InputError:
        if not foreign:
            raise
        encoding = foreign
    text = io.TextIOWrapper(io.BytesIO(data), encoding, newline="")
    reader = csv.reader(text, delimiter=separator, strict=True)
    width = 0
    try:
        for row in filter(None, reader):
            if not width and SPREADSHEET.fullmatch(row[0].strip()):
                fix = cause(data, separator)
                raise InputError(where, expected="a header", found=row[0], fix=fix)
            width = width or len(row)
            if len(row) != width:
                expected = f"{width} cells in each row, as in the first"
                found = f"{len(row)} in line {reader.line_num}"
                fix = cause(data, separator) or fix
                raise InputError(where, expected=expected, found=found, fix=fix)
            yield row
    except csv.Error as error:
        found = f"line {reader.line_num}: {error}"
        raise InputError(where, expected="a CSV", found=found, fix=fix) from error
    if not width:
        raise InputError(where, expected="a CSV", found="an empty file", fix=fix)


def check_size(data: bytes, where: object, separator: str) -> None:
    """Refuse more lines, columns or cells than any table of samples has.

    Raises:
        InputError: There are more.
    """
    end = data.find(b"\n")
    header = data.count(separator.encode(), 0, end if end >= 0 else len(data))
    for noun, count, most in (
        ("lines", max(data.count(b"\n"), data.count(b"\r")), MOST_LINES),
        ("columns", header, MOST_COLUMNS),
        ("cells", data.count(separator.encode()), MOST_CELLS),
    ):
        if count > most:
            found, fix = f"{count:,}", "is this the right file?"
            expected = f"a table of at most {most:,} {noun}"
            raise InputError(where, expected=expected, found=found, fix=fix)


def cause(data: bytes, separator: str) -> str:
    """What to do about a file that is no table by this separator; "" if unclear."""
    text = data[:20_000].decode("utf-8", "replace").lstrip("\ufeff")
    first, *rest = [line for line in text.splitlines() if line.strip()] or [""]
    if SPREADSHEET.match(first.strip('" ')):
        return f"delete its first line, {first.strip()!r}, which spreadsheets write"
    if first.lstrip('" ').startswith(("#", "%", "//")):
        return "delete the comment above its header"
    counts = {mark: first.count(mark) for mark in SEPARATORS}
    best = max(counts, key=counts.__getitem__)
    if not counts[separator] and counts[best]:
        words = f"its cells are separated by {SEPARATORS[best]}"
        name = "tab" if best == "\t" else best
        settings = f"--config.source.separator='{name}'"
        cells = " ".join(rest[:5]).split(best)
        if best != "," and any(DECIMAL_COMMA.fullmatch(cell.strip()) for cell in cells):
            words += ", with decimal commas"
            settings += " --config.source.decimal=,"
        return f"{words}: a table of samples is read with {settings}"
    if rest and not counts[separator] and rest[0].count(separator):
        return "delete the title above its header"
    if separator == "," and rest and rest[0].count(",") >= 2 * counts[","]:
        return (
            "has it decimal commas? write points, or separate cells by ';' and give "
            "--config.source.separator=';' --config.source.decimal=,"
        )
    return ""
