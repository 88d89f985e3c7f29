"""Samples of a frame, against the frame's own cells."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from inr_jax.brain.template import tissue_at
from inr_jax.errors import InputError
from inr_jax.samples.samples import Samples
from inr_jax.samples.sites import UNNAMED


@pytest.fixture
def frame(rng) -> pd.DataFrame:
    """Five wells of two donors and two genes."""
    return pd.DataFrame(
        {
            "x": rng.uniform(-60, 60, 5),
            "y": rng.uniform(-90, 60, 5),
            "z": rng.uniform(-40, 70, 5),
            "donor": ["a", "b", "a", "a", "b"],
            "structure": pd.Categorical(["V1", None, "CA1", "V1", "CA1"]),
            "parent": ["occipital", None, "limbic", "occipital", "limbic"],
            "APOE": rng.normal(size=5),
            "MAPT": np.arange(5),
        },
        index=[9, 4, 4, 1, 0],
    )


def test_rows_are_wells_and_columns_without_a_meaning_genes(frame):
    samples = Samples.from_frame(frame)
    assert samples.genes == ("APOE", "MAPT")
    np.testing.assert_allclose(samples.x_mm, frame[["x", "y", "z"]], rtol=1e-6)
    np.testing.assert_allclose(samples.values, frame[["APOE", "MAPT"]], rtol=1e-6)
    assert [samples.donors[row] for row in samples.donor] == frame.donor.tolist()
    assert samples.structures == ("CA1", "V1")
    np.testing.assert_array_equal(samples.structure, [1, UNNAMED, 0, 1, 0])
    np.testing.assert_array_equal(samples.tissue, tissue_at(samples.x_mm))
    np.testing.assert_array_equal(samples.well, np.arange(5))


def test_genes_are_named_in_any_list_and_other_columns_are_left_out(frame):
    frame["note"] = "text"
    for genes in ("MAPT", ["MAPT"], pd.Index(["MAPT"]), np.array(["MAPT"])):
        assert Samples.from_frame(frame, genes).genes == ("MAPT",)
    with pytest.raises(InputError, match=r"frame: expected numbers in every .*'note'"):
        Samples.from_frame(frame)


def test_a_dict_of_lists_is_a_frame_and_columns_have_other_names(frame):
    renamed = frame.rename(columns={"x": "mni_x", "donor": "subject"})
    columns = {name: renamed[name].tolist() for name in renamed}
    samples = Samples.from_frame(columns, ["APOE"], x="mni_x", donor="subject")
    expected = Samples.from_frame(frame, ["APOE"])
    np.testing.assert_array_equal(samples.x_mm, expected.x_mm)
    np.testing.assert_array_equal(samples.donor, expected.donor)
    assert samples.structures == expected.structures


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: f.drop(columns="z"), "expected a column 'z', found columns x, y"),
        (lambda f: f.assign(x="left"), "a number in every row of column 'x'"),
        (lambda f: f.assign(donor=None), "a name in every row of column 'donor'"),
        (lambda f: f.assign(APOE=[1, 2, None, 3, 4]), "found 'nan' in row 3 below"),
        (lambda f: pd.concat([f, f.APOE], axis=1), r"1 more than once \(APOE\)"),
        (lambda f: f.assign(x=f.x * 1000), "MNI coordinates in mm"),
    ],
)
def test_a_bad_frame_is_refused_in_one_line(frame, spoil, message):
    with pytest.raises(InputError, match=message) as caught:
        Samples.from_frame(spoil(frame))
    assert str(caught.value).startswith("frame: ")


def test_an_unknown_keyword_names_the_nearest(frame):
    with pytest.raises(InputError, match="found 'donors'; did you mean 'donor'"):
        Samples.from_frame(frame, donors="donor")
