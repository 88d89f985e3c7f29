"""The cells of a frame's columns as numbers and names, each checked.

`where` names the frame in an error. Axis letters: N rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from inr_jax.errors import InputError, first_line
from inr_jax.files.cell_text import clean, is_missing

if TYPE_CHECKING:
    import pandas as pd


def as_numbers(name: str, array: object, where: object) -> np.ndarray:
    """What Python callers pass as an array, as float64; pd.NA and None are NaN.

    Raises:
        InputError: It is ragged or holds text.
    """
    try:
        return np.asarray(array, np.float64)
    except (TypeError, ValueError):
        pass
    try:
        cells = np.asarray(array, object)
        plain = [np.nan if is_missing(cell) else float(cell) for cell in cells.flat]
        return np.array(plain, np.float64).reshape(cells.shape)
    except (TypeError, ValueError) as error:
        fix = "give an array of numbers, rows of one length"
        expected, found = f"numbers in {name}", first_line(error)
        raise InputError(where, expected=expected, found=found, fix=fix) from error


def numbers(series: pd.Series) -> np.ndarray:
    """A column's cells as `(N,)` float64, NaN where one is no number."""
    import pandas as pd

    if series.dtype.kind == "b":
        return np.full(len(series), np.nan)
    if series.dtype.kind in "iuf":
        with np.errstate(invalid="ignore"):  # a NaN of a damaged file may signal
            return series.to_numpy(np.float64, na_value=np.nan)
    return pd.to_numeric(series.astype(object), errors="coerce").to_numpy(np.float64)


def column(frame: pd.DataFrame, name: str, where: object) -> np.ndarray:
    """A column `(N,)` that has a number in every cell."""
    values = numbers(frame[name])
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        cell = str(frame[name].iloc[bad[0]])
        raise InputError(
            where,
            expected=f"a number in every row of column {name!r}",
            found=f"{cell!r} in row {bad[0] + 1} below the header, {len(bad)} in all",
            fix="fill or drop those rows, or the column",
        )
    return values


def stack(frame: pd.DataFrame, names: list[str], where: object) -> np.ndarray:
    """Columns side by side, `(N, len(names))`."""
    values = np.empty((len(frame), len(names)))
    for number, name in enumerate(names):
        values[:, number] = column(frame, name, where)
    return values


def wells(frame: pd.DataFrame, name: str | None, where: object) -> np.ndarray | None:
    """Well ids `(N,)`; None without a column."""
    if name is None:
        return None
    ids = column(frame, name, where)
    bad = np.flatnonzero((ids != np.round(ids)) | (abs(ids) >= 2.0**31))
    if len(bad):
        raise InputError(
            where,
            expected=f"whole numbers below 2^31 in column {name!r}",
            found=f"{ids[bad[0]]:.17g} in row {bad[0] + 1} below the header",
            fix="number the wells, or ignore the column with --config.source.well=",
        )
    return ids.astype(np.int64)


def names(frame: pd.DataFrame, name: str | None) -> list[str | None] | None:
    """A column of names, None where a cell is blank; None without a column."""
    if name is None:
        return None
    cells = frame[name].tolist()
    # A Parquet column of whole numbers with a blank among them comes as floats.
    whole = [int(c) if isinstance(c, float) and c.is_integer() else c for c in cells]
    texts = [clean(str(cell)) for cell in whole]
    return [None if is_missing(text) else text for text in texts]


def donors(frame: pd.DataFrame, name: str | None, where: object) -> list | None:
    """A column of names with none blank; None without a column."""
    labels = names(frame, name)
    if labels and None in labels:
        raise InputError(
            where,
            expected=f"a name in every row of column {name!r}",
            found=f"a blank in row {labels.index(None) + 1} below the header, "
            f"{labels.count(None)} in all",
            fix="say whose each well is, or drop the column",
        )
    return labels


def tissue(
    frame: pd.DataFrame, used: dict[str, str], where: object
) -> np.ndarray | None:
    """Probabilities of grey and white matter `(N, 2)`; None without the columns."""
    if "grey" not in used:
        return None
    probability = stack(frame, [used["grey"], used["white"]], where)
    bad = np.argwhere((probability < 0) | (probability > 1))
    if len(bad):
        row, side = bad[0]
        raise InputError(
            where,
            expected="probabilities from 0 to 1 in the columns of grey and white",
            found=f"{probability[row, side]:g} in row {row + 1} below the header",
            fix="divide percentages by 100",
        )
    return probability
