"""A small web export of the Allen Human Brain Atlas, to write whole or damaged."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from inr_jax.samples.ahba import wells

CONTENTS = """\
This archive contains expression data for rows 1 through 4 of a 'search' search
at a '{}' resolution level, arranged by donors,structures.

The file Expression.csv contains values, calculated using zscore normalization.
"""
COLUMNS = "donor_id,donor_name,sample_well,sample_mri_0,structure_id,structure_name"
PROBES = "id,name,gene-id,gene-symbol,gene-name"
# Two structures of one name, as the lobules of the cerebellum have.
STRUCTURES = [(4012, "precentral gyrus"), (4701, "III"), (12933, "III"), (7, "")]


class Export:
    """A small export: 4 probes of 3 genes (B twice) and one without, 5 columns."""

    def __init__(self, rng: np.random.Generator) -> None:
        known = wells.wells()
        rows = [0, 600, 1500, 3701]
        self.well, self.x_mm = known.well[rows], known.x_mm[rows]
        self.donor = known.donor[rows].tolist()
        self.symbols = ["B", "A", "B", "C", ""]
        self.ids = ["1017635", "1011892", "1017636", "1000001", "1000002"]
        self.values = np.round(rng.normal(size=(5, 4)), 4)
        self.contents: str | None = CONTENTS.format("Structure")
        self.columns = [COLUMNS] + [
            f'{donor},"H0351",{well},74,{key},"{name}"'
            for donor, well, (key, name) in zip(
                self.donor, self.well, STRUCTURES, strict=True
            )
        ]
        self.columns.insert(2, '9861,"H0351",-1,-1,4012,"precentral gyrus"')
        self.probes = [PROBES] + [
            f'{key},"CUST_1",3,"{symbol}","a, with a comma"'
            for key, symbol in zip(self.ids, self.symbols, strict=True)
        ]
        self.expression = [
            ",".join([key, f"{row[0]:.4f}", "", *(f"{v:.4f}" for v in row[1:])])
            for key, row in zip(self.ids, self.values, strict=True)
        ]

    def files(self) -> dict[str, str]:
        """Name to text of each file."""
        files = {
            "Expression.csv": "\n".join(self.expression) + "\n",
            "Columns.csv": "\n".join(self.columns),
            "Probes.csv": "\n".join(self.probes),
        }
        if self.contents is not None:
            files["Contents.txt"] = self.contents
        return files

    def folder(self, path: Path) -> Path:
        """Write the files into a folder."""
        path.mkdir(parents=True)
        for name, text in self.files().items():
            (path / name).write_text(text, encoding="utf-8")
        return path

    def zip(self, path: Path, inside: str = "") -> Path:
        """Write the files into a zip, below `inside`."""
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in self.files().items():
                archive.writestr(inside + name, text)
        return path
