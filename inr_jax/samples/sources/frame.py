"""A file's bytes to a pandas frame, refusing what pandas would mend in silence.

pandas renames columns of one name, fills short rows with NaN and takes the first
column of long rows for an index; here each of these is an error.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from inr_jax.errors import InputError, first_line
from inr_jax.files.cell_text import clean, encoding_of
from inr_jax.files.reading import AGAIN, TABLE, stored_bytes, unpacked
from inr_jax.files.rows import MOST_CELLS, MOST_LINES, cause, csv_rows
from inr_jax.samples.columns import check_names

if TYPE_CHECKING:
    import pandas as pd

SEPARATORS = {".csv": ",", ".tsv": "\t", ".txt": "\t"}
SUFFIXES = (*SEPARATORS, *(f"{suffix}.gz" for suffix in SEPARATORS), ".parquet")
NAMED = {"tab": "\t", "comma": ",", "semicolon": ";", "bar": "|", "space": " "}


def read_frame(
    path: Path,
    *,
    is_text: Callable[[str], bool] = lambda name: False,
    separator: str = "",
    decimal: str = ".",
    encoding: str = "",
) -> tuple[pd.DataFrame, bytes]:
    """Read a CSV, TSV (both also gzipped) or Parquet file.

    Args:
        path: A file that ends in one of `SUFFIXES`.
        is_text: Whether a column stays text by its name: an id "007" stays one.
        separator: Between two cells, a letter or a name of `NAMED`; "" for the one of
            the file's ending.
        decimal: "." or ",".
        encoding: Of the text; "" for UTF-8, or what a byte-order mark says.

    Returns:
        The frame, its blank cells "" where the file is text, and the file's bytes.

    Raises:
        InputError: The file is missing, damaged or of another kind, or a column
            has no name or the name of another.
    """
    expected = f"a table ({', '.join(SUFFIXES)})"
    suffix = next((end for end in SUFFIXES if path.name.lower().endswith(end)), None)
    if suffix is None:
        fix = "write it as one of these, with that ending"
        found = repr(path.suffix)
        raise InputError(path, expected=expected, found=found, fix=fix)
    data = stored_bytes(path, expected)
    if suffix == ".parquet":
        return _parquet(data, path), data
    plain = unpacked(data, path, expected)
    if suffix.endswith(".gz") and plain is data:
        found = "one that is no gzip"
        raise InputError(path, expected=expected, found=found, fix=AGAIN)
    given = separator or SEPARATORS[suffix.removesuffix(".gz")]
    settings = {"separator": NAMED.get(given, given), "decimal": decimal}
    return _delimited(plain, path, is_text, encoding=encoding, **settings), data


def _delimited(
    data: bytes,
    path: Path,
    is_text: Callable[[str], bool],
    *,
    separator: str,
    decimal: str,
    encoding: str,
) -> pd.DataFrame:
    import pandas as pd

    rows = csv_rows(data, path, separator=separator, encoding=encoding)
    header = [clean(name) for name in next(rows)]
    for _ in rows:  # for its check of every row's length
        pass
    if len(header) == 1:
        fix = cause(data, separator) or AGAIN
        found = f"one, {header[0][:80]!r}"
        raise InputError(path, expected="columns", found=found, fix=fix)
    check_names(header, path)
    return pd.read_csv(
        io.BytesIO(data),
        sep=separator,
        decimal=decimal,
        header=0,
        names=header,
        index_col=False,
        dtype={name: str for name in header if is_text(name)},
        na_filter=False,  # a blank or "NA" stays, to be quoted in an error
        low_memory=False,  # else a column's type may change half way down
        encoding=encoding_of(data, path, "a table", encoding),
    )


def _parquet(data: bytes, path: Path) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(
            io.BytesIO(data), page_checksum_verification=True
        )
        names = {name: clean(name) for name in file.schema_arrow.names}
        check_names(file.schema_arrow.names, path)
        check_names(list(names.values()), path)
        _check_size(file.metadata, path)
        table = file.read()
        # pandas writes an index without a name under this one; one with a name stays.
        unnamed = [n for n in table.column_names if n.startswith("__index_level_")]
        frame = table.drop_columns(unnamed).to_pandas(ignore_metadata=True)
        return frame.rename(columns=names)
    except InputError:
        raise
    except (pa.ArrowException, OSError, ValueError, TypeError) as error:
        found = f"one that cannot be read ({first_line(error)})"
        raise InputError(
            path, expected="a Parquet file", found=found, fix=AGAIN
        ) from error


def _check_size(metadata, path: Path) -> None:
    """Refuse what would not fit: a few bytes can stand for any number of rows."""
    groups = [metadata.row_group(n) for n in range(metadata.num_row_groups)]
    size = sum(group.total_byte_size for group in groups)
    cells = metadata.num_rows * metadata.num_columns
    if size > TABLE or cells > MOST_CELLS or metadata.num_rows > MOST_LINES:
        found = f"{metadata.num_rows:,} rows of {metadata.num_columns:,} columns"
        expected = f"a table of at most {MOST_LINES:,} rows and {MOST_CELLS:,} cells"
        fix = "is this the right file?"
        raise InputError(path, expected=expected, found=found, fix=fix)
