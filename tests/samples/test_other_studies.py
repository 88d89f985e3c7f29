"""Downloads of other studies of the Allen Institute are told by their names."""

from __future__ import annotations

import zipfile

import pytest
from fake_export import Export
from given import input_error

from inr_jax.samples.sources import allen_export


@pytest.mark.parametrize(
    ("files", "study"),
    [
        (("columns_metadata.csv", "expression_matrix.csv"), "BrainSpan"),
        (("columns-samples.csv", "rows-genes.csv"), "the Aging, Dementia and TBI"),
    ],
)
def test_a_download_of_another_study_is_told(tmp_path, files, study):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in files:
            archive.writestr(f"inside/{name}", "1,2\n")
    error = str(input_error(allen_export.load, tmp_path / "a.zip"))
    assert f"found one of {study}" in error and "\n" not in error


def test_an_export_in_the_same_form_is_told_by_its_contents(tmp_path, rng):
    export = Export(rng)
    export.contents = "BrainSpan: Atlas of the Developing Human Brain\n"
    error = input_error(allen_export.load, export.folder(tmp_path / "export"))
    assert "found one of BrainSpan" in str(error)
