"""abagen on a pandas that it was not written for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from inr_jax.samples.ahba.abagen import borrowed


def test_append_adds_rows_and_blanks_keep_numbers_numbers():
    left = pd.DataFrame({"a": [1.0, 2.0]}, index=[3, 4])
    blank = pd.DataFrame(columns=["a"], index=[9])
    with borrowed():
        both = left.append(blank)
        assert left.append(left).a.tolist() == [1, 2, 1, 2]
        assert left.append(blank.iloc[:0]).a.tolist() == [1, 2]
    assert both.dtypes.tolist() == [np.dtype(float)]
    np.testing.assert_array_equal(both.a, [1, 2, np.nan])
    assert both.index.tolist() == [3, 4, 9]


def test_columns_can_be_grouped_and_renamed_as_in_pandas_1():
    frame = pd.DataFrame([[1.0, 3.0, 10.0]], columns=[1, 2, 3])
    side = pd.Series(["l", "l", "r"], index=[1, 2, 3])
    with borrowed():
        means = frame.groupby(side, axis=1).mean()
        named = frame.set_axis(["a", "b", "c"], axis=1, inplace=False)
        with pytest.raises(TypeError, match="inplace"):
            frame.set_axis(["a", "b", "c"], axis=1, inplace=True)
    assert means.to_dict("list") == {"l": [2.0], "r": [10.0]}
    assert list(named) == ["a", "b", "c"] and list(frame) == [1, 2, 3]


def test_a_sample_between_two_regions_gets_the_nearer_one():
    """One voxel of each in reach: numpy 2.4 refused the array of one label."""
    coordinates = np.array([[0.0, 0, 0], [2, 0, 0], [9, 0, 0]])
    with borrowed() as abagen:
        tree = abagen.AtlasTree(np.array([5, 8, 8]), coords=coordinates)
        sample = pd.DataFrame([[0.9, 0, 0]], columns=["mni_x", "mni_y", "mni_z"])
        label = tree._assign_sample(np.array([5, 8]), sample)
    assert label == 5 and np.ndim(label) == 0
    values = np.zeros(1)
    values[0] = label


def test_means_are_taken_by_pandas_not_through_a_python_function():
    """With the callable one groupby of 18,958 genes takes a minute on pandas 3."""
    with borrowed() as abagen:
        assert abagen.utils.check_metric("mean") == "mean"
        assert abagen.utils.check_metric("median") == "median"
        frame = pd.DataFrame(
            {"a": [1.0, 3, 8]}, index=pd.Index([7, 7, 9], name="label")
        )
        table = abagen.samples_.groupby_index(frame, labels=[7, 8, 9], metric="mean")
    np.testing.assert_array_equal(table.a, [2.0, np.nan, 8.0])
    assert table.index.tolist() == [7, 8, 9] and table.a.dtype == float
