"""Every reader under seeded damage: one line that says what is wrong, or right data.

100 cases in the suite, 1,000 in the slow step; a reader without a case fails a test.
"""

from __future__ import annotations

import re
import time
import tracemalloc
import warnings
from pathlib import Path

import mutations
import numpy as np
import pytest
from reader_cases import Reader, make_readers

from inr_jax.errors import InputError

ROOT = Path(__file__).resolve().parents[2] / "inr_jax"
SECONDS, MIB = 20, 1 << 20
OPENS = re.compile(
    r"read_bytes|read_csv|csv_rows|stored_bytes|nib\.load|ZipFile|\bopen\(|read_text"
    r"|np\.load|ParquetFile|read_parquet"
)
# Modules that open no file of a user's: shipped files, downloads, our own caches and
# stores (tests/maps/test_store.py and test_export.py damage those).
OUR_OWN = {
    "maps.store_reading", "maps.export", "maps.zarr_group", "maps.held_out_file",
    "samples.phantom_names",
    "brain.template", "samples.phantom", "samples.ahba.wells", "samples.ahba.cache",
    "samples.ahba.region_tables", "samples.ahba.download",
    "samples.ahba.wells_download",
}  # fmt: skip


READERS = make_readers()


def damage(seed: int, folder: Path) -> Reader:
    """Write the files of a reader, one of them damaged; by the seed alone."""
    rng = np.random.default_rng([7, seed])
    reader = READERS[list(READERS)[seed % len(READERS)]]
    victim = list(reader.files)[rng.integers(len(reader.files))]
    kinds = mutations.TEXT if reader.text else mutations.BYTES
    for name, data in reader.files.items():
        if name == victim:
            for _ in range(int(rng.integers(1, 3))):
                data = kinds[rng.integers(len(kinds))](rng, data)
        (folder / name).write_bytes(data)
    return reader


def check_case(seed: int, folder: Path) -> None:
    """A case ends in time, in one line of InputError or a result without a warning."""
    reader = damage(seed, folder)
    start = time.process_time()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            reader.read(folder)
    except InputError as error:
        assert "\n" not in str(error) and len(str(error)) < 2000
    assert time.process_time() - start < SECONDS


@pytest.mark.parametrize("name", READERS)
def test_whole_files_are_read(name, tmp_path):
    for file, data in READERS[name].files.items():
        (tmp_path / file).write_bytes(data)
    READERS[name].read(tmp_path)


@pytest.mark.parametrize("block", range(10))
def test_damaged_files_are_told_in_one_line_or_read_right(block, tmp_path):
    for seed in range(10 * block, 10 * block + 10):
        folder = tmp_path / str(seed)
        folder.mkdir()
        check_case(seed, folder)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(10))
def test_a_thousand_damaged_files_are_told_or_read_right(block, tmp_path):
    tracemalloc.start()
    for seed in range(1000 + 100 * block, 1100 + 100 * block):
        folder = tmp_path / str(seed)
        folder.mkdir()
        check_case(seed, folder)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 300 * MIB


def test_every_reader_is_in_the_list():
    covered = set().union(*(reader.modules for reader in READERS.values()))
    for room in ("brain", "samples", "maps"):
        for path in sorted((ROOT / room).rglob("*.py")):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            if OPENS.search(path.read_text()) and module not in OUR_OWN:
                assert module in covered, f"add {module} to make_readers"
