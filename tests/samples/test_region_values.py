"""Values of regions, by their ids or names, with what is missing told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from inr_jax.brain.label_images import LabelImage
from inr_jax.brain.space import Grid
from inr_jax.errors import InputError
from inr_jax.samples.region_values import read_region_values, region_values_of

LABELS = LabelImage(
    np.zeros((2, 3, 4), np.int16),
    Grid((2, 3, 4), np.eye(4)),
    ("", "insula", "caudate", "insula", "brainstem"),
    ("",) * 5,
    ("", "L", "L", "R", "B"),
    (0, 11, 12, 51, 99),
)


@pytest.fixture
def table(tmp_path):
    def write(text):
        path = tmp_path / "regions.csv"
        path.write_text(text)
        return path

    return write


def test_each_column_of_numbers_is_a_map_of_regions_by_id(table):
    path = table("id,label,tau,amyloid\n51,x,1.5,2\n11,y,-1,\n12,z,0.5,4\n99,u,0,1\n")
    maps = read_region_values(path, LABELS)
    np.testing.assert_array_equal(maps["tau"], [-1, 0.5, 1.5, 0])
    np.testing.assert_array_equal(maps["amyloid"], [np.nan, 4, 2, 1])


def test_a_name_means_both_sides_unless_a_column_says_which(table, caplog):
    both = read_region_values(table("region,t\nInsula,3\nbrainstem,1\n"), LABELS)
    np.testing.assert_array_equal(both["t"], [3, np.nan, 3, 1])
    assert "no value for 1 of 4 regions: caudate" in caplog.text
    path = table("region,hemisphere,t\ninsula,L,3\ninsula,right,4\ncaudate,L,1\n")
    np.testing.assert_array_equal(
        read_region_values(path, LABELS)["t"], [3, 1, 4, np.nan]
    )


def test_a_frame_is_read_as_its_table_with_regions_in_the_index_too(table):
    frame = pd.DataFrame({"id": [51, 11], "tau": [1.5, -1], "amyloid": [2, np.nan]})
    maps = region_values_of(frame, LABELS)
    for given in (frame.set_index("id"), frame.astype({"id": str})):
        again = region_values_of(given, LABELS)
        assert set(again) == {"tau", "amyloid"}
        for name, values in maps.items():
            np.testing.assert_array_equal(again[name], values)
    np.testing.assert_array_equal(maps["tau"], [-1, np.nan, 1.5, np.nan])
    named = pd.DataFrame({"tau": [3.0, 1.0]}, index=["Insula", "brainstem"])
    values = region_values_of(named, LABELS)["tau"]
    np.testing.assert_array_equal(values, [3, np.nan, 3, 1])
    with pytest.raises(InputError, match=r"table, line 2: .*found '13'"):
        region_values_of(pd.DataFrame({"id": [13], "tau": [1.0]}), LABELS)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("region,t\ninsulla,3\n", "line 2: .*did you mean 'insula'"),
        ("id,t\n13,3\n", "line 2: expected one of 11, 12, 51, 99, found '13'"),
        ("region,t\ninsula,3\ninsula,4\n", "line 3: .*insula again"),
        ("region,hemisphere,t\ncaudate,R,4\n", "the atlas has it of L"),
        ("region,t\ninsula,high\n", "a column id or region, and one of numbers"),
        ("place,t\ninsula,3\n", "a column id or region, and one of numbers"),
    ],
)
def test_what_is_no_table_of_these_regions_is_told_in_one_line(table, text, words):
    with pytest.raises(InputError, match=words):
        read_region_values(table(text), LABELS)
