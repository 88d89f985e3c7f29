"""Every reader under seeded damage: one line that says what is wrong, or right data.

100 cases in the suite, 1,000 in the slow step; a reader without a case fails a test.
"""

from __future__ import annotations

import re
import time
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import mutations
import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from fake_export import Export
from given import head_mm, random_samples

from inr_jax.brain.atlas import read_image
from inr_jax.brain.atlas_tables import read_table
from inr_jax.brain.volumes import read_mask
from inr_jax.errors import InputError
from inr_jax.maps import crosswalk
from inr_jax.samples.ahba import coordinates, readers
from inr_jax.samples.ahba.wells_table import read_wells
from inr_jax.samples.sources import allen_export, table

ROOT = Path(__file__).resolve().parents[2] / "inr_jax"
SECONDS, MIB = 20, 1 << 20
AFFINE = np.array([[2.0, 0, 0, -20], [0, 2, 0, -30], [0, 0, 2, -10], [0, 0, 0, 1]])
OPENS = re.compile(
    r"read_bytes|read_csv|csv_rows|stored_bytes|nib\.load|ZipFile|\bopen\(|read_text"
    r"|np\.load|ParquetFile|read_parquet"
)
# Modules that open no file of a user's: shipped files, downloads, our own caches.
OUR_OWN = {
    "brain.template", "samples.phantom", "samples.ahba.wells", "samples.ahba.cache",
    "samples.ahba.region_tables", "samples.ahba.download",
    "samples.ahba.wells_download",
}  # fmt: skip


class Reader(NamedTuple):
    """One reader and the files that it is given.

    Attributes:
        modules: Those of `inr_jax` that open files on its way.
        files: Name to whole bytes; one of them is damaged.
        read: A folder to what is read.
        text: Whether the files are tables of text.
    """

    modules: tuple[str, ...]
    files: dict[str, bytes]
    read: Callable[[Path], Any]
    text: bool = True


def finite(samples):
    """What all samples obey, however they came."""
    assert np.isfinite(samples.values).all() and np.isfinite(samples.x_mm).all()
    assert abs(samples.x_mm).max() < 160 and len(samples.genes) > 0
    assert not any("\ufffd" in name or "\u200b" in name for name in samples.genes)
    assert {"", "n/a"}.isdisjoint(samples.structures + samples.donors)


def image_bytes():
    made = nib.Nifti1Image(np.ones((12, 14, 10), np.uint8), AFFINE)
    made.set_sform(AFFINE, code=4)
    return made.to_bytes()


def whole_number(volume):
    values, grid = volume
    assert values.any() and values.min() >= 0 and values.size < 80_000_000
    assert np.isfinite(grid.affine).all()


def read_intensities(path):
    how = {"probes": pd.Index([7, 8]), "samples": 2, "dtype": np.float64}
    assert abs(readers.read_matrix(str(path), **how).to_numpy()).max() <= 100


def make_readers() -> dict[str, Reader]:
    """Every reader by name, with small whole files."""
    import io

    rng = np.random.default_rng(5)
    frame = pd.DataFrame(head_mm(rng, 8).round(2), columns=list("xyz"))
    frame = frame.assign(donor=list("aabbccdd"), structure=list("stststst"))
    frame["APOE"], frame["MAPT"] = rng.normal(size=(2, 8)).round(3)
    csv = frame.to_csv(index=False).encode()
    parquet = io.BytesIO()
    frame.to_parquet(parquet, index=False)
    export = {name: text.encode() for name, text in Export(rng).files().items()}
    image = image_bytes()
    samples = random_samples(
        rng, 8, structure=list("stststst"), parent=list("pqpqpqpq")
    )
    learned = np.full((3, 4), 0.25, np.float32)
    weights = (
        b"region,kind,name,weight\nA,parent,p,1\nA,structure,s,.5\nB,parent,q,.5\n"
    )
    wells = b"well_id,donor,structure_id,x_released,y_released,z_released,x,y,z\n"
    wells += b"594,9861,2,1,2,3,1,2,3\n2985,9861,2,1,2,3,4,5,6\n"
    ontology = b"id,acronym,name,parent_structure_id,hemisphere,structure_id_path\n"
    ontology += b"1,Br,brain,,B,/1/\n2,Cx,cortex,1,L,/1/2/\n"
    matrix = b"7,1.5,2.5\n8,3.5,4.5\n"
    of_table = ("samples.sources.frame", "samples.sources.table")
    of_export = ("samples.sources.archive", "samples.sources.allen_export")
    of_export += ("samples.sources.allen_columns",)
    return {
        "table": Reader(
            of_table, {"t.csv": csv}, lambda d: finite(table.load(d / "t.csv").samples)
        ),
        "table.gz": Reader(
            of_table,
            {"t.csv.gz": mutations.zip_again(rng, csv)},
            lambda d: finite(table.load(d / "t.csv.gz").samples),
            False,
        ),
        "parquet": Reader(
            of_table,
            {"t.parquet": parquet.getvalue()},
            lambda d: finite(table.load(d / "t.parquet").samples),
            False,
        ),
        "export": Reader(
            of_export,
            export,
            lambda d: finite(allen_export.load(d, wells="none").samples),
        ),
        "mask": Reader(
            ("brain.volumes",),
            {"m.nii": image},
            lambda d: whole_number(read_mask(d / "m.nii")),
            False,
        ),
        "mask.gz": Reader(
            ("brain.volumes",),
            {"m.nii.gz": mutations.zip_again(rng, image)},
            lambda d: whole_number(read_mask(d / "m.nii.gz")),
            False,
        ),
        "labels": Reader(
            ("brain.volumes",),
            {"m.nii": image},
            lambda d: whole_number(read_image(d / "m.nii")),
            False,
        ),
        "atlas table": Reader(
            ("brain.atlas_tables",),
            {
                "t.csv": b"id,label,hemisphere,structure\n1,a,L,cortex\n"
                b"2,b,R,cortex\n3,c,B,n/a\n"
            },
            lambda d: read_table(d / "t.csv"),
        ),
        "crosswalk": Reader(
            ("maps.crosswalk",),
            {"t.csv": weights},
            lambda d: crosswalk.override(d / "t.csv", learned, ("", "A", "B"), samples),
        ),
        "coordinates": Reader(
            ("samples.ahba.coordinates",),
            {"t.csv": b"well_id,x,y,z\n594,1,2,3\n2985,4,5,6\n"},
            lambda d: coordinates.choose_coordinates(str(d / "t.csv"), None),
        ),
        "wells": Reader(
            ("samples.ahba.wells_table", "samples.ahba.ontology"),
            {"wells.csv": wells, "ontology.csv": ontology},
            read_wells,
        ),
        "intensities": Reader(
            ("samples.ahba.readers", "samples.ahba.folders"),
            {"m.csv": matrix},
            lambda d: read_intensities(d / "m.csv"),
        ),
    }


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
