"""Where the atlas's files are found; damaged files and bad options are refused."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import fake_ahba
import pandas as pd
import pytest
from fake_ahba import BOTH_SIDES as DONORS
from fake_ahba import TWO, donor_file

from inr_jax.errors import InputError
from inr_jax.samples.ahba import folders
from inr_jax.samples.ahba.options import checked, parse_donors
from inr_jax.samples.sources import ahba


def test_files_are_found_in_any_folder_and_in_zips(ahba_dir, tmp_path):
    flat = tmp_path / "flat"
    for donor, name in zip(DONORS, ("9861", "H0351.2002"), strict=True):
        shutil.copytree(fake_ahba.donor_folder(ahba_dir, donor), flat / name)
    found = folders.locate(flat, DONORS)
    assert {path.rpartition("/")[0] for path in found["10021"].values()} == {
        str(flat / "H0351.2002")
    }
    zips = tmp_path / "zips"
    zips.mkdir()
    for donor, name in zip(DONORS, ("178238387.zip", "any.zip"), strict=True):
        folder = fake_ahba.donor_folder(ahba_dir, donor)
        shutil.make_archive(str(zips / name[:-4]), "zip", folder)
    found = folders.locate(zips, DONORS)
    for donor in DONORS:
        for kind, path in found[donor].items():
            expected = donor_file(ahba_dir, donor, kind).read_bytes()
            assert Path(path).read_bytes() == expected
    assert not list(zips.glob(".unpacking*"))
    one = folders.locate(fake_ahba.donor_folder(ahba_dir, "9861"), ("9861",))
    assert set(one) == {"9861"}


def test_the_environment_says_where_the_atlas_is(ahba_dir, monkeypatch):
    monkeypatch.setenv("ABAGEN_DATA", str(ahba_dir))
    assert set(folders.locate("", DONORS)) == set(DONORS)
    # abagen would go on to look there when a path is mistyped.
    with pytest.raises(
        InputError, match=r"no such folder.*by hand .*178238373 \(donor 10021\)"
    ):
        folders.locate(ahba_dir / "mistyped", DONORS)


@pytest.mark.parametrize(
    ("kind", "damage", "message"),
    [
        ("pacall", None, "found no PACall.csv"),
        ("annotation", lambda text: "", "SampleAnnot.csv empty"),
        (
            "microarray",
            lambda text: text[: len(text) // 2],
            "79 numbers in each row",
        ),
        ("microarray", lambda text: text[: text[:-9].rindex("\n") + 1], "cut short"),
        ("microarray", lambda text: "7" + text, "probes of Probes.csv, found"),
        (
            "microarray",
            lambda text: text.replace(",5.", ",x.", 1),
            "numbers in each row",
        ),
        ("pacall", lambda text: text.replace(",1\n", ",\n", 1), "no blank cell"),
        ("probes", lambda text: text[:2000], "probes of"),
        ("probes", lambda text: text.replace("probe_name", "name", 1), "no probe_name"),
        ("ontology", lambda text: text[:400], "structures that Ontology.csv has"),
    ],
)
def test_a_damaged_file_is_told_in_one_line(ahba_copy, kind, damage, message):
    path = donor_file(ahba_copy, "9861", kind)
    if damage is None:
        path.unlink()
    else:
        path.write_text(damage(path.read_text()))
    with pytest.raises(InputError, match=message) as caught:
        ahba.load(ahba_copy, **TWO._asdict())
    assert "\n" not in str(caught.value) and "inr-jax fetch" in str(caught.value)


def test_a_zip_cut_short_is_told_with_its_size_and_leaves_nothing(ahba_dir, tmp_path):
    for donor in DONORS:
        folder = fake_ahba.donor_folder(ahba_dir, donor)
        shutil.make_archive(str(tmp_path / f"donor{donor}"), "zip", folder)
    path = tmp_path / "donor9861.zip"
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError, match=f"{path.stat().st_size} bytes, cut short"):
        folders.locate(tmp_path, DONORS)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Probes.csv", "")
    with pytest.raises(InputError, match=r"found no MicroarrayExpression\.csv"):
        folders.locate(tmp_path, DONORS)
    assert not [item for item in tmp_path.iterdir() if item.name.endswith("9861")]


def test_wells_outside_the_coordinate_table_are_refused(ahba_copy):
    path = donor_file(ahba_copy, "9861", "annotation")
    frame = pd.read_csv(path)
    frame.loc[5, "well_id"] = 77
    frame.to_csv(path, index=False)
    with pytest.raises(InputError, match=r"found 1 of 79 not in it \(77\)"):
        ahba.load(ahba_copy, **TWO._asdict())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ibf_threshold": 1.5}, "a share, 0 to 1, found 1.5"),
        ({"ibf_threshold": -0.1}, "a share, 0 to 1"),
        ({"probe_selection": "rnaseq"}, "config.ahba.probe_selection"),
        ({"lr_mirror": "bidrectional"}, "did you mean 'bidirectional'"),
        ({"donors": ("9861",)}, "two donors or more for probe_selection"),
        ({"sim_threshold": -1.0}, "0 keeps all"),
        ({"missing": "interpolate", "region_agg": "samples"}, "region_agg donors"),
    ],
)
def test_options_that_abagen_cannot_use_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        checked(TWO._replace(**options))


def test_unknown_donors_are_refused_and_both_kinds_of_id_are_known():
    assert parse_donors("H0351.2002, 9861") == DONORS
    assert parse_donors("all") == parse_donors("") and len(parse_donors("all")) == 6
    with pytest.raises(InputError, match=r"found '986'; did you mean '9861'"):
        parse_donors("986")
