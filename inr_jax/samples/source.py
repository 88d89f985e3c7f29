"""Where samples come from, one format a module; here is what the formats share.

Nouns:
    source: samples, with what a reader wants to know of their origin.
    where: the file to name in an error.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from inr_jax.errors import InputError, shortlist
from inr_jax.samples.samples import Samples


class Source(NamedTuple):
    """What a loader returns.

    Attributes:
        samples: The wells.
        files: Name of each input file read, to the SHA-256 of its bytes.
        coordinates: Where the coordinates are from.
        notes: Counts and facts for the provenance, fit for JSON; `warnings` in it
            is a list of sentences.
    """

    samples: Samples
    files: dict[str, str]
    coordinates: str
    notes: dict


def counts(samples: Samples) -> dict[str, int]:
    """How many wells, genes, donors and structures, for a source's notes."""
    return {
        "n_wells": int((~samples.mirrored).sum()),
        "n_genes": len(samples.genes),
        "n_donors": len(samples.donors),
        "n_structures": len(samples.structures),
    }


def sha256(data: bytes) -> str:
    """The SHA-256 of `data`, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def existing(path: str | Path, expected: str) -> Path:
    """`path`, once something is there.

    Args:
        path: What the user gave.
        expected: What ought to lie there, for the message.

    Raises:
        InputError: No path was given, or nothing lies there.
    """
    fix = "give its path with --config.source.path=PATH"
    if not str(path):
        raise InputError("config.source.path", expected=expected, found="''", fix=fix)
    path = Path(path)
    if not path.exists():
        raise InputError(path, expected=expected, found="nothing there", fix=fix)
    return path


def csv_rows(
    data: bytes, where: object, *, separator: str = ","
) -> Iterator[list[str]]:
    """The rows of a CSV one by one, blank lines left out.

    Args:
        data: The file's bytes, UTF-8; a byte that is not becomes U+FFFD.
        where: The file to name in an error.
        separator: What stands between two cells.

    Yields:
        The cells of a row, as many as the first row has.

    Raises:
        InputError: No row at all, a row of another length, a quote never closed.
    """
    again = "is the file cut short? fetch or write it again"
    text = io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", "replace", newline="")
    reader = csv.reader(text, delimiter=separator, strict=True)
    width = 0
    try:
        for row in filter(None, reader):
            width = width or len(row)
            if len(row) != width:
                expected = f"{width} cells in each row, as in the first"
                found = f"{len(row)} in line {reader.line_num}"
                raise InputError(where, expected=expected, found=found, fix=again)
            yield row
    except csv.Error as error:
        found = f"line {reader.line_num}: {error}"
        raise InputError(where, expected="a CSV", found=found, fix=again) from error
    if not width:
        raise InputError(where, expected="a CSV", found="an empty file", fix=again)


def csv_columns(
    data: bytes, where: object, names: tuple[str, ...]
) -> dict[str, list[str]]:
    """The columns `names` of a CSV with a header, cells stripped of blanks.

    Raises:
        InputError: A column is not there, or as for `csv_rows`.
    """
    header, *rows = csv_rows(data, where)
    missing = [name for name in names if name not in header]
    if missing:
        raise InputError(
            where,
            expected=f"columns {', '.join(names)}",
            found=f"no {', '.join(missing)} (but {shortlist(header, 20)})",
            fix="fetch or write the file again",
        )
    return {name: [row[header.index(name)].strip() for row in rows] for name in names}
