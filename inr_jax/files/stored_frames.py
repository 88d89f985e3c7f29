"""Tables of numbers that a run or a cache wrote and reads again, under a digest.

Parquet as any reader takes it; the SHA-256 of names and numbers stands in its metadata,
so that no bit of them can change unseen.
"""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inr_jax.errors import first_line
from inr_jax.files.stored import contents

if TYPE_CHECKING:
    import pandas as pd

KEY = b"inr_jax.sha256"
MOST = 2**34  # bytes


def frame_bytes(frame: pd.DataFrame) -> bytes:
    """A frame of numbers as Parquet with its digest."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame)
    meta = {**(table.schema.metadata or {}), KEY: _digest(frame).encode()}
    data = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(meta), data)
    return data.getvalue()


def read_frame(path: Path) -> pd.DataFrame:
    """What `frame_bytes` made.

    Raises:
        OSError: It is missing or cannot be read.
        ValueError: It is damaged, or has no digest.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    data = contents(path, MOST)
    try:
        table = pq.read_table(pa.BufferReader(data))
        digest = (table.schema.metadata or {}).get(KEY, b"").decode()
        frame = table.to_pandas()
        whole = digest == _digest(frame)
    except Exception as error:  # a damaged file fails in many ways
        raise ValueError(f"a damaged table ({first_line(error)})") from error
    if not whole:
        raise ValueError("contents that differ from their SHA-256")
    return frame


def _digest(frame: pd.DataFrame) -> str:
    names = [frame.columns.tolist(), frame.index.tolist(), list(frame.index.names)]
    names.append(frame.columns.name)
    sums = hashlib.sha256(json.dumps(names, default=str).encode())
    sums.update(np.ascontiguousarray(frame.to_numpy(np.float64)).tobytes())
    return sums.hexdigest()
