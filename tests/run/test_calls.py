"""What one call draws changes neither the run nor another call's maps."""

from __future__ import annotations

import json

import nibabel as nib
import numpy as np
import pytest
from workdirs import load

from inr_jax import cli
from inr_jax.run import config, flags

pytestmark = pytest.mark.usefixtures("quick_compiling")
AFFINE = np.array([[3.0, 0, 0, -30], [0, 3, 0, -40], [0, 0, 3, 0], [0, 0, 0, 1]])


def mask_at(path, first):
    """A mask of 3 mm with a cube of voxels from `first` on."""
    mask = np.zeros((20, 20, 20), np.uint8)
    mask[first : first + 8, 4:12, 4:12] = 1
    nib.save(nib.Nifti1Image(mask, AFFINE), path)
    return str(path)


def files(folder):
    return {path.name: path.read_bytes() for path in folder.glob("source-*")}


@pytest.mark.slow
def test_masks_on_one_grid_have_maps_of_their_own_and_none_sticks(copy, tmp_path):
    stored = (copy / "config.json").read_bytes()
    (tmp_path / "b").mkdir()
    paths = [tmp_path / "one.nii.gz", tmp_path / "two.nii.gz", tmp_path / "b/one.nii"]
    drawn = {}
    for first, path in enumerate(paths):
        flag = f"--config.render.mask={mask_at(path, 3 + first)}"
        assert cli.main(["render", f"--workdir={copy}", "--genes=APOE", flag]) == 0
        assert (copy / "config.json").read_bytes() == stored
        now = files(copy / "maps")
        assert drawn.items() <= now.items()
        new = now.keys() - drawn.keys()
        assert new and all(f"_mask-{path.name.split('.')[0]}" in name for name in new)
        drawn = now
    assert cli.main(["render", f"--workdir={copy}", "--genes=APOE"]) == 0
    new = files(copy / "maps").keys() - drawn.keys()
    assert new and not any("_mask-" in name for name in new)


def test_a_resolution_that_is_asked_for_is_not_beaten_by_a_mask_of_the_run(copy):
    stored = load(copy / "config.json")
    stored["render"]["mask"] = "/a/mask.nii.gz"
    (copy / "config.json").write_text(json.dumps(stored))

    def settings(*keys):
        return flags.parse([f"--workdir={copy}", *keys], needs_workdir=True).config

    assert settings().render.mask == "/a/mask.nii.gz"
    asked = settings("--config.render.resolution_mm=1")
    assert (asked.render.mask, asked.render.resolution_mm) == ("", 1)


def test_a_workdir_does_not_say_where_compiled_programs_are_loaded_from(copy):
    stored = load(copy / "config.json")
    stored["devices"]["cache"] = "/somebody/elses"
    (copy / "config.json").write_text(json.dumps(stored))
    call = flags.parse([f"--workdir={copy}"], needs_workdir=True)
    assert call.config.devices == config.default().devices
    flag = "--config.devices.cache=/mine"
    call = flags.parse([f"--workdir={copy}", flag], needs_workdir=True)
    assert call.config.devices.cache == "/mine"
