"""Every reader of users' files, with small whole files that it reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import mutations
import nibabel as nib
import numpy as np
import pandas as pd
from fake_export import Export
from given import head_mm, random_samples

from inr_jax.brain.atlas import read_image
from inr_jax.brain.atlas_tables import read_table
from inr_jax.brain.label_images import LabelImage
from inr_jax.brain.space import Grid
from inr_jax.brain.surface_labels import read_surface_labels
from inr_jax.brain.surface_values import read_surface_map
from inr_jax.brain.surfaces import Cortex, read_cortex
from inr_jax.brain.volumes import read_mask
from inr_jax.maps import crosswalk
from inr_jax.samples.ahba import coordinates, readers
from inr_jax.samples.ahba.wells_table import read_wells
from inr_jax.samples.gene_sets import read_gene_sets
from inr_jax.samples.gene_table import read_gene_table
from inr_jax.samples.region_values import read_region_values
from inr_jax.samples.sources import allen_export, table

GENES = tuple(f"G{k}" for k in range(9))
AFFINE = np.array([[2.0, 0, 0, -20], [0, 2, 0, -30], [0, 0, 2, -10], [0, 0, 0, 1]])


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


def surface_bytes():
    """A mesh as wide as a left cortex, and as a writer of surfaces names it."""
    box = np.array([[-68, -104, -48], [-2, -104, -48], [-68, 68, -48], [-2, 68, 78]])
    meta = {"AnatomicalStructurePrimary": "CortexLeft"}
    meta |= {"AnatomicalStructureSecondary": "MidThickness"}
    faces = np.int32([[0, 1, 2], [1, 2, 3]])
    arrays = [
        nib.gifti.GiftiDataArray(np.float32(box), "NIFTI_INTENT_POINTSET", meta=meta),
        nib.gifti.GiftiDataArray(faces, "NIFTI_INTENT_TRIANGLE"),
    ]
    return nib.gifti.GiftiImage(darrays=arrays).to_bytes()


def label_bytes():
    array = nib.gifti.GiftiDataArray(np.arange(9, dtype=np.int32), "NIFTI_INTENT_LABEL")
    return nib.gifti.GiftiImage(darrays=[array]).to_bytes()


def values_bytes():
    values = np.float32([1.5, 2.5, 4, -1, 0.5, 3, 2, 7, 8])
    array = nib.gifti.GiftiDataArray(values, "NIFTI_INTENT_SHAPE")
    return nib.gifti.GiftiImage(darrays=[array]).to_bytes()


def finite_values(path):
    x_mm = np.random.default_rng(0).uniform(-60, 0, (9, 3))
    side = Cortex("L", x_mm, x_mm - 2, np.zeros((1, 3), np.int64))
    known = read_surface_map([path], [side], "made", "auto")
    assert np.isfinite(known.values).all() and len(known.values) == len(known.x_mm)


def annot_bytes():
    """Nine vertices in three regions, as FreeSurfer writes them."""
    colours = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    value = colours @ [1, 256, 65536]
    pairs = np.stack([np.arange(9), value[np.arange(9) % 3]], axis=1)
    parts = [np.array([9]), pairs.ravel(), np.array([1, -2, 3, 2]), b"t\0", [3]]
    for row, colour in enumerate(colours):
        parts += [[row, 2], b"abc"[row : row + 1] + b"\0", [*colour, 0]]
    whole = (p if isinstance(p, bytes) else np.array(p, ">i4").tobytes() for p in parts)
    return b"".join(whole)


def whole_labels(labels):
    (vertices,) = labels.vertices.values()
    assert vertices.min() >= 0 and vertices.max() < len(labels.names)
    assert len(set(labels.labels)) == len(labels.names) == len(labels.sides)


def finite_surface(cortices):
    assert all(np.isfinite(cortex.white).all() for cortex in cortices)


def finite_codes(codes):
    assert np.isfinite(codes.vectors).all()


def npz_bytes(**arrays):
    import io

    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


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
    labels = LabelImage(
        np.zeros((2, 3, 4), np.int16),
        Grid((2, 3, 4), np.eye(4)),
        ("", "insula", "caudate", "pons"),
        ("",) * 4,
        ("", "L", "R", "B"),
        (0, 1, 2, 3),
    )
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
        "surface": Reader(
            ("brain.surfaces",),
            {"s.gii": surface_bytes()},
            lambda d: finite_surface(read_cortex([str(d / "s.gii")])),
            False,
        ),
        "labels of vertices": Reader(
            ("brain.surface_labels",),
            {"lh.label.gii": label_bytes()},
            lambda d: whole_labels(read_surface_labels({"L": d / "lh.label.gii"})),
            False,
        ),
        "values of vertices": Reader(
            ("brain.surface_values",),
            {"lh.func.gii": values_bytes()},
            lambda d: finite_values(d / "lh.func.gii"),
            False,
        ),
        "annot": Reader(
            ("brain.surface_labels",),
            {"lh.annot": annot_bytes()},
            lambda d: whole_labels(read_surface_labels({"L": d / "lh.annot"})),
            False,
        ),
        "gene sets": Reader(
            ("samples.gene_sets",),
            {"s.gmt": b"A\tx\tG1\tG2\tG3\nB\tx\tG3\tG4\tG5\n"},
            lambda d: read_gene_sets(d / "s.gmt", GENES, {}, least=2),
        ),
        "gene table": Reader(
            ("samples.gene_table",),
            {"c.csv": b"gene,a,b\nAPOE,1.5,2\nMAPT,3,4\nAPP,5,6.5\n"},
            lambda d: finite_codes(read_gene_table(d / "c.csv")),
        ),
        "gene table.npz": Reader(
            ("samples.gene_table",),
            {"c.npz": npz_bytes(genes=["APOE", "MAPT"], vectors=np.eye(2, 3))},
            lambda d: finite_codes(read_gene_table(d / "c.npz")),
            False,
        ),
        "region values": Reader(
            ("samples.region_values",),
            {"v.csv": b"id,hemisphere,tau\n1,L,.5\n2,R,1.5\n3,B,2.5\n"},
            lambda d: read_region_values(d / "v.csv", labels),
        ),
        "intensities": Reader(
            ("samples.ahba.readers", "samples.ahba.folders"),
            {"m.csv": matrix},
            lambda d: read_intensities(d / "m.csv"),
        ),
    }
