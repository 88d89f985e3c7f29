"""Maps of a store as a zarr group, version 3, written by TensorStore.

Axis letters: V voxels, G genes.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inr_jax.errors import InputError
from inr_jax.files import json_text, make_folder, write_json
from inr_jax.maps.lookup import Store

OF_SYSTEM = re.compile(r"os_error_code='(\d+)'")  # in TensorStore's messages
CHUNK = (16, 16384)  # genes and voxels of a chunk
SHARD = 128  # genes of a shard, a file: all voxels of them
MEAN = {"Description": "Expression, mean of the ensemble"}


def export_zarr(
    store: Store,
    folder: Path,
    columns: list[int],
    *,
    on_genes: Callable[..., None] = lambda done: None,
) -> None:
    """Write maps of some genes as a zarr group (version 3), shard after shard.

    Arrays `expression` and `std` `(G, V)` float32, `ijk` `(V, 3)` of the voxels; what
    sidecars say, the affine and the names of genes are attributes. A shard is whole or
    absent, and one that is there already is left as it is where the group is of the
    same maps and genes.
    """
    genes = [store.genes[column] for column in columns]
    attributes = {
        "genes": genes,
        "made_from": store.told.made_from,
        "affine": store.canvas.grid.affine,
        "shape": store.canvas.mask.shape,
        "held_out_r": [store.told.r[column] for column in columns],
        "held_out_r2": [store.told.r2[column] for column in columns],
        **store.told.sidecar,
    }
    make_folder(folder, fix="check that the workdir is yours")
    _begin_group(folder, attributes)
    ijk = np.argwhere(store.canvas.mask).astype(np.int32)
    shape = len(columns), len(ijk)
    kinds = {"expression": MEAN}
    if store.told.std_sidecar is not None:
        kinds["std"] = store.told.std_sidecar
    arrays = {
        name: _sharded(folder / name, shape, told) for name, told in kinds.items()
    }
    _plain(folder / "ijk", ijk)
    for first in range(0, len(columns), SHARD):
        name = f"c/{first // SHARD}/0"
        if not all((folder / kind / name).exists() for kind in kinds):
            part = columns[first : first + SHARD]
            mean, std = store.maps.genes(part, std=len(kinds) > 1)
            rows = slice(first, first + len(part))
            with _on_disk(folder):
                arrays["expression"][rows].write(mean.T).result()
                if std is not None:
                    arrays["std"][rows].write(std.T).result()
        on_genes(min(first + SHARD, len(columns)))


def _begin_group(folder: Path, attributes: dict[str, Any]) -> None:
    """Write the group's metadata; shards of other maps or genes are dropped before.

    In this order: the metadata of a group never stand over shards of another.
    """
    meta = {"zarr_format": 3, "node_type": "group", "attributes": attributes}
    path = folder / "zarr.json"
    if path.is_file() and path.read_bytes() == json_text(meta).encode():
        return
    for name in ("expression", "std", "ijk"):
        if (folder / name).exists():
            shutil.rmtree(folder / name)
    write_json(path, meta)


@contextlib.contextmanager
def _on_disk(path: Path) -> Iterator[None]:
    """Tell of a disk in one line; TensorStore does so in the text of a ValueError.

    Raises:
        InputError: The disk is full or the folder cannot be written.
    """
    try:
        yield
    except ValueError as error:
        code = OF_SYSTEM.search(str(error))
        if code is None:
            raise
        expected, found = "a folder with room for maps", os.strerror(int(code[1]))
        fix = "free some space, or check that it is yours, and run again"
        raise InputError(path, expected=expected, found=found, fix=fix) from error


def _sharded(path: Path, shape: tuple[int, int], attributes: dict) -> Any:
    """An array (G, V) of float32 in shards."""
    voxels = -(-shape[1] // CHUNK[1]) * CHUNK[1]
    inner = [
        {"name": "bytes", "configuration": {"endian": "little"}},
        {"name": "zstd", "configuration": {"level": 1}},
    ]
    index = [inner[0], {"name": "crc32c"}]
    shards = {"chunk_shape": CHUNK, "codecs": inner, "index_codecs": index}
    codecs = [{"name": "sharding_indexed", "configuration": shards}]
    return _array(
        path,
        shape,
        "float32",
        chunk=(SHARD, voxels),
        codecs=codecs,
        attributes=attributes,
    )


def _plain(path: Path, values: np.ndarray) -> None:
    """An array in one chunk."""
    codecs = [{"name": "bytes", "configuration": {"endian": "little"}}]
    shape, kind = values.shape, values.dtype.name
    array = _array(path, shape, kind, chunk=shape, codecs=codecs, attributes={})
    with _on_disk(path):
        array.write(values).result()


def _array(
    path: Path,
    shape: Sequence[int],
    kind: str,
    *,
    chunk: Sequence[int],
    codecs: list[dict],
    attributes: dict,
) -> Any:
    """An array, opened, or made where there is none."""
    import tensorstore

    metadata = {
        "shape": shape,
        "data_type": kind,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunk}},
        "codecs": codecs,
        "attributes": attributes,
    }
    spec = {"driver": "zarr3", "kvstore": {"driver": "file", "path": str(path)}}
    try:
        with _on_disk(path):
            return tensorstore.open(
                spec | {"metadata": metadata}, create=True, open=True
            ).result()
    except InputError:
        raise
    except ValueError as error:
        found, fix = "an array of another shape or kind", "delete it"
        raise InputError(path, expected="ours", found=found, fix=fix) from error
