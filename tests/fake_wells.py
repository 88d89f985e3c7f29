"""A small table of the atlas's wells with an ontology, to write whole or damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from inr_jax.samples.ahba import wells

# id, name, side, path below the brain: a gyrus with sides and a part, white matter.
STRUCTURES = (
    (4005, "brain", "", ""),
    (4009, "frontal lobe", "", ""),
    (4053, "gyrus", "", "4009/"),
    (4054, "gyrus, left", "L", "4009/4053/"),
    (4055, "gyrus, right", "R", "4009/4053/"),
    (4890, "gyrus, left, medial aspect", "L", "4009/4053/4054/"),
    (4060, "pole", "", "4009/"),
    (9218, "white matter", "", ""),
    (7777, "nowhere", "", ""),
)
ONTOLOGY = "id,acronym,name,parent_structure_id,hemisphere,structure_id_path"
HEADER = "well_id,donor,structure_id,x_released,y_released,z_released,x,y,z"
PARTS = (4054, 4055, 4890, 4060, 9218)


def ontology() -> str:
    """Ontology.csv."""
    rows = [ONTOLOGY]
    for number, name, side, below in STRUCTURES:
        path = f"/4005/{below}{number}/" if number != 4005 else "/4005/"
        rows.append(f'{number},A{number},"{name}",4005,{side},{path}')
    return "\n".join(rows) + "\n"


class FakeWells:
    """Ten real wells of two donors, a structure each, with two made coordinates.

    Attributes:
        well, donor, structure: Lists.
        released: abagen's coordinates, a millimetre higher.
        ants: abagen's coordinates, two millimetres higher.
    """

    def __init__(self) -> None:
        known = wells.wells()
        rows = [*range(5), *range(529, 534)]
        self.well = known.well[rows].tolist()
        self.donor = known.donor[rows].tolist()
        self.structure = [*PARTS, *PARTS]
        self.abagen = known.x_mm[rows]
        self.released = self.abagen + np.array([0, 0, 1])
        self.ants = self.abagen + np.array([0, 0, 2])
        self.ontology = ontology()

    def table(self, folder: Path) -> Path:
        """Write wells.csv and ontology.csv."""
        folder.mkdir(parents=True, exist_ok=True)
        rows = [HEADER]
        for row in zip(self.well, self.donor, self.structure, strict=True):
            n = len(rows) - 1
            numbers = (*row, *self.released[n], *self.ants[n])
            rows.append(",".join(map(str, numbers)))
        (folder / "wells.csv").write_text("\n".join(rows) + "\n")
        (folder / "ontology.csv").write_text(self.ontology)
        return folder

    def downloads(self, folder: Path, donors: tuple[str, ...] = ()) -> Path:
        """Write a SampleAnnot.csv and an Ontology.csv a donor, as downloaded."""
        for donor in donors or tuple(dict.fromkeys(self.donor)):
            home = folder / f"normalized_microarray_donor{donor}"
            home.mkdir(parents=True)
            (home / "Ontology.csv").write_text(self.ontology)
            (home / "SampleAnnot.csv").write_text(self.annotation(donor))
        return folder

    def annotation(self, donor: str, nonlinear: bool = False) -> str:
        """A donor's SampleAnnot.csv, with or without the ANTs coordinates."""
        rows = ["structure_id,well_id,mni_x,mni_y,mni_z"]
        rows[0] += ",mni_nlin_x,mni_nlin_y,mni_nlin_z" * nonlinear
        for n, well in enumerate(self.well):
            if self.donor[n] == donor:
                numbers = [self.structure[n], well, *self.released[n]]
                numbers += [*self.ants[n]] if nonlinear else []
                rows.append(",".join(map(str, numbers)))
        return "\n".join(rows) + "\n"
