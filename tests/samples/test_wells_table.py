"""The table of the atlas's wells: two forms of one folder, coordinates by name."""

from __future__ import annotations

import hashlib
import logging

import numpy as np
import pytest
from fake_wells import FakeWells
from given import input_error

from inr_jax.errors import InputError
from inr_jax.samples.ahba import wells_download, wells_table
from inr_jax.samples.ahba.coordinates import choose_coordinates
from inr_jax.samples.ahba.ontology import name_without_side, without_side


@pytest.fixture
def fake() -> FakeWells:
    return FakeWells()


@pytest.fixture
def checksums(fake, monkeypatch):
    """Those of the made files instead of the real ones."""
    for name, donor in wells_download.ANTS_FILES.items():
        data = fake.annotation(donor, nonlinear=True).encode()
        digest = hashlib.sha256(data).hexdigest()
        monkeypatch.setitem(wells_download.ANTS_SHA256, donor, digest)
        assert name.startswith("H0351.")


def write_ants(fake, folder):
    for name, donor in wells_download.ANTS_FILES.items():
        (folder / name).write_text(fake.annotation(donor, nonlinear=True))
    return folder


def test_both_forms_of_the_folder_are_one_table(fake, checksums, tmp_path):
    plain = wells_table.read_wells(fake.table(tmp_path / "plain"))
    folder = write_ants(fake, fake.downloads(tmp_path / "downloads"))
    loaded = wells_table.read_wells(folder)
    assert plain.donor == loaded.donor == dict(zip(fake.well, fake.donor, strict=True))
    assert plain.structure == loaded.structure and plain.ontology == loaded.ontology
    for places in (plain.places, loaded.places):
        for name, truth in (("released", fake.released), ("ants", fake.ants)):
            at = np.array([places[name][well] for well in fake.well])
            np.testing.assert_allclose(at, truth)
    assert set(plain.files) == {"wells.csv", "ontology.csv"}
    assert len(loaded.files) == 6 + 2 + 1


def test_the_wells_inside_a_structure_are_those_of_it_and_below(fake, tmp_path):
    table = wells_table.read_wells(fake.table(tmp_path))
    inside = table.inside()
    donor, first = fake.donor[0], fake.well[:5]
    assert inside[donor, 4053] == first[:3] and inside[donor, 4009] == first[:4]
    assert inside[donor, 4054] == [first[0], first[2]] and inside[donor, 4005] == first
    assert (donor, 7777) not in inside


def test_a_structure_of_a_side_lies_in_one_of_none(fake, tmp_path):
    ontology = wells_table.read_wells(fake.table(tmp_path)).ontology
    sides = {number: without_side(ontology, number) for number in ontology}
    assert sides[4890] == sides[4054] == sides[4055] == 4053
    assert sides[4060] == 4060 and sides[4005] == 4005
    assert name_without_side("gyrus, left, medial aspect") == "gyrus, medial aspect"
    assert name_without_side("nucleus,right") == "nucleus"
    assert name_without_side("left out") == "left out"


@pytest.mark.parametrize("choice", ["abagen", "corrected", "released", "ants"])
def test_each_set_of_coordinates_has_its_own_places(fake, tmp_path, choice):
    table = wells_table.read_wells(fake.table(tmp_path))
    chosen = choose_coordinates(choice, table)
    truth = getattr(fake, "abagen" if choice == "corrected" else choice)
    np.testing.assert_allclose(chosen.of_well[fake.well[3]], truth[3])
    assert "MNI152" in chosen.name
    assert ("wells.csv" in chosen.file) == (choice in ("released", "ants"))


def test_auto_is_the_best_at_hand_and_says_so(fake, tmp_path, caplog):
    table = wells_table.read_wells(fake.table(tmp_path / "table"))
    bare = wells_table.read_wells(fake.downloads(tmp_path / "downloads"))
    with caplog.at_level(logging.INFO, "inr_jax"):
        names = [choose_coordinates("auto", t).name for t in (table, bare, None)]
    assert [name.split()[0].strip(",") for name in names] == [
        "ANTs",
        "abagen",
        "abagen",
    ]
    assert [r.getMessage() for r in caplog.records] == [
        f"coordinates of wells: {name}" for name in names
    ]
    for without in (bare, None):
        with pytest.raises(InputError, match="fetch --wells"):
            choose_coordinates("ants", without)
    with pytest.raises(InputError, match="expected auto, abagen, released, ants or a"):
        choose_coordinates("antz", table)


def test_an_empty_cache_holds_no_table_and_a_filled_one_does(
    fake, tmp_path, monkeypatch
):
    monkeypatch.setenv("INR_JAX_CACHE", str(tmp_path))
    assert wells_table.find_wells("") is None
    fake.downloads(tmp_path / "wells")
    assert wells_table.find_wells("") is None  # its ontology comes last
    (tmp_path / "wells" / "Ontology.csv").write_text(fake.ontology)
    assert len(wells_table.find_wells("").donor) == 10
    assert wells_table.find_wells("none") is None


def lose_structure(fake):
    fake.structure[4] = 123


def odd_path(fake):
    fake.ontology = fake.ontology.replace("/4005/4009/4060/", "/4005/4009/")


def odd_well(fake):
    fake.well[3] = "w3"


def not_a_number(fake):
    fake.ants[3, 1] = np.nan


BAD = [
    (lose_structure, "1 structures that it lacks (123)"),
    (odd_path, "structure_id_path that ends in it, found '4060', '/4005/4009/'"),
    (odd_well, "wells.csv, line 5: expected a whole number, found 'w3' in well_id"),
    (not_a_number, "wells.csv, line 5: expected three numbers"),
]


@pytest.mark.parametrize("spoil, says", BAD, ids=[spoil.__name__ for spoil, _ in BAD])
def test_a_damaged_table_is_told_in_one_line(fake, tmp_path, spoil, says):
    spoil(fake)
    error = str(input_error(wells_table.read_wells, fake.table(tmp_path)))
    assert says in error and "\n" not in error


def test_a_folder_without_a_table_says_what_is_there(fake, tmp_path):
    error = str(input_error(wells_table.read_wells, tmp_path / "absent"))
    assert "no such folder" in error and "fetch --wells" in error
    fake.table(tmp_path / "half")
    (tmp_path / "half" / "ontology.csv").unlink()
    error = str(input_error(wells_table.read_wells, tmp_path / "half"))
    assert "found a folder with wells.csv" in error


def test_coordinates_of_another_checksum_are_refused(fake, tmp_path):
    folder = write_ants(fake, fake.downloads(tmp_path))
    error = str(input_error(wells_table.read_wells, folder))
    assert "expected SHA-256" in error and "H0351.1009_SampleAnnot.csv" in error


def test_coordinates_without_structures_ask_for_the_donors_own_files(
    fake, checksums, tmp_path, monkeypatch
):
    donor = fake.donor[0]
    folder = fake.downloads(tmp_path, (donor,))
    monkeypatch.setattr(wells_table, "check_ants", lambda *_: None)
    for name, whose in wells_download.ANTS_FILES.items():
        text = fake.annotation(whose, nonlinear=True)
        cut = [line.split(",", 1)[1] for line in text.splitlines()]
        (folder / name).write_text("\n".join(cut))
    error = str(input_error(wells_table.read_wells, folder))
    assert "5 wells without" in error and "SampleAnnot.csv of their donors" in error
