"""Files that appear whole or not at all.

A file is written under a temporary name in its own folder and renamed, so a reader
never meets half of one, whatever interrupts the writer.
"""

from __future__ import annotations

import contextlib
import csv
import errno
import io
import json
import math
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from inr_jax.errors import MOST_LISTED, InputError, shortlist

FULL = (errno.ENOSPC, errno.EDQUOT)
TEMPORARY = ".*.tmp"
AGAIN = "is the file cut short? fetch or write it again"


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write a file under a temporary name beside it, then rename it.

    Raises:
        InputError: The disk is full or the folder cannot be written. Whatever
            happens, no temporary file stays.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _cannot_write(path, len(data), error) from error
        raise


def remove_temporary(folder: Path) -> None:
    """Delete temporary files of writers that were killed; no writer may be at work."""
    for path in folder.glob(TEMPORARY):
        with contextlib.suppress(OSError):
            path.unlink()


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text, as `write_bytes` does."""
    write_bytes(path, text.encode())


def write_csv(
    path: str | Path, columns: Iterable[str], rows: Iterable[Mapping[str, object]]
) -> None:
    """Write rows as CSV with a header; a column that a row lacks stays empty.

    Raises:
        InputError: The file cannot be written.
        ValueError: A row has a column that is not among `columns`.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


def read_csv(
    path: str | Path,
    columns: tuple[str, ...],
    fix: str,
    *,
    data: bytes | None = None,
    errors: str = "strict",
) -> list[dict[str, str]]:
    """Read a table of names, separated by commas, or by tabs where its header is.

    Args:
        path: The file.
        columns: What it must have, among others, in any order; names of columns are
            taken without case and blanks.
        fix: What a user can do about another file.
        data: Its bytes, where they have been read.
        errors: What to do with bytes that are not UTF-8, as `bytes.decode` takes it.

    Returns:
        A dict a row, of all columns that the file has (those beside `columns` by
        their names in lower case), cells without blanks around them.

    Raises:
        InputError: The file is missing, is no CSV, or lacks a column.
    """
    expected = f"columns {', '.join(columns)}"
    try:
        data = Path(path).read_bytes() if data is None else data
        data.decode("utf-8-sig", errors)
    except (OSError, UnicodeDecodeError) as error:
        text = getattr(error, "strerror", None) or str(error)
        raise InputError(path, expected=expected, found=text, fix=fix) from error
    separator = "\t" if b"\t" in data.split(b"\n", 1)[0] else ","
    header, *rows = csv_rows(data, path, separator=separator, fix=fix)
    plain = {name.lower(): name for name in columns}
    names = [name.strip().lower() for name in header]
    missing = [name for name in columns if name.lower() not in names]
    if missing:
        text = f"no {', '.join(missing)} (but {shortlist(header, MOST_LISTED)})"
        raise InputError(path, expected=expected, found=text, fix=fix)
    # Of two columns of one name the first counts.
    names = [plain.get(name, name) for name in reversed(names)]
    cells = ([cell.strip() for cell in reversed(row)] for row in rows)
    return [dict(zip(names, row, strict=True)) for row in cells]


def csv_rows(
    data: bytes, where: object, *, separator: str = ",", fix: str = AGAIN
) -> Iterator[list[str]]:
    """The rows of a CSV one by one, blank lines left out.

    Args:
        data: The file's bytes, UTF-8; a byte that is not becomes U+FFFD.
        where: The file to name in an error.
        separator: What stands between two cells.
        fix: What a user can do about a damaged file.

    Yields:
        The cells of a row, as many as the first row has.

    Raises:
        InputError: No row at all, a row of another length, a quote never closed.
    """
    text = io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", "replace", newline="")
    reader = csv.reader(text, delimiter=separator, strict=True)
    width = 0
    try:
        for row in filter(None, reader):
            width = width or len(row)
            if len(row) != width:
                expected = f"{width} cells in each row, as in the first"
                found = f"{len(row)} in line {reader.line_num}"
                raise InputError(where, expected=expected, found=found, fix=fix)
            yield row
    except csv.Error as error:
        found = f"line {reader.line_num}: {error}"
        raise InputError(where, expected="a CSV", found=found, fix=fix) from error
    if not width:
        raise InputError(where, expected="a CSV", found="an empty file", fix=fix)


def cache_folder() -> Path:
    """Where caches lie: $INR_JAX_CACHE, else the user's cache folder of this system.

    It need not exist yet.
    """
    import platformdirs

    given = os.environ.get("INR_JAX_CACHE")
    return Path(given or platformdirs.user_cache_path("inr_jax", appauthor=False))


def write_json(path: str | Path, tree: object) -> None:
    """Write plain data as indented JSON; NaN and infinity become null.

    NumPy scalars and arrays become numbers and lists, paths become text.
    """
    text = json.dumps(_plain(tree), indent=2, allow_nan=False, ensure_ascii=False)
    write_text(path, text + "\n")


def _plain(tree: object) -> object:
    if isinstance(tree, dict):
        return {str(key): _plain(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_plain(value) for value in tree]
    if isinstance(tree, Path):
        return str(tree)
    if hasattr(tree, "tolist"):
        return _plain(tree.tolist())
    return None if isinstance(tree, float) and not math.isfinite(tree) else tree


def _cannot_write(path: Path, size: int, error: OSError) -> InputError:
    expected, found = "a folder to write to", error.strerror or str(error)
    fix = "check that it exists and is yours"
    if error.errno in FULL:
        expected = f"{size / 1e6:.1f} MB of space for this file"
        with contextlib.suppress(OSError):
            found += f" ({shutil.disk_usage(path.parent).free / 1e6:.1f} MB free)"
        fix = "free some space and run again"
    return InputError(path, expected=expected, found=found, fix=fix)
