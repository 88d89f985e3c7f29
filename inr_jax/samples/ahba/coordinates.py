"""Where a well lies: abagen's corrected table, the atlas's own, or a user's CSV."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from inr_jax.errors import InputError, shortlist
from inr_jax.rows import read_csv
from inr_jax.samples.ahba import wells
from inr_jax.samples.ahba.options import AS_RELEASED, CORRECTED
from inr_jax.samples.source import sha256

if TYPE_CHECKING:
    import pandas as pd

AXES = ["mni_x", "mni_y", "mni_z"]


class Coordinates(NamedTuple):
    """A table of wells.

    Attributes:
        name: What the provenance calls it.
        of_well: Well id to x, y, z in MNI mm; None takes each SampleAnnot.csv's own.
        file: Path to SHA-256, of a user's table.
    """

    name: str
    of_well: dict[int, np.ndarray] | None
    file: dict[str, str]

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
                fix=f"take another: --config.ahba.coordinates={CORRECTED}, "
                f"{AS_RELEASED} or a CSV with well_id, x, y, z",
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


def read_coordinates(choice: str) -> Coordinates:
    """The table that a setting names.

    Args:
        choice: "corrected", "released" or the path of a CSV.

    Raises:
        InputError: No such file, or a row that is no well and three numbers.
    """
    if choice == CORRECTED:
        known = wells.wells()
        table = dict(zip(known.well.tolist(), known.x_mm, strict=True))
        return Coordinates(wells.COORDINATES, table, {})
    if choice == AS_RELEASED:
        name = "SampleAnnot.csv of the atlas (mni_x, mni_y, mni_z as released)"
        return Coordinates(name, None, {})
    path = Path(choice)
    if not path.is_file():
        raise InputError(
            "config.ahba.coordinates",
            expected=f"{CORRECTED}, {AS_RELEASED} or a CSV with well_id, x, y, z",
            found=f"{choice!r}, no such file",
            fix="check the path",
        )
    data = path.read_bytes()
    columns = ("well_id", "x", "y", "z")
    table = {}
    for line, row in enumerate(read_csv(path, columns, "add them", data=data), start=2):
        well, *place = (row[name] for name in columns)
        try:
            table[int(well)] = np.array([float(cell) for cell in place])
            if not np.isfinite(table[int(well)]).all():
                raise ValueError
        except ValueError:
            raise InputError(
                f"{path}, line {line}",
                expected="a well id and three numbers, MNI mm",
                found=",".join((well, *place)),
                fix="correct it",
            ) from None
    return Coordinates(f"user's table {path.name}", table, {path.name: sha256(data)})
