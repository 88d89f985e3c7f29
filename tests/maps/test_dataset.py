"""The folder of maps as a BIDS derivative."""

from __future__ import annotations

import fnmatch

import numpy as np
from workdirs import load

from inr_jax.brain.space import Grid
from inr_jax.maps.dataset import space_told, write_dataset


def test_a_derivative_has_what_bids_asks_for_and_ignores_all_maps(tmp_path):
    write_dataset(tmp_path, "1.2.3", phantom=True)
    told = load(tmp_path / "dataset_description.json")
    assert {"Name", "BIDSVersion", "DatasetType", "GeneratedBy"} <= set(told)
    assert told["DatasetType"] == "derivative" and "phantom" in told["Name"]
    assert told["GeneratedBy"][0] == {
        "Name": "inr_jax",
        "Version": "1.2.3",
        "CodeURL": "https://github.com/inr-jax/inr_jax",
    }
    (pattern,) = (tmp_path / ".bidsignore").read_text().split()
    name = "source-inrjax_desc-A_space-MNI152_res-2mm_feature.nii.gz"
    assert fnmatch.fnmatch(name, pattern)


def test_sidecars_say_resolution_reference_and_the_value_outside():
    grid = Grid((2, 3, 4), np.diag([2.0, 2, 3, 1]))
    told = space_told(grid, "MNI152NLin2009aSym", "nan")
    assert told["Resolution"] == "voxels of 2 x 2 x 3 mm"
    assert "2009a symmetric" in told["SpatialReference"]
    assert told["OutsideOfBrain"] == "NaN"
    assert space_told(grid, "MNI152", "zero")["OutsideOfBrain"] == 0
