"""Exports of the Allen web search, written here in its format."""

from __future__ import annotations

import hashlib
import json
import logging
import zipfile
from functools import partial

import numpy as np
import pytest
from fake_export import COLUMNS, CONTENTS, PROBES, Export
from given import input_error

from inr_jax.samples.ahba import wells
from inr_jax.samples.sites import UNNAMED
from inr_jax.samples.sources import allen_export


@pytest.fixture
def export(rng) -> Export:
    return Export(rng)


refused = partial(input_error, allen_export.load)


def test_a_well_gets_its_place_and_donor_from_the_atlas_by_its_id(export, tmp_path):
    samples = allen_export.load(export.folder(tmp_path / "export")).samples
    np.testing.assert_array_equal(samples.well, export.well)
    np.testing.assert_allclose(samples.x_mm, export.x_mm, rtol=1e-6)
    assert [samples.donors[row] for row in samples.donor] == export.donor


def test_a_gene_is_the_mean_of_its_probes_in_the_columns_with_a_sample(
    export, tmp_path
):
    source = allen_export.load(export.folder(tmp_path / "export"))
    b = (export.values[0] + export.values[2]) / 2
    truth = np.stack([export.values[1], b, export.values[3]], axis=1)
    assert source.samples.genes == ("A", "B", "C")
    np.testing.assert_allclose(source.samples.values, truth, rtol=1e-6)
    assert source.notes["n_probes"] == 5
    assert source.notes["n_probes_without_gene"] == 1
    assert source.notes["n_columns"] == 5
    assert source.notes["n_columns_without_sample"] == 1


def test_first_keeps_the_first_probe_of_a_gene(export, tmp_path):
    source = allen_export.load(export.folder(tmp_path / "export"), probes="first")
    np.testing.assert_allclose(source.samples.values[:, 1], export.values[0], rtol=1e-6)
    assert source.notes["probes"] == "first"


def test_structures_of_one_name_and_two_ids_stay_two(export, tmp_path):
    samples = allen_export.load(export.folder(tmp_path / "export")).samples
    assert samples.structures == ("III [12933]", "III [4701]", "precentral gyrus")
    named = [samples.structures[row] for row in samples.structure[:3]]
    assert named == ["precentral gyrus", "III [4701]", "III [12933]"]
    assert samples.structure[3] == UNNAMED


@pytest.mark.parametrize("inside", ["", "export/"])
def test_a_zip_reads_as_the_folder_does(export, tmp_path, inside):
    zipped = allen_export.load(export.zip(tmp_path / "export.zip", inside))
    plain = allen_export.load(export.folder(tmp_path / "deep" / inside / "."))
    assert zipped.files == plain.files
    assert zipped.notes == plain.notes
    np.testing.assert_array_equal(zipped.samples.values, plain.samples.values)


def test_a_folder_may_hold_the_export_one_folder_below(export, tmp_path):
    export.folder(tmp_path / "download" / "export")
    source = allen_export.load(tmp_path / "download")
    assert len(source.samples.well) == 4


def test_checksums_are_of_the_bytes_read_and_notes_are_json(export, tmp_path):
    path = export.folder(tmp_path / "export")
    source = allen_export.load(path)
    truth = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in path.iterdir()}
    assert source.files == truth
    assert json.loads(json.dumps(source.notes)) == source.notes
    assert source.coordinates == wells.COORDINATES


def test_values_of_genes_that_are_not_wanted_are_not_looked_at(export, tmp_path):
    export.expression[3] = export.expression[3].replace(".", "?")
    path = export.folder(tmp_path / "export")
    source = allen_export.load(path, genes=("B", "A"))
    assert source.samples.genes == ("A", "B")
    refused(path)


@pytest.mark.parametrize(
    "contents, resolution, warns",
    [
        (CONTENTS.format("SAMPLES"), "Sample", None),
        (CONTENTS.format("Structure"), "Structure", "no table of the atlas's wells"),
        (CONTENTS.format("Coarse").replace("\n", "\r\n"), "Coarse", "whole region"),
        (CONTENTS.format("Odd"), "Odd", "resolution 'Odd' is not known"),
        (None, "unknown", "no Contents.txt"),
    ],
)
def test_the_resolution_is_told_and_an_average_is_warned_of(
    export, tmp_path, caplog, contents, resolution, warns
):
    export.contents = contents
    with caplog.at_level(logging.WARNING, "inr_jax"):
        notes = allen_export.load(export.folder(tmp_path / "export")).notes
    assert notes["resolution"] == resolution
    assert notes["normalisation"] == ("unknown" if contents is None else "zscore")
    assert [record.getMessage() for record in caplog.records] == notes["warnings"]
    assert bool(notes["warnings"]) == (warns is not None)
    assert warns is None or warns in notes["warnings"][0]


def cut_last_row(export):
    export.expression[-1] = export.expression[-1].rsplit(",", 2)[0]


def drop_expression_row(export):
    del export.expression[-1]


def swap_expression_rows(export):
    export.expression[:2] = export.expression[1::-1]


def drop_column(export):
    del export.columns[-1]


def lose_well_header(export):
    export.columns[0] = COLUMNS.replace("sample_well", "well")


def lose_symbol_header(export):
    export.probes[0] = PROBES.replace("gene-symbol", "symbol")


def unknown_well(export):
    export.columns[1] = export.columns[1].replace(f",{export.well[0]},", ",999999,")


def well_as_text(export):
    export.columns[1] = export.columns[1].replace(f",{export.well[0]},", ",w12,")


def other_donor(export):
    export.columns[1] = export.columns[1].replace(export.donor[0], "12876")


def well_twice(export):
    first = export.columns[1].split(",")
    export.columns[3] = ",".join(first)


def probe_twice(export):
    export.probes[2] = export.probes[2].replace(export.ids[1], export.ids[0])


def blank_value(export):
    cells = export.expression[1].split(",")
    export.expression[1] = ",".join([*cells[:3], "", *cells[4:]])


def text_value(export):
    cells = export.expression[1].split(",")
    export.expression[1] = ",".join([*cells[:3], "high", *cells[4:]])


def nan_value(export):
    cells = export.expression[1].split(",")
    export.expression[1] = ",".join([*cells[:3], "NaN", *cells[4:]])


def open_quote(export):
    export.columns[-1] = export.columns[-1][:-1] + "white ma"


def empty_expression(export):
    export.expression = []


BAD = [
    (cut_last_row, "Expression.csv", ["6 cells in each row", "found 4 in line 5"]),
    (drop_expression_row, "Expression.csv", ["expected 5 rows", "found 4"]),
    (swap_expression_rows, "Expression.csv", ["probe 1017635 in row 1", "'1011892'"]),
    (drop_column, "Expression.csv", ["expected 4 columns", "found 5"]),
    (lose_well_header, "Columns.csv", ["no sample_well", "donor_name, well"]),
    (lose_symbol_header, "Probes.csv", ["no gene-symbol"]),
    (unknown_well, "Columns.csv", ["3702", "1 unknown (999999)"]),
    (well_as_text, "Columns.csv", ["'w12' in row 1"]),
    (other_donor, "Columns.csv", ["donor_id 14380", "found 12876", "shifted"]),
    (well_twice, "export", ["each well once", "1 again"]),
    (probe_twice, "Probes.csv", ["each probe once", "1017635"]),
    (blank_value, "Expression.csv", ["'' for probe 1011892 in column 3"]),
    (text_value, "Expression.csv", ["'high' for probe 1011892 in column 3"]),
    (nan_value, "Expression.csv", ["'NaN' for probe 1011892 in column 3"]),
    (open_quote, "Columns.csv", ["expected a CSV", "line 6"]),
    (empty_expression, "Expression.csv", ["found an empty file"]),
]


@pytest.mark.parametrize(
    "spoil, file, says", BAD, ids=[spoil.__name__ for spoil, *_ in BAD]
)
def test_a_damaged_export_is_refused_with_the_file_and_the_reason(
    export, tmp_path, spoil, file, says
):
    spoil(export)
    error = refused(export.folder(tmp_path / "export"))
    assert str(error.where).endswith(file)
    for words in says:
        assert words in str(error)


def test_several_unknown_wells_are_counted_and_the_first_are_named(export, tmp_path):
    for row, well in zip((1, 3, 4, 5), export.well, strict=True):
        export.columns[row] = export.columns[row].replace(f",{well},", f",70000{row},")
    error = refused(export.folder(tmp_path / "export"))
    assert "4 unknown (700001, 700003, 700004, 700005)" in error.found


def test_a_gene_that_is_absent_is_refused_with_the_nearest_that_is_there(
    cyp, export, tmp_path
):
    error = refused(export.folder(tmp_path / "export"), genes=("A", "b", "NOPE"))
    assert "2 that are not (NOPE, b)" in str(error)
    assert "did you mean 'CYP1A1'?" in str(refused(cyp, genes=("cyp1a1",)))


def test_an_unknown_rule_for_probes_is_refused(export, tmp_path):
    assert "did you mean 'mean'?" in str(refused(tmp_path, probes="means"))


def test_a_path_with_nothing_there_is_refused(tmp_path):
    assert "nothing there" in str(refused(tmp_path / "absent"))
    assert "--config.source.path" in str(refused(""))


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_a_missing_file_is_named(export, tmp_path, kind):
    path = export.folder(tmp_path / "export")
    (path / "Probes.csv").unlink()
    if kind == "zip":
        with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
            for file in path.iterdir():
                archive.write(file, file.name)
        path = tmp_path / "export.zip"
    error = refused(path)
    assert error.where == path
    assert error.found == "no Probes.csv"


def test_two_exports_in_one_folder_are_refused(export, tmp_path):
    export.folder(tmp_path / "one")
    export.folder(tmp_path / "two")
    assert "2 (one, two)" in str(refused(tmp_path))


@pytest.mark.parametrize("name", ["../up.csv", "/etc/x", "a/../../x", "..\\x", "C:\\x"])
def test_a_zip_with_a_name_that_climbs_out_is_refused(export, tmp_path, name):
    path = export.zip(tmp_path / "export.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, "x")
    assert "climbs out" in str(refused(path))


def test_reading_a_zip_writes_nothing(export, tmp_path):
    path = export.zip(tmp_path / "export.zip", "export/")
    allen_export.load(path)
    assert [item.name for item in tmp_path.iterdir()] == ["export.zip"]


def test_a_broken_zip_is_refused(export, tmp_path):
    data = export.zip(tmp_path / "export.zip").read_bytes()
    (tmp_path / "cut.zip").write_bytes(data[: len(data) // 2])
    assert "a broken zip or no zip" in str(refused(tmp_path / "cut.zip"))
    spoilt = bytearray(data)
    spoilt[60:70] = b"\xff" * 10
    (tmp_path / "spoilt.zip").write_bytes(spoilt)
    assert "download it again" in str(refused(tmp_path / "spoilt.zip"))


def test_a_csv_in_place_of_the_folder_is_refused(export, tmp_path):
    path = export.folder(tmp_path / "export") / "Expression.csv"
    assert "give the folder that holds the files" in str(refused(path))
