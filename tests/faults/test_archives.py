"""Zips and folders of exports and of the atlas: bombs, doubled names, odd cells."""

from __future__ import annotations

import io
import os
import zipfile

import numpy as np
import pytest
from fake_export import Export
from given import input_error

from inr_jax.samples import sources
from inr_jax.samples.ahba import folders, readers
from inr_jax.samples.sources import ahba, allen_export, archive, table

NAMES = allen_export.FILES


@pytest.fixture
def export(rng, tmp_path):
    return Export(rng).folder(tmp_path / "export")


def zipped(path, members, **how):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in members:
            opened.writestr(name, data, **how)
    return path


def members_of(folder):
    return [(path.name, path.read_bytes()) for path in sorted(folder.iterdir())]


def test_of_two_members_of_one_name_none_is_believed(export, tmp_path):
    members = members_of(export)
    path = zipped(tmp_path / "a.zip", members)
    whole = allen_export.load(path).samples.values
    np.testing.assert_array_equal(allen_export.load(export).samples.values, whole)
    with pytest.warns(UserWarning, match="Duplicate"):
        zipped(path, [*members, members[-1]])
    assert "twice" in str(input_error(allen_export.load, path))
    with pytest.warns(UserWarning, match="Duplicate"):
        zipped(path, [("MicroarrayExpression.csv", "1")] * 2)
    assert "2 times" in str(input_error(folders.unpack, path, tmp_path / "donor"))


def test_bombs_are_refused_before_they_are_unpacked(export, tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "TABLE", 1 << 20)
    monkeypatch.setattr(folders, "MOST", 1 << 20)
    big = bytes(3 << 20)
    members = [(name, big if name == NAMES[0] else d) for name, d in members_of(export)]
    path = zipped(tmp_path / "a.zip", members)
    assert "MiB or more" in str(input_error(allen_export.load, path))
    # A size in the directory that is a lie is found out while reading.
    data = path.read_bytes().replace(
        len(big).to_bytes(4, "little"), (100).to_bytes(4, "little")
    )
    path.write_bytes(data)
    input_error(allen_export.load, path)
    zipped(path, [(name, big) for name in folders.FILES.values()])
    assert "MiB or more" in str(input_error(folders.unpack, path, tmp_path / "donor"))
    assert not (tmp_path / "donor").exists()


def test_pipes_and_devices_in_a_folder_are_never_opened(export):
    (export / NAMES[0]).unlink()
    os.mkfifo(export / NAMES[0])
    input_error(allen_export.load, export)
    (export / NAMES[0]).unlink()
    (export / NAMES[0]).symlink_to("/dev/zero")
    input_error(allen_export.load, export)


@pytest.mark.parametrize("path", ["/dev/zero", "pipe", "pipe.zip"])
def test_pipes_and_devices_in_the_place_of_a_source_are_never_opened(path, tmp_path):
    if path.startswith("pipe"):
        os.mkfifo(path := tmp_path / path)
    for read in (sources.kind_of, allen_export.load, ahba.load, table.load):
        input_error(read, path)


def test_pipes_in_the_place_of_a_donors_files_are_never_opened(tmp_path):
    (tmp_path / "donor9861").mkdir()
    (tmp_path / "donor9861" / "Probes.csv").touch()
    for name in ("donor9861.zip", "donor9861/SampleAnnot.csv"):
        os.mkfifo(tmp_path / name)
    assert folders.present(tmp_path) == {"9861": tmp_path / "donor9861"}


@pytest.mark.parametrize(
    "cell", ["1_5", "\uff11\uff15", "inf", "nan", "0x1F", "", "1e39"]
)
def test_a_cell_is_a_number_in_ascii_or_none(export, cell):
    path = export / NAMES[0]
    rows = path.read_text().splitlines()
    first = rows[0].split(",")
    rows[0] = ",".join([first[0], cell, *first[2:]])
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    input_error(allen_export.load, export)


@pytest.mark.parametrize("cell", ["inf", "1e30", "1e300", "-inf", "1e5"])
def test_an_intensity_that_is_none_is_refused_with_its_cell(tmp_path, cell):
    import pandas as pd

    path = tmp_path / "MicroarrayExpression.csv"
    path.write_text(f"7,1.5,2.5\n8,3.5,{cell}\n")
    read = {"probes": pd.Index([7, 8]), "samples": 2, "dtype": np.float64}
    message = str(input_error(readers.read_matrix, str(path), **read))
    assert "probe 8, sample 2" in message and str(path) in message
    path.write_text("7,0,1\n8,1,2\n")
    read["dtype"] = np.int8
    assert "0 or 1" in str(input_error(readers.read_matrix, str(path), **read))


def test_a_zip_is_read_to_its_end_where_its_checksum_is(export, tmp_path, rng):
    path = zipped(tmp_path / "a.zip", members_of(export))
    data, whole = path.read_bytes(), allen_export.load(path).samples
    for bit in rng.choice(8 * len(data), 40, replace=False):
        broken = bytearray(data)
        broken[bit // 8] ^= 1 << (bit % 8)
        path.write_bytes(broken)
        try:
            samples = allen_export.load(path).samples
        except ValueError as error:
            assert type(error).__name__ == "InputError", error
        else:
            np.testing.assert_array_equal(samples.values, whole.values)
    assert io.BytesIO(data).read(2) == b"PK"
