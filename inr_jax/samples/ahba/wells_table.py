"""The atlas's wells with their structures, places and the ontology: a folder of tables.

The folder holds either `wells.csv` (well_id, donor, structure_id, and x_released,
y_released, z_released and x, y, z, the coordinates of the ANTs registration) and
`ontology.csv`; or, up to two folders down, the donors' SampleAnnot.csv and an
Ontology.csv as they were downloaded, with or without the six H0351.*_SampleAnnot.csv
of the ANTs registration (`wells_download`), whose mni_nlin_x, _y, _z are its
coordinates.

Axis letters: N wells, D = 3. Frame: mm (MNI152 RAS).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from inr_jax.errors import InputError, shortlist
from inr_jax.files import cache_folder
from inr_jax.files.cell_text import number
from inr_jax.files.reading import SMALL, read_bytes, user_path
from inr_jax.files.rows import read_csv
from inr_jax.samples.ahba import wells
from inr_jax.samples.ahba.ontology import FIX, Ontology, read_ontology
from inr_jax.samples.ahba.wells_download import (
    ANTS_FILES,
    CACHE,
    ONTOLOGY,
    check_ants,
)
from inr_jax.samples.source import sha256

NONE = "none"  # source.wells for no table, whatever the cache holds
EXPECTED = (
    "wells.csv and ontology.csv, or the donors' SampleAnnot.csv and an Ontology.csv"
)
# What a row of each kind of table holds: coordinates and the columns that they are in.
AXES = {
    "table": {
        "released": ("x_released", "y_released", "z_released"),
        "ants": ("x", "y", "z"),
    },
    "annotation": {
        "released": ("mni_x", "mni_y", "mni_z"),
        "ants": ("mni_nlin_x", "mni_nlin_y", "mni_nlin_z"),
    },
}


class WellsTable(NamedTuple):
    """The wells of one folder.

    Attributes:
        folder: Where its files lie.
        donor: Well id to donor id.
        structure: Well id to the id of the structure that it was named by.
        places: "released" and "ants", as far as they are there, to well id to x, y, z
            in MNI mm.
        ontology: What lies in what.
        files: Path below the folder to the SHA-256 of the bytes.
    """

    folder: Path
    donor: dict[int, str]
    structure: dict[int, int]
    places: dict[str, dict[int, np.ndarray]]
    ontology: Ontology
    files: dict[str, str]

    def inside(self) -> dict[tuple[str, int], list[int]]:
        """Donor and structure to the wells of it or of what lies below it."""
        lists: dict[tuple[str, int], list[int]] = {}
        for well, structure in self.structure.items():
            for above in self.ontology[structure].path:
                lists.setdefault((self.donor[well], above), []).append(well)
        return lists


def default_folder() -> Path:
    """Where `inr-jax fetch --wells` puts the files."""
    return cache_folder() / CACHE


def find_wells(folder: str | Path) -> WellsTable | None:
    """The table of wells that a setting names, if one is at hand.

    Args:
        folder: "" looks into the cache; "none" for no table.

    Raises:
        InputError: As `read_wells`; an empty cache is no error.
    """
    if str(folder) == NONE:
        return None
    if str(folder):
        return read_wells(folder)
    # The ontology comes last there: without it the rest is on its way.
    whole = (default_folder() / ONTOLOGY).is_file()
    return read_wells(default_folder()) if whole else None


def read_wells(folder: str | Path) -> WellsTable:
    """Read the wells of a folder.

    Raises:
        InputError: A file is missing or damaged, the coordinates are of another
            checksum, a well is there twice or of no known donor, or the ontology
            does not reach a well's structure.
    """
    folder = user_path(folder, "config.source.wells")
    paths = _csvs(folder)
    tables = [path for path in paths if path.name.lower() == "wells.csv"][:1]
    kind = "table" if tables else "annotation"
    tables = tables or [path for path in paths if _is_annotation(path.name)]
    ontologies = [path for path in paths if path.name.lower() == "ontology.csv"][:1]
    if not tables or not ontologies:
        inside = sorted({path.name for path in paths})
        found = f"a folder with {shortlist(inside) or 'no CSV'}"
        raise InputError(
            folder,
            expected=EXPECTED,
            found=found if folder.is_dir() else "no such folder",
            fix="run inr-jax fetch --wells, or name another with --config.source.wells",
        )
    data = {
        path: read_bytes(path, "a CSV", most=SMALL) for path in [*tables, *ontologies]
    }
    files = {str(path.relative_to(folder)): sha256(data[path]) for path in data}
    ontology = read_ontology(ontologies[0], data[ontologies[0]])
    rows = [row for path in tables for row in _rows(path, data[path], kind)]
    table = _joined(folder, rows, kind, ontology)
    return table._replace(files=files)


def _csvs(folder: Path) -> list[Path]:
    """CSVs in a folder and up to two below, those on top first."""
    patterns = ("*.csv", "*/*.csv", "*/*/*.csv")
    return [path for pattern in patterns for path in sorted(folder.glob(pattern))]


def _is_annotation(name: str) -> bool:
    return name == "SampleAnnot.csv" or name in ANTS_FILES


def _rows(path: Path, data: bytes, kind: str) -> list[dict[str, str]]:
    """The rows of a table of wells, each with the file and line that it stands in."""
    table = kind == "table"
    needed = ("well_id", *(("donor", "structure_id") if table else ()))
    if path.name in ANTS_FILES:
        needed = ("well_id", *AXES[kind]["ants"])
        check_ants(path, data)
    rows = read_csv(path, needed, "take the file as it was downloaded", data=data)
    return [row | {"where": f"{path}, line {n}"} for n, row in enumerate(rows, 2)]


def _joined(
    folder: Path, rows: list[dict], kind: str, ontology: Ontology
) -> WellsTable:
    """The wells of all rows; a well may have its columns in two files."""
    known = wells.wells()
    donor_of = dict(zip(known.well.tolist(), known.donor.tolist(), strict=True))
    table = WellsTable(folder, {}, {}, {"released": {}, "ants": {}}, ontology, {})
    for row in rows:
        well = _whole(row, "well_id")
        donor = row.get("donor") or donor_of.get(well)
        if donor is None:
            expected = "a well of the atlas's six donors"
            raise InputError(row["where"], expected=expected, found=f"{well}", fix=FIX)
        table.donor[well] = str(donor)
        if row.get("structure_id"):
            table.structure[well] = _whole(row, "structure_id")
        for name, columns in AXES[kind].items():
            if all(row.get(column) for column in columns):
                table.places[name][well] = _place(row, columns)
    _check_structures(folder, table)
    return table._replace(places={k: v for k, v in table.places.items() if v})


def _check_structures(folder: Path, table: WellsTable) -> None:
    unnamed = [well for well in table.donor if well not in table.structure]
    if unnamed:
        raise InputError(
            folder,
            expected="the structure_id of every well",
            found=f"{len(unnamed)} wells without ({shortlist(unnamed)})",
            fix="add the SampleAnnot.csv of their donors, from the donors' downloads",
        )
    lost = sorted({*table.structure.values()}.difference(table.ontology))
    if lost:
        raise InputError(
            folder,
            expected="an ontology that has the structure of every well",
            found=f"{len(lost)} structures that it lacks ({shortlist(lost)})",
            fix=FIX,
        )


def _whole(row: dict[str, str], column: str) -> int:
    if not (row[column].isascii() and row[column].isdigit()):
        found = f"{row[column]!r} in {column}"
        raise InputError(
            row["where"], expected="a whole number", found=found, fix="correct it"
        )
    return int(row[column])


def _place(row: dict[str, str], columns: tuple[str, ...]) -> np.ndarray:
    try:
        place = [number(row[column]) for column in columns]
        if not all(map(math.isfinite, place)):
            raise ValueError
    except ValueError:
        cells = ",".join(row[column] for column in columns)
        where, expected = row["where"], f"three numbers, MNI mm, in {columns}"
        raise InputError(
            where, expected=expected, found=cells, fix="correct it"
        ) from None
    return np.array(place)
