"""A calibration on disk: the same when read again, and never another fit's."""

from __future__ import annotations

import numpy as np
import pytest

from inr_jax.errors import InputError
from inr_jax.maps.calibration import Calibrated, read_calibration, write_calibration
from inr_jax.run import config
from inr_jax.run.consistency import check_calibration
from inr_jax.stats.conformal import HeldOut, calibrate, predictive_sd

FILES = {"wells.csv": "ab12"}


@pytest.fixture
def calibrated(rng):
    x_mm = rng.uniform(-60, 60, (60, 3))
    held = HeldOut(rng.normal(size=(60, 2)), np.ones((60, 2)), np.arange(60) % 3, x_mm)
    return Calibrated(
        calibrate(held, mirror=True),
        ("HLA-DRA", "APOE"),
        {"overall": {"coverage": 0.9, "wells": 60}},
        10.8,
        config.to_json(config.default()),
        FILES,
    )


def test_what_is_read_is_what_was_written_bit_for_bit(calibrated, tmp_path, rng):
    path = tmp_path / "calibration.npz"
    write_calibration(path, calibrated)
    found = read_calibration(path)
    assert found[1:] == calibrated[1:]
    places, spread = rng.uniform(-60, 60, (9, 3)), rng.random((9, 2))
    np.testing.assert_array_equal(
        predictive_sd(found.calibration, places, spread),
        predictive_sd(calibrated.calibration, places, spread),
    )
    before = path.read_bytes()
    write_calibration(path, found)
    assert path.read_bytes() == before


@pytest.mark.parametrize("damage", ["cut", "text", "gone", "format", "array"])
def test_a_damaged_file_is_told_in_one_line(damage, calibrated, tmp_path):
    path = tmp_path / "calibration.npz"
    write_calibration(path, calibrated)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    elif damage == "text":
        path.write_text("noise,factor\n")
    elif damage == "gone":
        path.unlink()
    else:
        arrays = dict(np.load(path))
        changed = str(arrays["meta"]).replace('"format": 1', '"format": 7')
        arrays["meta"] = np.array(changed if damage == "format" else arrays["meta"])
        if damage == "array":
            del arrays["factor"]
        np.savez(path, **arrays)
    with pytest.raises(
        InputError, match="npz: expected a calibration of format 1"
    ) as e:
        read_calibration(path)
    assert "\n" not in str(e.value)


def test_a_calibration_of_another_fit_is_refused(calibrated, tmp_path):
    genes = calibrated.genes

    def check(c, **how):
        how = {"genes": genes, "files": FILES} | how
        check_calibration(tmp_path / "c.npz", calibrated, c, **how)

    c = config.default()
    c.render.resolution_mm = 3  # maps may be drawn in other ways
    check(c)
    with pytest.raises(InputError, match=r"others in wells\.csv"):
        check(c, files={"wells.csv": "cd34"})
    with pytest.raises(InputError, match="found 2 others"):
        check(c, genes=("APOE",))
    c.fit.members = 2
    with pytest.raises(InputError, match=r"fit\.members: 6 -> 2"):
        check(c)
