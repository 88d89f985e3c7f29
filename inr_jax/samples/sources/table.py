"""Any table of samples: CSV, TSV or Parquet, a row a well, a column a gene.

The settings name the columns that hold no expression; every other column is a gene.
Coordinates are MNI mm. Axis letters: N wells (rows), G genes, D = 3.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from inr_jax.errors import InputError, shortlist
from inr_jax.samples.samples import make_samples
from inr_jax.samples.source import (
    Source,
    counts,
    existing,
    pick_genes,
    repeated,
    sha256,
)
from inr_jax.samples.sources.frame import read_frame

if TYPE_CHECKING:
    import pandas as pd

NO_NAME = ("", "NA", "NaN", "nan", "None", "<NA>")  # blanks, by who wrote them


class TableColumns(NamedTuple):
    """Names of the columns that hold no expression; "" for one not to look for.

    Attributes:
        x, y, z: MNI mm; must be there.
        well: Whole numbers, each once; rows are counted from 0 when absent.
        donor: Names; one donor when absent.
        structure: Names; blank where a well has none.
        parent: Names of the top-level structures, likewise.
        grey, white: Probabilities of tissue, 0 to 1; both or neither.
    """

    x: str = "x"
    y: str = "y"
    z: str = "z"
    well: str = "well"
    donor: str = "donor"
    structure: str = "structure"
    parent: str = "parent"
    grey: str = "grey"
    white: str = "white"


DEFAULT = TableColumns()


def load(
    path: str | Path, *, columns: TableColumns = DEFAULT, genes: tuple[str, ...] = ()
) -> Source:
    """Read a table.

    Args:
        path: A file that ends in one of `frame.SUFFIXES`.
        columns: What is in which column; an optional one may be absent, unless
            its name is another than the default.
        genes: Columns to keep as genes; none keeps every other column.

    Returns:
        A `Source`; wells and genes in the order of the file.

    Raises:
        InputError: The file is missing, damaged or of another kind, a column is
            missing or named twice, a cell is no number, or as for `make_samples`.
    """
    path = existing(path, "a table")
    frame, data = read_frame(path, text=columns[4:7])
    used = _used(list(frame.columns), columns, path)
    others = [name for name in frame.columns if name not in used.values()]
    kept = pick_genes(others, genes, path)
    if not genes:
        _refuse_text(frame[kept], path)
    samples = make_samples(
        x_mm=_stack(frame, [used[axis] for axis in "xyz"], path),
        values=_stack(frame, kept, path),
        genes=kept,
        where=path,
        well=_wells(frame, used.get("well"), path),
        donor=_donors(frame, used.get("donor"), path),
        structure=_names(frame, used.get("structure")),
        parent=_names(frame, used.get("parent")),
        tissue=_tissue(frame, used, path),
    )
    left_out = len(others) - len(kept)
    facts = {"columns": used, "n_columns_left_out": left_out, "warnings": []}
    notes = {**facts, **counts(samples)}
    return Source(samples, {path.name: sha256(data)}, "given in the table", notes)


def _used(header: list[str], columns: TableColumns, path: Path) -> dict[str, str]:
    """Setting to column name, of those that are there."""
    names = columns._asdict()
    twice = repeated(name for name in names.values() if name)
    if twice:
        found = f"{twice[0]!r} for several"
        fix = "change one of them"
        raise InputError(
            "config.source", expected="a column of its own each", found=found, fix=fix
        )
    used = {key: name for key, name in names.items() if name in header}
    # An optional column is looked for by its default name, but must be there when
    # the user names it.
    for key, name in names.items():
        asked = key in ("x", "y", "z") or name not in ("", DEFAULT._asdict()[key])
        if asked and key not in used:
            fix = f"name the right one with --config.source.{key}=NAME"
            found = f"columns {shortlist(header, 12)}"
            raise InputError(path, expected=f"a column {name!r}", found=found, fix=fix)
    if ("grey" in used) != ("white" in used):
        here, lacking = ("grey", "white") if "grey" in used else ("white", "grey")
        raise InputError(
            path,
            expected="both grey and white, or neither",
            found=f"a column {used[here]!r} but none for {lacking}",
            fix=f"add it, or ignore the other with --config.source.{here}=",
        )
    return used


def _numbers(series: pd.Series) -> np.ndarray:
    """A column's cells as `(N,)` float64, NaN where one is no number."""
    import pandas as pd

    if series.dtype.kind == "b":
        return np.full(len(series), np.nan)
    if series.dtype.kind in "iuf":
        return series.to_numpy(np.float64, na_value=np.nan)
    return pd.to_numeric(series.astype(object), errors="coerce").to_numpy(np.float64)


def _column(frame: pd.DataFrame, name: str, path: Path) -> np.ndarray:
    """A column `(N,)` that has a number in every cell."""
    numbers = _numbers(frame[name])
    bad = np.flatnonzero(~np.isfinite(numbers))
    if len(bad):
        cell = str(frame[name].iloc[bad[0]])
        raise InputError(
            path,
            expected=f"a number in every row of column {name!r}",
            found=f"{cell!r} in row {bad[0] + 1} below the header, {len(bad)} in all",
            fix="fill or drop those rows, or the column",
        )
    return numbers


def _stack(frame: pd.DataFrame, names: list[str], path: Path) -> np.ndarray:
    """Columns side by side, `(N, len(names))`."""
    values = np.empty((len(frame), len(names)))
    for column, name in enumerate(names):
        values[:, column] = _column(frame, name, path)
    return values


def _refuse_text(frame: pd.DataFrame, path: Path) -> None:
    """A column that is mostly text is no gene with a slip in it."""
    text = [
        name
        for name in frame.columns
        if frame[name].dtype.kind not in "iuf"
        and 2 * np.isnan(_numbers(frame[name])).sum() > len(frame)
    ]
    if text:
        raise InputError(
            path,
            expected="numbers in every column that the settings do not name",
            found=f"text in {shortlist(map(repr, text))}",
            fix="drop it, or name the genes to keep with --config.source.genes=A,B",
        )


def _wells(frame: pd.DataFrame, name: str | None, path: Path) -> np.ndarray | None:
    """Well ids `(N,)`; None without a column."""
    if name is None:
        return None
    numbers = _column(frame, name, path)
    bad = np.flatnonzero((numbers != np.round(numbers)) | (abs(numbers) >= 2.0**31))
    if len(bad):
        raise InputError(
            path,
            expected=f"whole numbers below 2^31 in column {name!r}",
            found=f"{numbers[bad[0]]:.17g} in row {bad[0] + 1} below the header",
            fix="number the wells, or ignore the column with --config.source.well=",
        )
    return numbers.astype(np.int64)


def _names(frame: pd.DataFrame, name: str | None) -> list[str | None] | None:
    """A column of names, None where a cell is blank; None without a column."""
    if name is None:
        return None
    cells = frame[name].tolist()
    # A Parquet column of whole numbers with a blank among them comes as floats.
    whole = [int(c) if isinstance(c, float) and c.is_integer() else c for c in cells]
    names = [str(cell).strip() for cell in whole]
    return [None if name in NO_NAME else name for name in names]


def _donors(frame: pd.DataFrame, name: str | None, path: Path) -> list | None:
    donors = _names(frame, name)
    if donors and None in donors:
        raise InputError(
            path,
            expected=f"a name in every row of column {name!r}",
            found=f"a blank in row {donors.index(None) + 1} below the header, "
            f"{donors.count(None)} in all",
            fix="say whose each well is, or drop the column",
        )
    return donors


def _tissue(frame: pd.DataFrame, used: dict[str, str], path: Path) -> np.ndarray | None:
    """Probabilities of grey and white matter `(N, 2)`; None without the columns."""
    if "grey" not in used:
        return None
    tissue = _stack(frame, [used["grey"], used["white"]], path)
    bad = np.argwhere((tissue < 0) | (tissue > 1))
    if len(bad):
        row, column = bad[0]
        raise InputError(
            path,
            expected="probabilities from 0 to 1 in the columns of grey and white",
            found=f"{tissue[row, column]:g} in row {row + 1} below the header",
            fix="divide percentages by 100",
        )
    return tissue
