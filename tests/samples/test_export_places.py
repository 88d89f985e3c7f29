"""A web export's values are placed at the wells that they are the mean of."""

from __future__ import annotations

import csv
import io
from functools import partial

import numpy as np
import pytest
from fake_export import COLUMNS, CONTENTS, Export
from fake_wells import FakeWells
from given import input_error

from inr_jax.brain.template import tissue_at
from inr_jax.samples.ahba import wells
from inr_jax.samples.sources import allen_export

refused = partial(input_error, allen_export.load)


@pytest.fixture
def fake(tmp_path) -> FakeWells:
    return FakeWells()


def write(rng, fake, folder, columns, resolution="Structure"):
    """An export with a column for each (donor, well, structure, name)."""
    export = Export(rng)
    export.contents = CONTENTS.format(resolution)
    export.columns = [COLUMNS] + [
        f'{donor},"H0351",{well},74,{structure},"{name}"'
        for donor, well, structure, name in columns
    ]
    values = rng.normal(size=(5, len(columns)))
    export.expression = [
        ",".join([key, *map(str, row)])
        for key, row in zip(export.ids, values, strict=True)
    ]
    return export.folder(folder)


@pytest.fixture
def structures(rng, fake, tmp_path):
    """Gyrus and pole of two donors; each named well is the last of its structure."""
    first, sixth = fake.donor[0], fake.donor[5]
    columns = [
        (first, fake.well[2], 4053, "gyrus"),
        (first, fake.well[3], 4060, "pole"),
        (sixth, fake.well[7], 4053, "gyrus"),
        (sixth, fake.well[8], 4060, "pole"),
    ]
    return write(rng, fake, tmp_path / "export", columns)


@pytest.mark.parametrize("choice", ["auto", "abagen", "released"])
def test_a_structures_value_is_at_all_wells_in_it_or_below(
    fake, structures, tmp_path, choice
):
    table = fake.table(tmp_path / "wells")
    source = allen_export.load(structures, wells=table, coordinates=choice)
    truth = getattr(fake, "ants" if choice == "auto" else choice)
    support = source.samples.support
    assert support.size.tolist() == [3, 1, 3, 1]
    np.testing.assert_allclose(support.x_mm, truth[[0, 1, 2, 3, 5, 6, 7, 8]], rtol=1e-6)
    np.testing.assert_allclose(source.samples.x_mm, truth[[2, 3, 7, 8]], rtol=1e-6)
    np.testing.assert_allclose(support.tissue, tissue_at(support.x_mm), atol=1e-5)
    assert source.notes["warnings"] == []
    assert source.notes["n_wells_averaged"] == 8
    assert source.notes["most_wells_a_value"] == 3
    assert {"wells.csv", "ontology.csv", "Expression.csv"} <= set(source.files)


def test_without_a_table_or_when_asked_a_value_is_at_its_named_well(
    fake, structures, tmp_path
):
    table = fake.table(tmp_path / "wells")
    bare = allen_export.load(structures, wells="none")
    assert bare.samples.support is None
    assert "one well that it names" in bare.notes["warnings"][0]
    named = allen_export.load(structures, wells=table, support="named")
    assert named.samples.support is None and named.notes["warnings"] == []
    np.testing.assert_allclose(named.samples.x_mm, fake.ants[[2, 3, 7, 8]], rtol=1e-6)
    assert "did you mean 'named'?" in str(refused(structures, support="nam"))


@pytest.mark.parametrize("with_ontology", [True, False])
def test_at_samples_a_value_is_one_well_and_sides_are_joined(
    rng, fake, tmp_path, with_ontology
):
    names = ("gyrus, left", "gyrus, right", "gyrus, left, medial aspect", "pole", "wm")
    rows = zip(fake.donor, fake.well, fake.structure, names * 2, strict=True)
    path = write(rng, fake, tmp_path / "export", list(rows), "SAMPLES")
    table = fake.table(tmp_path / "wells") if with_ontology else "none"
    source = allen_export.load(path, wells=table)
    samples = source.samples
    assert samples.support is None and source.notes["warnings"] == []
    assert source.notes["resolution"] == "Sample"
    part = "gyrus" if with_ontology else "gyrus, medial aspect"
    known = ["gyrus", "gyrus", part, "pole", "wm"]
    assert [samples.structures[row] for row in samples.structure] == known * 2


def test_what_the_table_does_not_know_stays_at_its_well_and_is_counted(
    rng, fake, tmp_path
):
    known = wells.wells()
    last = known.donor[-1]
    columns = [
        (fake.donor[0], fake.well[0], 4053, "gyrus"),
        (fake.donor[0], fake.well[1], 1234, "new"),
        (fake.donor[0], fake.well[2], 7777, "nowhere"),
        (last, known.well[-1], 4053, "gyrus"),
    ]
    path = write(rng, fake, tmp_path / "export", columns)
    source = allen_export.load(path, wells=fake.table(tmp_path / "wells"))
    assert source.samples.support.size.tolist() == [3, 1, 1, 1]
    np.testing.assert_allclose(source.samples.x_mm[3], known.x_mm[-1], rtol=1e-6)
    said = source.notes["warnings"]
    assert len(said) == 4 and all("\n" not in line for line in said)
    assert "1 of 4 values stay at the well that they name, of structures" in said[0]
    assert "the ontology lacks (1234)" in said[0]
    assert (
        f"without a well of their donor in the table ({fake.donor[0]}: 7777)"
        in (said[1])
    )
    assert f"of donors that the table of wells lacks ({last})" in said[2]
    assert f"lie where abagen has them ({known.well[-1]})" in said[3]


def test_a_table_of_other_donors_is_refused(rng, fake, tmp_path):
    known = wells.wells()
    rows = [(known.donor[-k], known.well[-k], 4053, "gyrus") for k in (1, 2)]
    path = write(rng, fake, tmp_path / "export", rows)
    error = refused(path, wells=fake.table(tmp_path / "wells"))
    assert "expected donors of the table of wells" in str(error)
    assert error.found == known.donor[-1]


def test_coordinates_of_no_well_in_the_export_are_refused(fake, structures, tmp_path):
    table = tmp_path / "mine.csv"
    table.write_text("well_id,x,y,z\n1,2,3,4\n")
    error = refused(structures, wells="none", coordinates=str(table))
    assert "found none of 4" in str(error) and "mine.csv" in str(error)
    table.write_text(f"well_id,x,y,z\n{fake.well[3]},20,30,40\n")
    source = allen_export.load(structures, wells="none", coordinates=str(table))
    assert source.samples.x_mm[1].tolist() == [20, 30, 40]
    assert "3 wells are not in user's table mine.csv" in source.notes["warnings"][1]
    assert "mine.csv" in source.files


def test_the_real_exports_values_are_at_the_wells_of_their_structures(cyp, real_wells):
    samples = allen_export.load(cyp, wells=real_wells).samples
    rows = list(csv.DictReader(io.StringIO((real_wells / "wells.csv").read_text())))
    text = (real_wells / "ontology.csv").read_text("utf-8")
    path = {r["id"]: r["structure_id_path"] for r in csv.DictReader(io.StringIO(text))}
    columns = csv.DictReader(io.StringIO((cyp / "Columns.csv").read_text("utf-8")))
    columns = [row for row in columns if row["sample_well"] != "-1"]
    points = samples.points()
    for n in (0, 17, 400, 840):
        column = columns[n]
        inside = [
            [float(row[axis]) for axis in "xyz"]
            for row in rows
            if row["donor"] == column["donor_id"]
            and f"/{column['structure_id']}/" in path[row["structure_id"]]
        ]
        np.testing.assert_allclose(points.x_mm[points.of == n], inside, rtol=1e-6)
    assert int(points.size.sum()) == 3703 and points.size.max() == 43


def test_single_wells_have_the_names_of_the_structure_export(cyp, real_wells):
    path = cyp.parent / "allen-export-gabra4-samples"
    if not path.is_dir():
        pytest.skip(
            "real export of single wells not here (allen-export-gabra4-samples)"
        )
    single = allen_export.load(path, wells=real_wells)
    assert len(single.samples.well) == 3702 and single.notes["warnings"] == []
    averaged = allen_export.load(cyp, wells=real_wells).samples
    assert single.samples.structures == averaged.structures
    assert single.samples.parents == averaged.parents
