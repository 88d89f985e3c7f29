"""Kinds of sources are told apart by what lies at a path."""

from __future__ import annotations

import zipfile

import fake_ahba
import numpy as np
import pandas as pd
import pytest

from inr_jax.errors import InputError
from inr_jax.samples import sources
from inr_jax.samples.ahba.options import AbagenOptions, abagen_options
from inr_jax.samples.sources import table


@pytest.fixture
def wells(tmp_path, rng):
    frame = pd.DataFrame(rng.uniform(-50, 50, (4, 5)), columns=[*"xyz", "APOE", "APP"])
    frame.to_csv(tmp_path / "wells.csv", index=False)
    return tmp_path / "wells.csv"


def test_a_file_with_the_ending_of_a_table_is_one(wells):
    assert sources.kind_of(wells) == "table"
    assert sources.kind_of(str(wells.rename(wells.with_suffix(".TSV")))) == "table"


@pytest.mark.parametrize("name", ["export", "export-9861"])
def test_a_folder_or_zip_with_an_exports_files_is_one(tmp_path, name):
    folder = tmp_path / name / "below"
    folder.mkdir(parents=True)
    for file in ("Columns.csv", "Probes.csv"):
        (folder / file).write_text("")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("Expression.csv", "")
    for path in (folder, folder.parent, tmp_path / "a.zip"):
        assert sources.kind_of(path) == "allen_export"


def test_a_folder_or_zip_with_a_donors_files_is_the_atlas(tmp_path):
    fake_ahba.write_atlas(tmp_path / "data", donors=("9861",), every=200)
    donor = fake_ahba.donor_folder(tmp_path / "data", "9861")
    (tmp_path / "normalized_microarray_donor9861.zip").write_bytes(b"cut short")
    for path in (tmp_path / "data", donor, *tmp_path.glob("*.zip")):
        assert sources.kind_of(path) == "ahba"


def test_a_path_of_no_kind_says_what_is_there(tmp_path):
    (tmp_path / "notes.md").write_text("")
    (tmp_path / "cut.zip").write_bytes(b"PK")
    for path, found in (
        (tmp_path, "found a folder with cut.zip, notes.md;"),
        (tmp_path / "notes.md", "found a file 'notes.md';"),
        (tmp_path / "cut.zip", "found a file 'cut.zip';"),
        (tmp_path / "none", "found nothing there;"),
    ):
        with pytest.raises(InputError, match="expected a table ") as caught:
            sources.read(path)
        assert found in str(caught.value) and "\n" not in str(caught.value)


def test_reading_by_kind_is_the_loaders_own_reading(wells):
    expected = table.load(wells, genes=("APP",), z="y", y="z").samples
    for source in (None, "table"):
        samples = sources.read(wells, source, genes="APP", z="y", y="z").samples
        assert samples.genes == ("APP",)
        np.testing.assert_array_equal(samples.x_mm, expected.x_mm)


def test_settings_are_the_keywords_of_loaders_and_the_nearest_is_named(wells):
    known = ("probes", "wells", "coordinates", "support")
    assert sources.settings_of("allen_export") == known
    assert "donor" in sources.settings_of("table")
    known = {"skip_absent", "wells", *AbagenOptions._fields}
    assert known == {*sources.settings_of("ahba")}
    with pytest.raises(InputError, match="found 'donors'; did you mean 'donor'"):
        sources.read(wells, donors="donor")
    with pytest.raises(InputError, match=r"source: expected one of ahba, .*'tabel'"):
        sources.read(wells, "tabel")


def test_options_of_abagen_take_donors_as_text_or_a_list():
    for donors in ("10021, 9861", ["10021", 9861], ("9861", "H0351.2002")):
        assert abagen_options(donors=donors).donors == ("9861", "10021")
    assert abagen_options() == AbagenOptions()
    with pytest.raises(InputError, match="did you mean 'lr_mirror'"):
        abagen_options(mirror="bidirectional")
