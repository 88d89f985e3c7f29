"""Tables that the tests write, read back against what was written."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from given import input_error, write_table

from inr_jax.brain.template import tissue_at
from inr_jax.samples.sites import UNNAMED
from inr_jax.samples.sources import table

ENDINGS = [".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".parquet"]


@pytest.fixture
def frame(rng) -> pd.DataFrame:
    """Six wells of two genes with everything that is optional."""
    return pd.DataFrame(
        {
            "x": np.round(rng.uniform(-60, 60, 6), 3),
            "y": np.round(rng.uniform(-90, 60, 6), 3),
            "z": np.round(rng.uniform(-40, 70, 6), 3),
            "well": [11, 7, 907, 4, 5, 6],
            "donor": ["007", "007", "12", "12", "12", "007"],
            "structure": ["CA1", "III", "", "CA1", "NA", "III"],
            "grey": [1.0, 0.5, 0.25, 0.0, 1.0, 1.0],
            "white": [0.0, 0.5, 0.75, 1.0, 0.0, 0.0],
            "APOE": rng.normal(size=6),
            "HLA-DRA": np.arange(6),
        }
    )


def refused(path: Path, **settings) -> str:
    """The message of the error that loading `path` raises; one line, names it."""
    return str(input_error(table.load, path, **settings))


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_table_reads_back_as_it_was_written(frame, tmp_path, ending):
    path = write_table(frame, tmp_path / f"wells{ending}")
    source = table.load(path)
    samples = source.samples
    np.testing.assert_allclose(samples.x_mm, frame[["x", "y", "z"]], rtol=1e-6)
    np.testing.assert_allclose(samples.values, frame[["APOE", "HLA-DRA"]], rtol=1e-6)
    np.testing.assert_allclose(samples.tissue, frame[["grey", "white"]])
    np.testing.assert_array_equal(samples.well, frame["well"])
    assert samples.genes == ("APOE", "HLA-DRA")
    assert [samples.donors[row] for row in samples.donor] == list(frame["donor"])
    assert samples.structures == ("CA1", "III")
    np.testing.assert_array_equal(samples.structure, [0, 1, UNNAMED, 0, UNNAMED, 1])
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert source.files == {f"wells{ending}": digest}
    assert source.coordinates == "given in the table"
    assert json.loads(json.dumps(source.notes)) == source.notes


def test_only_coordinates_and_genes_are_needed(frame, tmp_path):
    bare = frame[["x", "y", "z", "APOE", "HLA-DRA"]]
    samples = table.load(write_table(bare, tmp_path / "wells.csv")).samples
    np.testing.assert_array_equal(samples.well, np.arange(6))
    assert samples.donors == ("unnamed",)
    assert (samples.structure == UNNAMED).all()
    np.testing.assert_array_equal(samples.tissue, tissue_at(samples.x_mm))


def test_columns_are_found_under_the_names_given(frame, tmp_path):
    renamed = frame.rename(columns={"x": "mni_x", "donor": "subject"})
    columns = {"x": "mni_x", "donor": "subject", "structure": ""}
    path = write_table(renamed.drop(columns="structure"), tmp_path / "wells.csv")
    source = table.load(path, **columns)
    np.testing.assert_allclose(source.samples.x_mm[:, 0], frame["x"], rtol=1e-6)
    assert source.samples.donors == ("007", "12")
    assert source.notes["columns"]["donor"] == "subject"


def test_genes_keep_the_columns_named_and_leave_text_alone(frame, tmp_path):
    frame.insert(3, "region", "cortex")
    path = write_table(frame, tmp_path / "wells.csv")
    source = table.load(path, genes=("APOE",))
    assert source.samples.genes == ("APOE",)
    assert source.notes["n_columns_left_out"] == 2


def test_a_named_index_of_a_parquet_file_is_a_column_and_a_nameless_none(
    frame, tmp_path
):
    path = tmp_path / "wells.parquet"
    frame.set_index("well").to_parquet(path)
    np.testing.assert_array_equal(table.load(path).samples.well, frame["well"])
    frame.set_index(np.array(list("abcdef"))).to_parquet(path)
    assert table.load(path).samples.genes == ("APOE", "HLA-DRA")


def test_whole_numbers_with_a_blank_among_them_name_structures_as_whole(
    frame, tmp_path
):
    frame["structure"] = pd.array([4012, None, 7, 7, 7, 7], dtype="Int64")
    samples = table.load(write_table(frame, tmp_path / "wells.parquet")).samples
    assert samples.structures == ("4012", "7")
    assert samples.structure[1] == UNNAMED


def text_in_a_gene(frame):
    frame["APOE"] = frame["APOE"].astype(object)
    frame.loc[3, "APOE"] = "high"


def blank_in_a_gene(frame):
    frame.loc[3, "APOE"] = np.nan


def text_in_a_coordinate(frame):
    frame["y"] = frame["y"].astype(object)
    frame.loc[0, "y"] = "n/a"


def column_of_text(frame):
    frame["region"] = "cortex"


def column_of_truth(frame):
    frame["left"] = [True, False] * 3


def no_z(frame):
    frame["depth"] = frame.pop("z")


def grey_alone(frame):
    del frame["white"]


def white_alone(frame):
    del frame["grey"]


def percentages(frame):
    frame.loc[2, "white"] = 75.0


def wells_as_text(frame):
    frame["well"] = list("abcdef")


def wells_in_fractions(frame):
    frame["well"] = frame["well"] + 0.5


def wells_too_large(frame):
    frame.loc[1, "well"] = 2**31


def wells_twice(frame):
    frame.loc[1, "well"] = 11


def donor_blank(frame):
    frame.loc[4, "donor"] = ""


def voxels(frame):
    frame[["x", "y", "z"]] += 500


def constant_gene(frame):
    frame["HLA-DRA"] = 3


BAD = [
    (text_in_a_gene, ["column 'APOE'", "'high' in row 4", "1 in all"]),
    (blank_in_a_gene, ["column 'APOE'", "'' in row 4", "1 in all"]),
    (text_in_a_coordinate, ["column 'y'", "'n/a' in row 1"]),
    (column_of_text, ["text in 'region'", "--config.source.genes"]),
    (column_of_truth, ["text in 'left'"]),
    (no_z, ["a column 'z'", "columns x, y, well, donor", "--config.source.z=NAME"]),
    (grey_alone, ["a column 'grey' but none for white"]),
    (white_alone, ["a column 'white' but none for grey"]),
    (percentages, ["from 0 to 1", "75 in row 3"]),
    (wells_as_text, ["column 'well'", "'a' in row 1", "6 in all"]),
    (wells_in_fractions, ["whole numbers", "11.5 in row 1"]),
    (wells_too_large, ["below 2^31", "2147483648 in row 2"]),
    (wells_twice, ["each well once", "1 again (11)"]),
    (donor_blank, ["column 'donor'", "a blank in row 5", "1 in all"]),
    (voxels, ["MNI coordinates in mm", "6 of 6 outside the head"]),
    (constant_gene, ["genes that vary", "HLA-DRA"]),
]


@pytest.mark.parametrize("spoil, says", BAD, ids=[spoil.__name__ for spoil, _ in BAD])
def test_a_bad_table_is_refused_with_the_place_and_the_reason(
    frame, tmp_path, spoil, says
):
    spoil(frame)
    path = write_table(frame, tmp_path / "wells.csv")
    message = refused(path)
    assert message.startswith(f"{path}: ")
    for words in says:
        assert words in message


def test_a_missing_value_in_a_parquet_file_is_refused(frame, tmp_path):
    blank_in_a_gene(frame)
    message = refused(write_table(frame, tmp_path / "wells.parquet"))
    assert "column 'APOE'" in message
    assert "'nan' in row 4" in message


def test_a_column_that_the_user_named_must_be_there(frame, tmp_path):
    path = write_table(frame, tmp_path / "wells.csv")
    message = refused(path, donor="subject")
    assert "expected a column 'subject'" in message
    assert "--config.source.donor=NAME" in message
    assert "'x' for several" in refused(path, y="x")


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_columns_of_one_name_are_refused(frame, tmp_path, ending):
    path = tmp_path / f"wells{ending}"
    if ending == ".csv":
        text = write_table(frame, path).read_text().replace("HLA-DRA", "APOE")
        path.write_text(text)
    else:
        import pyarrow as pa
        import pyarrow.parquet

        arrow = pa.Table.from_pandas(frame, preserve_index=False)
        names = [*frame.columns[:-1], "APOE"]
        pyarrow.parquet.write_table(arrow.rename_columns(names), path)
    assert "1 more than once (APOE)" in refused(path)


def test_a_column_without_a_name_is_refused(frame, tmp_path):
    frame.to_csv(tmp_path / "wells.csv")
    message = refused(tmp_path / "wells.csv")
    assert "none for column 1 of 11" in message
    assert "without its index" in message


def test_a_table_without_genes_or_wells_is_refused(frame, tmp_path):
    bare = write_table(frame[["x", "y", "z"]], tmp_path / "bare.csv")
    assert "at least one gene" in refused(bare)
    assert "at least 2 wells" in refused(write_table(frame[:0], tmp_path / "none.csv"))


@pytest.mark.parametrize(
    "change, cells", [(lambda r: r + ",9", 11), (lambda r: r.rsplit(",", 1)[0], 9)]
)
def test_a_row_of_another_length_is_refused_where_pandas_would_mend_it(
    frame, tmp_path, change, cells
):
    path = write_table(frame, tmp_path / "wells.csv")
    *lines, last = path.read_text().splitlines()
    path.write_text("\n".join([*lines, change(last)]))
    message = refused(path)
    assert f"10 cells in each row, as in the first, found {cells} in line 7" in message


@pytest.mark.parametrize("ending", [".parquet", ".csv.gz"])
def test_a_truncated_file_is_refused(frame, tmp_path, ending):
    path = write_table(frame, tmp_path / f"wells{ending}")
    path.write_bytes(path.read_bytes()[:-20])
    assert "one that cannot be read" in refused(path)


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_empty_file_is_refused(tmp_path, ending):
    path = tmp_path / f"wells{ending}"
    path.write_bytes(gzip.compress(b"") if ending.endswith(".gz") else b"")
    message = refused(path)
    assert "an empty file" in message or "one that cannot be read" in message


def test_what_is_no_table_is_refused(frame, tmp_path):
    assert "nothing there" in refused(tmp_path / "absent.csv")
    (tmp_path / "wells.xlsx").write_bytes(b"PK")
    assert "found '.xlsx'" in refused(tmp_path / "wells.xlsx")
    (tmp_path / "folder.csv").mkdir()
    assert "cannot be read" in refused(tmp_path / "folder.csv")
    assert "--config.source.path" in refused("")


def test_a_byte_order_mark_and_blanks_in_the_header_do_no_harm(frame, tmp_path):
    path = write_table(frame, tmp_path / "wells.csv")
    text = path.read_text().replace("x,y,z", "x, y ,z", 1)
    path.write_text(text, encoding="utf-8-sig")
    assert table.load(path).samples.genes == ("APOE", "HLA-DRA")
