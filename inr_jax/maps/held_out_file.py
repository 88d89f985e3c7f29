"""Held-out predictions of every well as a file: held_out.parquet.

One row a protocol, gene and well: `protocol`, `gene`, `well`, `fold` (the donor, or
the block, that was held out with the well), `value`, `prediction` (by a fit that never
saw the fold) and `sd` (of a new measurement, calibrated on the other donors; the
ensemble's spread alone where blocks of space were held out). Values are in the units
of the source; genes follow each other, each with its wells in the samples' order.

Axis letters: N wells, G genes.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from inr_jax.errors import InputError, first_line
from inr_jax.files import write_bytes
from inr_jax.files.stored import contents
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
    rows = ~samples.mirrored & (folds.of >= 0)
    mean = prediction.mean[rows].astype(np.float32)
    spread = np.full_like(mean, np.nan)
    if prediction.spread is not None:
        spread = prediction.spread[rows].astype(np.float32)
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
    data = io.BytesIO()
    with pq.ParquetWriter(data, schema, compression="zstd") as writer:
        for protocol, wells in held_out.items():
            size = max(1, ROWS // max(1, len(wells.well)))
            for first in range(0, len(wells.genes), size):
                part = slice(first, first + size)
                columns = _columns(protocol, wells, part)
                arrays = [pa.array(columns[name], kinds[name]) for name in COLUMNS]
                writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
    write_bytes(path, data.getvalue())


def read_held_out(path: Path, protocol: str) -> HeldOutPredictions | None:
    """The predictions of a protocol; None where the file has none of it.

    Raises:
        InputError: The file is damaged, or no such file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        data = pa.BufferReader(contents(path, MOST))
        rows = pq.read_table(data, filters=[("protocol", "==", protocol)])
        return _predictions(rows.to_pandas()) if rows.num_rows else None
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise InputError(
            path, expected="held-out predictions", found=first_line(error), fix=FIX
        ) from error


def _columns(
    protocol: str, wells: HeldOutPredictions, part: slice
) -> dict[str, np.ndarray]:
    """Columns of the rows of some genes."""
    genes, count = wells.genes[part], len(wells.well)
    columns = {
        "protocol": np.full(count * len(genes), protocol, object),
        "gene": np.repeat(np.array(genes, object), count),
        "well": np.tile(wells.well.astype(np.int64), len(genes)),
        "fold": np.tile(wells.fold.astype(object), len(genes)),
    }
    return columns | {
        name: np.asarray(getattr(wells, name)[:, part], np.float32).T.reshape(-1)
        for name in NUMBERS
    }


def _predictions(rows: Any) -> HeldOutPredictions:
    """From a frame; raises ValueError where genes differ in their wells."""
    genes = tuple(dict.fromkeys(rows["gene"].astype(str)))
    count = len(rows) // len(genes)
    well = rows["well"].to_numpy()
    if (
        count * len(genes) != len(rows)
        or (well != np.tile(well[:count], len(genes))).any()
    ):
        raise ValueError("genes that have other wells than the first")
    tables = {
        name: rows[name].to_numpy(np.float32).reshape(len(genes), count).T
        for name in NUMBERS
    }
    fold = rows["fold"].astype(str).to_numpy()[:count]
    return HeldOutPredictions(genes, well[:count], fold, **tables)
