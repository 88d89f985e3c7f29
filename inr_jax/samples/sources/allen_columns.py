"""What an Allen export says of its columns and probes (see `allen_export`).

A well's coordinates are looked up by its id (`export_places`), never taken from the
file (`sample_mri` there is in the donor's own MRI, not in MNI space).
Axis letters: N wells (columns with a sample), P probes, D = 3.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from inr_jax.errors import InputError, shortlist
from inr_jax.files.cell_text import is_missing
from inr_jax.files.rows import read_csv
from inr_jax.samples.ahba import wells
from inr_jax.samples.ahba.ontology import (
    Ontology,
    name_without_side,
    without_side,
)
from inr_jax.samples.checks import repeated
from inr_jax.samples.sources.archive import AGAIN, Member

REQUIRED = ("donor_id", "sample_well", "structure_id", "structure_name")
PARENT = "top_level_structure_name"  # in every real export; a cut one does without
NO_SAMPLE = "-1"


class ExportColumns(NamedTuple):
    """The columns of Expression.csv that hold a sample.

    Attributes:
        number: `(N,)` position among all columns, from 0.
        well: `(N,)` well ids.
        donor: N donor ids as text, "" where not given.
        structure: N structure names without a side; None where not given.
        structure_id: N ids in the ontology, as text.
        parent: N names of top-level structures, likewise.
        total: Number of columns, with and without a sample.
    """

    number: np.ndarray
    well: np.ndarray
    donor: list[str]
    structure: list[str | None]
    structure_id: list[str]
    parent: list[str | None]
    total: int


def read_columns(member: Member, ontology: Ontology | None = None) -> ExportColumns:
    """Read Columns.csv.

    Args:
        member: The file.
        ontology: What lies in what, where it is at hand.

    Raises:
        InputError: A column is missing, or a well id is no whole number.
    """
    table = _table(member, REQUIRED)
    well = [row["sample_well"] for row in table]
    for row, text in enumerate(well, start=1):
        if not re.fullmatch(rf"[0-9]{{1,9}}|{NO_SAMPLE}", text):
            expected = f"a well id in sample_well, or {NO_SAMPLE} for no sample"
            found = f"{text!r} in row {row} below the header"
            raise InputError(member.where, expected=expected, found=found, fix=AGAIN)
    number = [row for row, text in enumerate(well) if text != NO_SAMPLE]
    label = _structure_labels(table, ontology or {})
    samples = [table[row] for row in number]
    return ExportColumns(
        number=np.array(number, np.int64),
        well=np.array([int(row["sample_well"]) for row in samples], np.int64),
        donor=[row["donor_id"] for row in samples],
        structure=[label[row["structure_id"]] for row in samples],
        structure_id=[row["structure_id"] for row in samples],
        parent=[row.get(PARENT) for row in samples],
        total=len(table),
    )


def _table(member: Member, columns: tuple[str, ...]) -> list[dict[str, str]]:
    return read_csv(member.where, columns, AGAIN, data=member.data, foreign="latin-1")


def _structure_labels(
    table: list[dict[str, str]], ontology: Ontology
) -> dict[str, str | None]:
    """Id to a label that two structures never share; None without a name.

    A structure of one side is the structure above the sides, as at the resolution
    "Structure"; where no ontology has it, its name without the side.
    The id is the structure: lobules of the cerebellar vermis and hemispheres have
    the same names.
    """
    key_of: dict[str, str] = {}
    name_of: dict[str, str] = {}
    for row in table:
        text, name = row["structure_id"], row["structure_name"]
        key, plain = text, name_without_side(name)
        if text.isdigit() and int(text) in ontology:
            above = without_side(ontology, int(text))
            key = str(above)
            plain = name if key == text else ontology[above].name
        elif plain != name:
            key = plain
        key_of[text] = key
        name_of.setdefault(key, plain)
    shared = set(repeated(name_of.values())) - {""}
    label = {
        key: (f"{name} [{key}]" if name in shared else name) or None
        for key, name in name_of.items()
    }
    return {text: label[key] for text, key in key_of.items()}


def with_donors(columns: ExportColumns, where: str) -> ExportColumns:
    """The columns, once each well is seen to be its donor's, by abagen's table.

    Raises:
        InputError: A well is not in the table, or is there another donor's.
    """
    known = wells.wells()
    donor_of = dict(zip(known.well.tolist(), known.donor.tolist(), strict=True))
    strange = [well for well in columns.well.tolist() if well not in donor_of]
    if strange:
        raise InputError(
            where,
            expected=f"well ids among the {len(donor_of)} of {wells.COORDINATES}",
            found=f"{len(strange)} unknown ({shortlist(strange)})",
            fix="is this a human microarray export? take those columns out",
        )
    donor = [donor_of[well] for well in columns.well.tolist()]
    for well, given, true in zip(columns.well, columns.donor, donor, strict=True):
        if given != true and not is_missing(given):
            raise InputError(
                where,
                expected=f"donor_id {true} for well {well} ({wells.COORDINATES})",
                found=given,
                fix=f"the rows seem to be shifted; {AGAIN}",
            )
    return columns._replace(donor=donor)


def read_probes(member: Member) -> tuple[list[str], list[str]]:
    """Read Probes.csv.

    Returns:
        Probe ids and gene symbols, P each; "" where a probe has no gene.

    Raises:
        InputError: A column is missing, or a probe is listed twice.
    """
    table = _table(member, ("id", "gene-symbol"))
    ids = [row["id"] for row in table]
    twice = repeated(ids)
    if twice:
        raise InputError(
            member.where,
            expected="each probe once",
            found=f"{len(twice)} more than once ({shortlist(twice)})",
            fix="keep one row of each, here and in Expression.csv",
        )
    symbols = [row["gene-symbol"] for row in table]
    return ids, ["" if is_missing(name) else name for name in symbols]
