"""The preprocessed atlas on disk: one Parquet file for each set of data and settings.

Named by a hash of the files' contents, the coordinate table and the options that
samples depend on; written whole or not at all, so that two processes that fill it at
once both end right. A file's contents are hashed again only when its size or time of
change is another. It lies in `files.cache_folder`.
Axis letters: N samples, G genes.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from inr_jax.brain import shipped
from inr_jax.errors import InputError, first_line
from inr_jax.files import cache_folder, make_folder, write_bytes, write_json
from inr_jax.files.reading import sha256_of
from inr_jax.files.stored import bound, contents, parsed, unbound
from inr_jax.samples.ahba.coordinates import Coordinates, atlas_coordinates
from inr_jax.samples.ahba.folders import FILES, Files, locate
from inr_jax.samples.ahba.options import AbagenOptions, checked
from inr_jax.samples.ahba.preprocess import Prepared, preprocess

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger("inr_jax")
VERSION = 3  # of what is written; another is rebuilt
META = b"inr_jax"
ROWS = 16  # genes that are read at once
SHAPE = {"samples": dict, "genes": [str], "counts": dict, "fates_sha256": str}


class Atlas(NamedTuple):
    """The preprocessed atlas, its values still on disk.

    Attributes:
        path: The Parquet file.
        files: The donors' files.
        sums: Name of each input file to the SHA-256 of its bytes.
        coordinates: The table of coordinates.
        options: What it was made with.
        samples: See `preprocess.Prepared`.
        genes: G symbols, in alphabetical order.
        counts: What each filter left.
        fates_sha256: Of the file of fates.
    """

    path: Path
    files: Files
    sums: dict[str, str]
    coordinates: Coordinates
    options: AbagenOptions
    samples: pd.DataFrame
    genes: list[str]
    counts: dict
    fates_sha256: str

    def values(self, genes: list[str]) -> np.ndarray:
        """Expression `(N, len(genes))` float32, normalised over all genes.

        Raises:
            InputError: The cache has been damaged.
        """
        import pyarrow.parquet as pq

        row = {gene: row for row, gene in enumerate(self.genes)}
        rows = np.array([row[gene] for gene in genes])
        values = np.empty((len(genes), len(self.samples)), np.float32)
        try:
            with pq.ParquetFile(self.path, page_checksum_verification=True) as file:
                for group in sorted({*(rows // ROWS).tolist()}):
                    read = file.read_row_group(group, columns=["values"])["values"]
                    flat = read.combine_chunks().flatten().to_numpy()
                    here = rows // ROWS == group
                    block = flat.reshape(-1, len(self.samples))
                    values[here] = block[rows[here] - group * ROWS]
        except (OSError, ValueError, LookupError) as error:  # pyarrow's are among these
            raise _damaged(self.path, error) from error
        return values.T

    def fates(self) -> pd.DataFrame:
        """The fate of each probe, see `probes`.

        Raises:
            InputError: The cache has been damaged.
        """
        import pandas as pd

        path = _fates_path(self.path)
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != self.fates_sha256:
            raise _damaged(path, ValueError("contents that differ from their SHA-256"))
        return pd.read_parquet(io.BytesIO(data))


def open_atlas(
    data_dir: str | Path, options: AbagenOptions, wells: str | Path = ""
) -> Atlas:
    """The atlas as the options want it, from the cache or made anew.

    Args:
        data_dir: Where the donors' files are, see `folders.locate`.
        options: abagen's.
        wells: The table of wells for their coordinates, see `wells_table.find_wells`.

    Raises:
        InputError: As `folders.locate`, `options.checked`, `atlas_coordinates` and
            `preprocess`.
    """
    files = locate(data_dir, checked(options).donors)
    coordinates = atlas_coordinates(options.coordinates, wells)
    options = options._replace(coordinates=coordinates.choice)
    folder = cache_dir()
    sums = checksums(files, folder / "checksums.json") | coordinates.file
    path = folder / f"ahba-{_key(sums, options)}.parquet"
    stored = _read(path)
    if stored is None:
        log.info("ahba: preprocessed by abagen's functions, and kept in %s", folder)
        _write(path, preprocess(files, options, coordinates))
        stored = _read(path)
        if stored is None:
            raise OSError(f"{path}: written and gone")
    return Atlas(path, files, sums, coordinates, options, *stored)


def cache_dir() -> Path:
    """The folder of caches, made if need be.

    Raises:
        InputError: It cannot be made.
    """
    fix = "name another folder in the environment, INR_JAX_CACHE"
    return make_folder(cache_folder(), expected="a folder for the cache", fix=fix)


def checksums(files: Files, memory: Path) -> dict[str, str]:
    """Paths, as "donor9861/Probes.csv", to the SHA-256 of the bytes.

    Args:
        files: The donors' files.
        memory: A JSON file with the sums of files seen before.
    """
    paths = [
        Path(path).resolve() for kinds in files.values() for path in kinds.values()
    ]
    try:
        known = unbound(contents(memory), {str: list})
    except (OSError, ValueError):
        known = {}
    now = {str(path): [path.stat().st_size, path.stat().st_mtime_ns] for path in paths}
    new = [path for path in now if known.get(path, [])[:2] != now[path]]
    with ThreadPoolExecutor(2) as pool:  # hashing releases the interpreter
        for path, digest in zip(new, pool.map(sha256_of, map(Path, new)), strict=True):
            known[path] = [*now[path], digest]
    if new:
        write_json(memory, bound(known))
    return {
        f"donor{donor}/{FILES[kind]}": known[str(Path(path).resolve())][2]
        for donor, kinds in files.items()
        for kind, path in kinds.items()
    }


def _key(sums: dict[str, str], options: AbagenOptions) -> str:
    made_with = options.of_samples() | {"abagen": shipped.VERSION}
    text = json.dumps([sorted(sums.items()), made_with], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _fates_path(path: Path) -> Path:
    return path.with_suffix(".probes.parquet")


def _write(path: Path, made: Prepared) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    fates = made.fates.to_parquet(index=False)
    meta = {
        "fates_sha256": hashlib.sha256(fates).hexdigest(),
        "samples": made.samples.to_dict("list"),
        "genes": made.genes,
        "counts": made.counts,
    }
    values = pa.FixedSizeListArray.from_arrays(made.values.ravel(), len(made.samples))
    table = pa.table({"gene": made.genes, "values": values})
    head = {"version": VERSION, **bound(meta)}
    table = table.replace_schema_metadata({META: json.dumps(head)})
    buffer = pa.BufferOutputStream()
    pq.write_table(
        table,
        buffer,
        row_group_size=ROWS,
        compression="none",
        use_dictionary=False,
        write_page_checksum=True,
    )
    # The file that is looked for comes last: once it is there, so is the other.
    write_bytes(_fates_path(path), fates)
    write_bytes(path, buffer.getvalue())


def _read(path: Path) -> tuple | None:
    """Samples, genes, counts and the sum of fates; None where nothing is of use."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.exists() or not _fates_path(path).exists():
        return None
    try:
        text = pq.read_schema(path).metadata[META]
        version = parsed(text, {"version": int})["version"]
        meta = unbound(text, SHAPE) if version == VERSION else {}
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError):
        log.warning("%s: damaged, so it is made anew", path)
        return None
    if version != VERSION:
        what = "%s: written by version %s of the cache, this is %s, so it is made anew"
        log.warning(what, path, version, VERSION)
        return None
    told = (meta[name] for name in ("genes", "counts", "fates_sha256"))
    return pd.DataFrame(meta["samples"]), *told


def _damaged(path: Path, error: Exception) -> InputError:
    expected, fix = "the preprocessed atlas", "delete it and run again"
    return InputError(path, expected=expected, found=first_line(error), fix=fix)
