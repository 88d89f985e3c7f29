"""Held-out predictions of every well as a file: held_out.parquet.

One row a protocol, gene and well: `protocol`, `gene`, `well`, `fold` (the donor, or
the block, that was held out with the well), `value`, `prediction` (by a fit that never
saw the fold) and `sd` (of a new measurement, calibrated on the other donors; the
ensemble's spread alone where blocks of space were held out). Values are in the units
of the source; genes follow each other, each with its wells in the samples' order.

Axis letters: N wells, G genes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from inr_jax.errors import InputError, first_line
from inr_jax.files import whole_file
from inr_jax.files.stored import check_regular
from inr_jax.samples.samples import Samples
from inr_jax.stats.folds import Folds
from inr_jax.stats.predictor import Prediction

ROWS = 2**20  # of a group, which is what a reader holds at a time
MOST = 2**34  # bytes
TEXTS, NUMBERS = ("protocol", "gene", "fold"), ("value", "prediction", "sd")
COLUMNS = ("protocol", "gene", "well", "fold", *NUMBERS)
FIX = "run inr-jax evaluate again"


class HeldOutPredictions(NamedTuple):
    """Wells as predicted by fits that never saw their folds.

    Attributes:
        genes: G symbols.
        well: `(N,)` int ids.
        fold: `(N,)` names of the folds.
        value: `(N, G)` float32 measured, units of the source.
        prediction: `(N, G)` float32.
        sd: `(N, G)` float32 of a new measurement.
    """

    genes: tuple[str, ...]
    well: np.ndarray
    fold: np.ndarray
    value: np.ndarray
    prediction: np.ndarray
    sd: np.ndarray


def predictions_of(
    samples: Samples, folds: Folds, prediction: Prediction
) -> HeldOutPredictions:
    """Predictions of the wells that were held out, without mirrored copies."""
    held = ~samples.mirrored & (folds.of >= 0)
    rows = slice(None) if held.all() else held  # all without a copy
    mean = prediction.mean[rows].astype(np.float32, copy=False)
    spread = np.broadcast_to(np.float32(np.nan), mean.shape)
    if prediction.spread is not None:
        spread = prediction.spread[rows].astype(np.float32, copy=False)
    fold = np.array(folds.names, object)[folds.of[rows]]
    values = samples.values[rows]
    return HeldOutPredictions(
        samples.genes, samples.well[rows], fold, values, mean, spread
    )


def write_held_out(path: Path, held_out: Mapping[str, HeldOutPredictions]) -> None:
    """Write the predictions of each protocol; equal ones give equal bytes.

    Raises:
        InputError: The file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    text, number = pa.dictionary(pa.int32(), pa.string()), pa.float32()
    kinds: dict[str, Any] = dict.fromkeys(TEXTS, text) | {"well": pa.int64()}
    kinds |= dict.fromkeys(NUMBERS, number)
    schema = pa.schema([(name, kinds[name]) for name in COLUMNS])
    with (
        whole_file(path) as temporary,
        pq.ParquetWriter(temporary, schema, compression="zstd") as writer,
    ):
        for protocol, wells in held_out.items():
            size = max(1, ROWS // max(1, len(wells.well)))
            for first in range(0, len(wells.genes), size):
                part = slice(first, first + size)
                columns = _columns(protocol, wells, part)
                arrays = [pa.array(columns[name], kinds[name]) for name in COLUMNS]
                writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def read_held_out(path: Path, protocol: str) -> HeldOutPredictions | None:
    """The predictions of a protocol; None where the file has none of it.

    Raises:
        InputError: The file is damaged, or no such file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        check_regular(path, MOST)
        with pq.ParquetFile(path) as file:
            groups = range(file.num_row_groups)
            tables = (file.read_row_group(n, list(COLUMNS)) for n in groups)
            parts = [
                part
                for table in tables
                if (part := _group(table, protocol)) is not None
            ]
        return _joined(parts) if parts else None
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise InputError(
            path, expected="held-out predictions", found=first_line(error), fix=FIX
        ) from error


def _columns(protocol: str, wells: HeldOutPredictions, part: slice) -> dict[str, Any]:
    """Columns of the rows of some genes."""
    genes, count = wells.genes[part], len(wells.well)
    folds, fold = np.unique(wells.fold.astype(str), return_inverse=True)
    columns: dict[str, Any] = {
        "protocol": _texts(np.zeros(count * len(genes), np.int32), [protocol]),
        "gene": _texts(np.repeat(np.arange(len(genes)), count), list(genes)),
        "well": np.tile(wells.well.astype(np.int64), len(genes)),
        "fold": _texts(np.tile(fold.reshape(-1), len(genes)), folds.tolist()),
    }
    return columns | {
        name: np.asarray(getattr(wells, name)[:, part], np.float32).T.reshape(-1)
        for name in NUMBERS
    }


def _texts(code: np.ndarray, names: list[str]) -> Any:
    """A column of texts, from numbers into a list of names."""
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(code.astype(np.int32), pa.array(names))


def _group(table: Any, protocol: str) -> HeldOutPredictions | None:
    """The rows of a protocol, some genes of it; None where there are none.

    Raises:
        ValueError: Genes differ in their wells.
    """
    import pyarrow.compute as pc

    rows = table.filter(pc.equal(table["protocol"].cast("string"), protocol))
    if not rows.num_rows:
        return None
    code, names = _codes(rows["gene"])
    changes = np.flatnonzero(code != code[0])
    count = int(changes[0]) if len(changes) else len(code)
    genes = code[::count]
    well = rows["well"].to_numpy()
    if len(code) % count or (code != np.repeat(genes, count)).any():
        raise ValueError("genes that differ in how many wells they have")
    if (well != np.tile(well[:count], len(genes))).any():
        raise ValueError("genes that have other wells than the first")
    tables = {
        name: rows[name].to_numpy().astype(np.float32).reshape(len(genes), count)
        for name in NUMBERS
    }
    fold, folds = _codes(rows["fold"].slice(0, count))
    symbols = tuple(names[gene] for gene in genes)
    return HeldOutPredictions(symbols, well[:count], folds[fold], **tables)


def _codes(column: Any) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of a column of texts, and what they stand for."""
    whole = column.cast("string").combine_chunks().dictionary_encode()
    names = np.array(whole.dictionary.to_pylist(), object)
    return whole.indices.to_numpy(zero_copy_only=False), names


def _joined(parts: list[HeldOutPredictions]) -> HeldOutPredictions:
    """All genes, from parts with a row a gene; a part's tables are let go of.

    Raises:
        ValueError: Genes differ in their wells.
    """
    first = parts[0]
    if any(not np.array_equal(part.well, first.well) for part in parts):
        raise ValueError("genes that have other wells than the first")
    genes = tuple(gene for part in parts for gene in part.genes)
    shape = len(genes), len(first.well)
    tables = {name: np.empty(shape, np.float32) for name in NUMBERS}
    row = 0
    while parts:
        part = parts.pop(0)
        for name, table in tables.items():
            table[row : row + len(part.genes)] = getattr(part, name)
        row += len(part.genes)
    turned = {name: table.T for name, table in tables.items()}
    return HeldOutPredictions(genes, first.well, first.fold, **turned)
