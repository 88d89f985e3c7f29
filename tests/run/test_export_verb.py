"""The verb `export`, on the workdir of a run, without its data."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pandas as pd
import workdirs
from given import refused

from inr_jax import cli


def test_exported_maps_are_those_of_the_run(done, copy, capsys):
    assert cli.main(["export", f"--workdir={copy}", "--genes=APOE"]) == 0
    for suffix in ("feature", "std"):
        drawn = nib.load(workdirs.maps(done, suffix)["APOE"]).get_fdata()
        exported = nib.load(workdirs.maps(copy, suffix)["APOE"]).get_fdata()
        np.testing.assert_allclose(exported, drawn, atol=1e-5 * np.ptp(drawn))
        path = workdirs.maps(copy, suffix)["APOE"]
        told = workdirs.load(path.with_name(path.name.replace(".nii.gz", ".json")))
        path = workdirs.maps(done, suffix)["APOE"]
        assert told == workdirs.load(
            path.with_name(path.name.replace(".nii.gz", ".json"))
        )
    assert list(workdirs.maps(copy)) == ["APOE"]


def test_regions_are_exported_from_a_run(copy, capsys):
    assert cli.main(["export", f"--workdir={copy}", "--format=parquet"]) == 0
    table = pd.read_parquet(copy / "export" / "regions.parquet")
    assert table.shape == (83, 2) and table.notna().all().all()


def test_what_cannot_be_exported_is_told_in_a_line(copy, tmp_path, capsys):
    here = f"--workdir={copy}"
    assert "did you mean 'APOE'" in refused(capsys, "export", here, "--genes=APOEE")
    assert "h5ad" in refused(capsys, "export", here, "--format=csv")
    line = refused(capsys, "export", f"--workdir={tmp_path / 'none'}")
    assert "expected the folder of a run" in line
