"""A file's bytes to a pandas frame, refusing what pandas would mend in silence.

pandas renames columns of one name, fills short rows with NaN and takes the first
column of long rows for an index; here each of these is an error.
"""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from inr_jax.errors import InputError
from inr_jax.files import AGAIN, csv_rows
from inr_jax.samples.columns import check_names

if TYPE_CHECKING:
    import pandas as pd

SEPARATORS = {".csv": ",", ".tsv": "\t", ".txt": "\t"}
SUFFIXES = (*SEPARATORS, *(f"{suffix}.gz" for suffix in SEPARATORS), ".parquet")


def read_frame(path: Path, *, text: tuple[str, ...] = ()) -> tuple[pd.DataFrame, bytes]:
    """Read a CSV, TSV (both also gzipped) or Parquet file.

    Args:
        path: A file that ends in one of `SUFFIXES`.
        text: Columns to keep as text: an id "007" stays one.

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
    try:
        data = path.read_bytes()
        plain = gzip.decompress(data) if suffix.endswith(".gz") else data
    except (OSError, EOFError, zlib.error) as error:
        found = f"one that cannot be read ({error})"
        raise InputError(path, expected=expected, found=found, fix=AGAIN) from error
    if suffix == ".parquet":
        return _parquet(plain, path), data
    separator = SEPARATORS[suffix.removesuffix(".gz")]
    return _delimited(plain, separator, path, text), data


def _delimited(
    data: bytes, separator: str, path: Path, text: tuple[str, ...]
) -> pd.DataFrame:
    import pandas as pd

    rows = csv_rows(data, path, separator=separator)
    header = [name.strip() for name in next(rows)]
    for _ in rows:  # for its check of every row's length
        pass
    check_names(header, path)
    return pd.read_csv(
        io.BytesIO(data),
        sep=separator,
        header=0,
        names=header,
        index_col=False,
        dtype={name: str for name in text if name in header},
        na_filter=False,  # a blank or "NA" stays, to be quoted in an error
        low_memory=False,  # else a column's type may change half way down
        encoding="utf-8-sig",
        encoding_errors="replace",
    )


def _parquet(data: bytes, path: Path) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(io.BytesIO(data))
        check_names(file.schema_arrow.names, path)
        table = file.read()
    except (pa.ArrowException, OSError) as error:
        found = f"one that cannot be read ({error})"
        raise InputError(
            path, expected="a Parquet file", found=found, fix=AGAIN
        ) from error
    # pandas writes an index without a name under this one; one with a name is kept.
    index = [name for name in table.column_names if name.startswith("__index_level_")]
    return table.drop_columns(index).to_pandas(ignore_metadata=True)
