"""Tables as users write them: other names, other separators, identifiers, dates."""

from __future__ import annotations

import gzip
import logging

import numpy as np
import pandas as pd
import pytest
from given import head_mm, input_error

from inr_jax.samples.gene_names import likely_symbol
from inr_jax.samples.samples import Samples, make_samples
from inr_jax.samples.sources import table

N = 24


@pytest.fixture
def frame(rng):
    """A table of 24 wells of three donors and two genes."""
    places = dict(zip("xyz", head_mm(rng, N).T.round(2), strict=True))
    donor = [("007", "9861", "d3")[n % 3] for n in range(N)]
    genes = {gene: rng.normal(size=N).round(3) for gene in ("APOE", "MAPT")}
    return pd.DataFrame(places | {"donor": donor} | genes)


def load(frame, path, **settings):
    path.write_bytes(frame if isinstance(frame, bytes) else text(frame).encode())
    return table.load(path, **settings).samples


def text(frame, **how):
    return frame.to_csv(index=False, **how)


@pytest.mark.parametrize(
    "names",
    [
        {"donor": "donor_id"},
        {"donor": "Subject"},
        {"donor": "participant_id", "x": "mni_x", "y": "mni_y", "z": "mni_z"},
        {"x": "X", "y": "Y", "z": "Z", "donor": "Donor"},
        {"x": "MNI x", "y": "MNI y", "z": "MNI z"},
    ],
)
def test_near_names_are_known(frame, tmp_path, names):
    samples = load(frame.rename(columns=names), tmp_path / "t.csv")
    assert samples.genes == ("APOE", "MAPT") and samples.donors == ("007", "9861", "d3")
    np.testing.assert_allclose(samples.x_mm, frame[["x", "y", "z"]], rtol=1e-5)


def test_indices_and_identifiers_of_the_atlas_are_left_out_and_said(
    frame, tmp_path, caplog
):
    for place, name in enumerate(("Unnamed: 0", "well_id", "slab_num", "structure_id")):
        frame.insert(place, name, np.arange(N) % 7 if "slab" in name else np.arange(N))
    with caplog.at_level(logging.INFO, "inr_jax"):
        samples = load(frame, tmp_path / "t.csv")
    assert samples.genes == ("APOE", "MAPT") and samples.well.tolist() == [*range(N)]
    assert "'Unnamed: 0'" in caplog.text and "well is 'well_id'" in caplog.text


@pytest.mark.parametrize("column", [[1, 2, 3] * 8, range(100, 100 + N), [0, 1] * 12])
def test_other_whole_numbers_are_refused_unless_asked_for(frame, tmp_path, column):
    frame["plate"] = list(column)
    message = str(input_error(load, frame, tmp_path / "t.csv"))
    assert "'plate'" in message and "--config.source.donor=plate" in message
    samples = load(frame, tmp_path / "t.csv", genes=("plate", "APOE"))
    assert samples.genes == ("APOE", "plate")


@pytest.mark.parametrize("ending", [".csv", ".parquet", ""])
def test_names_are_without_letters_that_nobody_sees(frame, tmp_path, ending):
    frame = frame.rename(columns={"APOE": "AP\u200bOE ", "MAPT": "MA\n\x01PT"})
    if ending == ".csv":
        samples = load(frame, tmp_path / "t.csv")
    elif ending:
        frame.to_parquet(tmp_path / "t.parquet", index=False)
        samples = table.load(tmp_path / "t.parquet").samples
    else:
        samples = Samples.from_frame(frame, genes=["APOE", "MA PT\ufeff"])
    assert samples.genes == ("APOE", "MA PT")


@pytest.mark.parametrize("name", ["G\ue000", "\x01"])
def test_names_that_cannot_be_written_out_are_refused(rng, name):
    made = {"x_mm": head_mm(rng, 9), "values": rng.normal(size=(9, 2)), "where": "t"}
    line = str(input_error(make_samples, genes=["A", name], **made))
    assert "names that can be read" in line


def test_counts_are_expression(frame, tmp_path, rng):
    frame[["APOE", "MAPT"]] = rng.poisson(2, (N, 2))
    assert load(frame, tmp_path / "t.csv").genes == ("APOE", "MAPT")


def test_a_table_without_donors_asks_whose_the_wells_are(frame, tmp_path, caplog):
    bare = frame.drop(columns="donor")
    load(bare, tmp_path / "t.csv")
    assert "whose is each? --config.source.donor=NAME" in caplog.text
    caplog.clear()
    load(bare, tmp_path / "t.csv", donor="")
    assert not caplog.records


@pytest.mark.parametrize(
    ("written", "settings"),
    [
        (lambda f: text(f, sep=";", decimal=","), {"separator": ";", "decimal": ","}),
        (lambda f: text(f, sep=";"), {"separator": "semicolon"}),
        (lambda f: text(f, sep="\t"), {"separator": "tab"}),
        (lambda f: text(f).encode("utf-16"), {}),
        (lambda f: text(f).encode("utf-8-sig"), {}),
        (lambda f: gzip.compress(text(f).encode()), {}),
        (
            lambda f: text(f.rename(columns={"MAPT": "Gröe"})).encode("latin-1"),
            {"encoding": "latin-1"},
        ),
        (lambda f: text(f.rename(columns={"APOE": "\u200bAPOE\u200d"})), {}),
    ],
)
def test_other_separators_and_encodings_are_read(frame, tmp_path, written, settings):
    data = written(frame)
    data = data.encode() if isinstance(data, str) else data
    samples = load(data, tmp_path / "t.csv", **settings)
    assert samples.genes[0] == "APOE" and samples.genes[1] in ("MAPT", "Gröe")
    np.testing.assert_allclose(samples.values, frame[["APOE", "MAPT"]], atol=1e-6)


def test_settings_that_read_a_table_are_named_where_they_would_help(frame, tmp_path):
    data = text(frame, sep=";", decimal=",").encode()
    message = str(input_error(load, data, tmp_path / "t.csv"))
    assert "--config.source.separator=';' --config.source.decimal=," in message
    semicolons = b"x;y\n1;2\n1;2\n"
    assert "separator=';'" in str(input_error(load, semicolons, tmp_path / "t.csv"))


def test_dates_of_spreadsheets_are_told_with_the_likely_symbol(frame, tmp_path, caplog):
    load(frame.rename(columns={"APOE": "1-Mar"}), tmp_path / "t.csv")
    assert "'1-Mar' (likely MARCHF1 or MTARC1)" in caplog.text
    for name, symbol in {
        "7-Sep": "SEPTIN7",
        "2023-03-02": "MARCHF2",
        "Dec-01": "DELEC1",
    }.items():
        assert symbol in likely_symbol(name)
