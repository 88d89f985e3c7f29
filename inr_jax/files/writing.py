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
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from inr_jax.errors import InputError, printable

FULL = (errno.ENOSPC, errno.EDQUOT)
# Names of what `write_bytes` writes before it renames; the number is a process.
TEMPORARY = re.compile(r"\.(.+)\.\d+\.tmp")
FORMULA = "=+-@\t\r"  # a spreadsheet computes a cell that begins with one of these


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write a file under a temporary name beside it, then rename it.

    Raises:
        InputError: The disk is full or the folder cannot be written. Whatever
            happens, no temporary file stays.
    """
    with whole_file(path, len(data)) as temporary:
        temporary.write_bytes(data)


@contextlib.contextmanager
def whole_file(path: str | Path, size: int = 0) -> Iterator[Path]:
    """A temporary name beside a file, to write to; renamed where all goes well.

    Args:
        path: The file.
        size: Bytes that it takes, to tell of; 0 where that is not known.

    Raises:
        InputError: As for `write_bytes`.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.unlink(missing_ok=True)  # a link of somebody's would be followed
        yield temporary
        os.replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _cannot_write(path, size, error) from error
        raise


def remove_temporary(folder: Path, ours: Callable[[str], bool]) -> None:
    """Delete temporary files of writers that were killed; no writer may be at work.

    Args:
        folder: Where they lie; it need not be there.
        ours: Whether a final name is one that we write; others' files stay.
    """
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        name = TEMPORARY.fullmatch(path.name)
        if name and ours(name[1]) and path.is_file():
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
    write_text(path, csv_text(columns, rows))


def csv_text(columns: Iterable[str], rows: Iterable[Mapping[str, object]]) -> str:
    """Rows as CSV, see `write_csv`."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: neutral(cell) for k, cell in row.items()} for row in rows)
    return text.getvalue()


def neutral(cell: object) -> object:
    """A cell that no spreadsheet takes for a formula, nor a terminal for an order.

    Text that begins like a formula gets an apostrophe, which `plain_cell` takes away.
    """
    if not isinstance(cell, str):
        return cell
    try:
        float(cell)
    except ValueError:
        return printable(f"'{cell}" if cell.startswith(tuple(FORMULA)) else cell)
    return cell


def plain_cell(cell: str) -> str:
    """The inverse of `neutral`, for names."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in set(FORMULA) else cell


def make_folder(
    folder: Path, *, fix: str, expected: str = "a folder to write to"
) -> Path:
    """The folder, made with those above it where it is not there.

    Raises:
        InputError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        found = error.strerror or str(error)
        raise InputError(folder, expected=expected, found=found, fix=fix) from error
    return folder


def cache_folder() -> Path:
    """Where caches lie: $INR_JAX_CACHE, else the user's cache folder of this system.

    It need not exist yet.

    Raises:
        InputError: The user has no home.
    """
    import platformdirs

    given = os.environ.get("INR_JAX_CACHE")
    if given:
        return Path(given)
    path = Path()
    with contextlib.suppress(RuntimeError):  # a ~ that nobody can expand
        path = platformdirs.user_cache_path("inr_jax", appauthor=False)
    if not path.is_absolute():
        expected, fix = "a home for caches", "name a folder in INR_JAX_CACHE"
        raise InputError("cache", expected=expected, found="none", fix=fix)
    return path


def write_json(path: str | Path, tree: object) -> None:
    """Write plain data as indented JSON; NaN and infinity become null.

    NumPy scalars and arrays become numbers and lists, paths become text.
    """
    write_text(path, json_text(tree))


def json_text(tree: object) -> str:
    """Plain data as `write_json` writes them."""
    text = json.dumps(_plain(tree), indent=2, allow_nan=False, ensure_ascii=False)
    return text + "\n"


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
        much = f"{size / 1e6:.1f} MB of" if size else "enough"
        expected = f"{much} space for this file"
        with contextlib.suppress(OSError):
            found += f" ({shutil.disk_usage(path.parent).free / 1e6:.1f} MB free)"
        fix = "free some space and run again"
    return InputError(path, expected=expected, found=found, fix=fix)
