"""The folder or zip that the Allen Human Brain Atlas web search gives.

Files:
    Expression.csv: no header; a row a probe: its id, then a value a column.
    Columns.csv: a row a column: donor, structure, well (-1: no sample).
    Probes.csv: a row a probe: id, gene symbol.
    Contents.txt: prose; holds the resolution and the normalisation of the values.

Where values belong is told in `export_places`.
Axis letters: P probes, N wells (columns with a sample), G genes, D = 3.
"""

from __future__ import annotations

import logging
import math
import re
from pathlib import Path

import numpy as np

from inr_jax.errors import InputError, unknown_name
from inr_jax.files.cell_text import number
from inr_jax.files.rows import csv_rows
from inr_jax.samples.ahba.coordinates import choose_coordinates
from inr_jax.samples.ahba.options import AUTO
from inr_jax.samples.ahba.wells_table import find_wells
from inr_jax.samples.checks import pick_genes
from inr_jax.samples.samples import Samples, make_samples
from inr_jax.samples.source import Source, counts
from inr_jax.samples.sources.allen_columns import (
    ExportColumns,
    read_columns,
    read_probes,
    with_donors,
)
from inr_jax.samples.sources.archive import AGAIN, Member, digests, holds, read_members
from inr_jax.samples.sources.export_places import place
from inr_jax.samples.sources.other_studies import CONTENTS, check_study

log = logging.getLogger("inr_jax")

FILES = ("Expression.csv", "Columns.csv", "Probes.csv")
PROBES = ("mean", "first")
SUPPORTS = ("wells", "named")
# What a value is at each resolution of the web search.
MEANING = {
    "Sample": "a value is one well's",
    "Structure": "a value is the mean over the wells of one structure in one donor",
    "Coarse": "a value is the mean over the wells of a whole region in one donor",
}
AVERAGES = ("Structure", "Coarse")


def fits(path: Path) -> bool:
    """Whether a folder or zip holds a file that only an export has."""
    return holds(path, FILES[:2])


def load(
    path: str | Path,
    *,
    genes: tuple[str, ...] = (),
    probes: str = "mean",
    wells: str | Path = "",
    coordinates: str = AUTO,
    support: str = "wells",
) -> Source:
    """Read an export.

    Args:
        path: The folder or zip; the files may lie one folder below.
        genes: Symbols to keep; none keeps all. Only their values are looked at.
        probes: "mean" averages the probes of a gene, "first" keeps the first.
        wells: A folder with a table of the atlas's wells (`ahba.wells_table`); ""
            looks into the cache, "none" goes without.
        coordinates: Where wells lie, see `ahba.coordinates.choose_coordinates`.
        support: "wells" takes a value as the mean over all its wells where the table
            says which; "named" as that of the well that is named.

    Returns:
        A `Source`; genes in alphabetical order, values in the export's own units.

    Raises:
        InputError: A file is missing or damaged, the files contradict each other
            or abagen's table, a value is no number, a gene is not there; or as
            `find_wells`, `choose_coordinates` and `place`.
    """
    if probes not in PROBES:
        raise unknown_name("config.source.probes", probes, PROBES)
    if support not in SUPPORTS:
        raise unknown_name("config.source.support", support, SUPPORTS)
    check_study(path)
    members = read_members(path, FILES, optional=(CONTENTS,))
    contents = _contents(members.get(CONTENTS), path)
    table = find_wells(wells)
    columns_csv = members["Columns.csv"]
    columns = read_columns(columns_csv, table.ontology if table else None)
    columns = with_donors(columns, columns_csv.where)
    chosen = choose_coordinates(coordinates, table)
    places = place(
        columns,
        chosen,
        table,
        averages=support == "wells" and contents["resolution"] in AVERAGES,
        where=columns_csv.where,
    )
    kept, values, facts = _read_genes(members, columns, probes, genes)
    samples = make_samples(
        x_mm=places.x_mm,
        values=values,
        genes=kept,
        where=path,
        well=columns.well,
        donor=columns.donor,
        structure=columns.structure,
        parent=columns.parent,
        support=places.support,
    )
    contents["warnings"] += places.notices
    for warning in contents["warnings"]:
        log.warning("%s", warning)
    files = digests(members) | chosen.file | (table.files if table else {})
    notes = {**contents, **facts, **_support_facts(samples), **counts(samples)}
    return Source(samples, files, chosen.name, notes)


def _support_facts(samples: Samples) -> dict:
    """How many wells the values are the mean of."""
    size = samples.points().size
    return {"n_wells_averaged": int(size.sum()), "most_wells_a_value": int(size.max())}


def _contents(member: Member | None, path: str | Path) -> dict:
    """What Contents.txt says, as notes, and what to warn of."""
    text = member.data.decode("utf-8", "replace") if member else ""
    said = re.search(r"'([^']*)'\s+resolution", text)
    resolution = said.group(1) if said else "unknown"
    # The finest is written SAMPLES, the others as in MEANING.
    known = {"SAMPLES": "Sample"} | {name.upper(): name for name in MEANING}
    resolution = known.get(resolution.upper(), resolution)
    normalisation = re.search(r"using\s+(\S+)\s+normalization", text)
    warnings = []
    if resolution == "Coarse":
        warnings.append(
            f"{path}: Coarse resolution: a column is the average of a whole region; "
            "an export at Structure resolution is finer"
        )
    elif resolution not in MEANING:
        why = f"resolution {resolution!r} is not known" if member else f"no {CONTENTS}"
        warnings.append(
            f"{path}: {why}: a column may be one well, or the average of a structure "
            "or region; each is placed at the one well it names"
        )
    return {
        "resolution": resolution,
        "normalisation": normalisation.group(1) if normalisation else "unknown",
        "value_is": MEANING.get(resolution, "unknown: one well's or an average"),
        "warnings": warnings,
    }


def _read_genes(
    members: dict[str, Member],
    columns: ExportColumns,
    probes: str,
    genes: tuple[str, ...],
) -> tuple[list[str], np.ndarray, dict]:
    """Symbols, expression `(N, G)`, and counts for the notes."""
    expression, _, probes_csv = (members[name] for name in FILES)
    ids, symbols = read_probes(probes_csv)
    kept = pick_genes(sorted({*symbols} - {""}), genes, probes_csv.where)
    most = 1 if probes == "first" else None
    probes_of = _probes_of(kept, ids, symbols, most)
    cells = _cells(expression, ids, columns.total)
    facts = {
        "probes": probes,
        "n_probes": len(ids),
        "n_probes_without_gene": symbols.count(""),
        "n_columns": columns.total,
        "n_columns_without_sample": columns.total - len(columns.well),
    }
    return kept, _values(cells, probes_of, columns, expression.where), facts


def _probes_of(
    genes: list[str], ids: list[str], symbols: list[str], most: int | None
) -> dict[str, list[str]]:
    """Each gene's probes, the first `most`, in the order of Probes.csv."""
    probes_of: dict[str, list[str]] = {gene: [] for gene in genes}
    for probe, symbol in zip(ids, symbols, strict=True):
        if symbol in probes_of:
            probes_of[symbol].append(probe)
    return {gene: probes[:most] for gene, probes in probes_of.items()}


def _cells(member: Member, ids: list[str], n_columns: int) -> dict[str, list[str]]:
    """Expression.csv as text: probe id to its cells, one a column."""

    def fail(expected: str, found: object) -> None:
        raise InputError(member.where, expected=expected, found=f"{found}", fix=AGAIN)

    rows = list(csv_rows(member.data, member.where))
    width = len(rows[0]) - 1
    if width != n_columns:
        fail(f"{n_columns} columns after the probe id, as Columns.csv has rows", width)
    if len(rows) != len(ids):
        fail(f"{len(ids)} rows, as Probes.csv has probes", len(rows))
    for row, (cells, probe) in enumerate(zip(rows, ids, strict=True), start=1):
        if cells[0].strip() != probe:
            fail(f"probe {probe} in row {row}, as in Probes.csv", repr(cells[0]))
    return {probe: cells[1:] for probe, cells in zip(ids, rows, strict=True)}


def _values(
    cells: dict[str, list[str]],
    probes_of: dict[str, list[str]],
    columns: ExportColumns,
    where: str,
) -> np.ndarray:
    """Expression `(N, G)`, the mean over a gene's probes in each well."""
    values = np.empty((len(columns.well), len(probes_of)))
    for g, probes in enumerate(probes_of.values()):
        rows = [_numbers(cells[probe], probe, columns, where) for probe in probes]
        values[:, g] = np.mean(rows, axis=0)
    return values


def _numbers(
    cells: list[str], probe: str, columns: ExportColumns, where: str
) -> list[float]:
    """A probe's values in the N columns that have a sample."""
    numbers = []
    for column, well in zip(columns.number.tolist(), columns.well, strict=True):
        value = number(cells[column])
        if not math.isfinite(value):
            raise InputError(
                where,
                expected="a number in every column that has a sample",
                found=f"{cells[column]!r} for probe {probe} in column {column + 1} "
                f"after the probe id (well {well})",
                fix=f"{AGAIN}, or leave the gene out with --config.source.genes",
            )
        numbers.append(value)
    return numbers
