"""Where the values of a web export belong: at the wells that each is the mean of.

At the resolutions Structure and Coarse a value is the mean over all wells of its donor
whose structure is the column's or lies below it in the ontology; Columns.csv names one
of them. At SAMPLES a value is one well's.

Axis letters: N columns with a sample, P wells that they average, D = 3.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from inr_jax.brain.template import tissue_at
from inr_jax.errors import InputError, shortlist
from inr_jax.samples.ahba import wells
from inr_jax.samples.ahba.coordinates import KNOWN, Coordinates
from inr_jax.samples.ahba.wells_table import WellsTable
from inr_jax.samples.checks import check_coordinates
from inr_jax.samples.sources.allen_columns import ExportColumns
from inr_jax.samples.support import Support

FETCH = "inr-jax fetch --wells gets one"


class ExportPlaces(NamedTuple):
    """Where the N values of an export are.

    Attributes:
        x_mm: `(N, 3)` MNI mm, of the wells that are named.
        support: The wells that values are the mean of; None for the named ones alone.
        notices: Sentences on what could not be placed as it should.
    """

    x_mm: np.ndarray
    support: Support | None
    notices: list[str]


def place(
    columns: ExportColumns,
    coordinates: Coordinates,
    table: WellsTable | None,
    *,
    averages: bool,
    where: object,
) -> ExportPlaces:
    """Place the values of an export.

    Args:
        columns: Its columns; their wells are those of the atlas.
        coordinates: Where wells lie.
        table: The wells of each structure, where they are at hand.
        averages: Whether a value is the mean over a structure's wells.
        where: Columns.csv, for messages.

    Raises:
        InputError: The coordinates are those of no well in the export, or the table
            has none of its donors.
    """
    named, notices = columns.well.tolist(), []
    if averages and table is None:
        notices.append(
            "no table of the atlas's wells is at hand, so each value is placed at the "
            "one well that it names, not at all those it is the mean of, and scores "
            f"are lower; {FETCH}"
        )
    lists = [[well] for well in named]
    if averages and table is not None:
        lists, notices = averaged_wells(columns, table, where)
    of_well, lacking = _looked_up(named, lists, coordinates)
    notices += lacking
    x_mm = np.array([of_well[well] for well in named])
    points = [well for inside in lists for well in inside]
    support_mm = np.array([of_well[well] for well in points])
    check_coordinates(support_mm, np.array(points), where)
    size = np.array([len(inside) for inside in lists], np.int32)
    support = Support(support_mm.astype(np.float32), tissue_at(support_mm), size)
    alone = size.max(initial=0) <= 1 and points == named
    return ExportPlaces(x_mm, None if alone else support, notices)


def averaged_wells(
    columns: ExportColumns, table: WellsTable, where: object
) -> tuple[list[list[int]], list[str]]:
    """The wells that each of N values is the mean of, and notices.

    Raises:
        InputError: The table has none of the export's donors.
    """
    wells_of, donors = table.inside(), {*table.donor.values()}
    if columns.well.size and not donors & {*columns.donor}:
        raise InputError(
            where,
            expected=f"donors of the table of wells, {shortlist(sorted(donors))}",
            found=shortlist(dict.fromkeys(columns.donor)),
            fix="name another table with --config.source.wells=DIR, or none",
        )
    lists: list[list[int]] = []
    left: dict[str, list[str]] = {}
    for well, donor, text in zip(
        columns.well.tolist(), columns.donor, columns.structure_id, strict=True
    ):
        structure = int(text) if text.isdigit() else -1
        averaged = wells_of.get((donor, structure), [])
        lists.append(averaged or [well])
        if donor not in donors:
            left.setdefault("of donors that the table of wells lacks", []).append(donor)
        elif structure not in table.ontology:
            left.setdefault("of structures that the ontology lacks", []).append(text)
        elif not averaged:
            what = "of structures without a well of their donor in the table"
            left.setdefault(what, []).append(f"{donor}: {text}")
    return lists, [
        f"{len(names)} of {len(lists)} values stay at the well that they name, {why} "
        f"({shortlist(dict.fromkeys(names))})"
        for why, names in left.items()
    ]


def _looked_up(
    named: list[int], lists: list[list[int]], coordinates: Coordinates
) -> tuple[dict[int, np.ndarray], list[str]]:
    """Well to x, y, z; those that the coordinates lack lie where abagen has them."""
    of_well = coordinates.of_well or {}
    if named and not any(well in of_well for well in named):
        raise InputError(
            coordinates.name,
            expected="places of the wells in the export",
            found=f"none of {len(named)} ({shortlist(named)})",
            fix=f"take another, --config.source.coordinates={KNOWN}",
        )
    wanted = dict.fromkeys([*named, *(well for inside in lists for well in inside)])
    lacking = [well for well in wanted if well not in of_well]
    if not lacking:
        return {well: of_well[well] for well in wanted}, []
    known = wells.wells()
    of_well = dict(zip(known.well.tolist(), known.x_mm, strict=True)) | of_well
    notice = (
        f"{len(lacking)} wells are not in {coordinates.name} and lie where abagen has "
        f"them ({shortlist(lacking)})"
    )
    return {well: of_well[well] for well in wanted}, [notice]
