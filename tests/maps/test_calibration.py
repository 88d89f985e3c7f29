"""A calibration on disk: the same when read again, and never another fit's."""

from __future__ import annotations

import re

import numpy as np
import pytest
from given import input_error
from workdirs import rewrite_arrays

from inr_jax.errors import InputError
from inr_jax.maps.calibration import (
    FORMAT,
    Calibrated,
    read_calibration,
    write_calibration,
)
from inr_jax.run import config
from inr_jax.run.consistency import check_calibration
from inr_jax.samples.support import Support
from inr_jax.stats.conformal import Calibration, predictive_sd
from inr_jax.stats.conformal_fit import calibrate
from inr_jax.stats.residuals import HeldOut
from inr_jax.stats.validity import evidence_by_matter

FILES = {"wells.csv": "ab12"}


@pytest.fixture
def calibrated(rng):
    x_mm = rng.uniform(-60, 60, (60, 3))
    support = Support(x_mm, np.zeros((60, 2)), np.full(30, 2))
    matter, donor = np.arange(30) // 15, np.arange(30) % 3
    residual = rng.normal(size=(30, 2))
    held = HeldOut(residual, np.ones((30, 2)), donor, support, matter)
    return Calibrated(
        calibrate(held, mirror=True),
        ("HLA-DRA", "APOE"),
        {"overall": {"coverage": 0.9, "wells": 30}},
        evidence_by_matter(matter, donor),
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


def nan(array):
    return np.append(array[:-1], np.nan)


_, FACTOR, *_ = Calibration._fields
DAMAGE = {
    "cut": (lambda path: path.write_bytes(path.read_bytes()[:-100]), "zip"),
    "text": (lambda path: path.write_text("noise,factor\n"), "zip"),
    "gone": (lambda path: path.unlink(), "No such file"),
    "folder": (lambda path: (path.unlink(), path.mkdir()), "no regular file"),
    "old": (lambda path: rewrite_arrays(path, 1), "format 1"),
    "no array": (lambda path: rewrite_arrays(path, quantile=lambda a: None), FACTOR),
    "shape": (lambda path: rewrite_arrays(path, quantile=lambda a: a[:1]), "instead"),
    "no points": (lambda path: rewrite_arrays(path, size=lambda a: 0 * a), "of 0"),
    "points": (lambda path: rewrite_arrays(path, size=lambda a: a + 1), "instead of"),
    "NaN": (lambda path: rewrite_arrays(path, squared_residual=nan), "not finite"),
    "zero sd": (lambda path: rewrite_arrays(path, residual_sd=lambda a: 0 * a), "of 0"),
    "matters": (
        lambda path: rewrite_arrays(path, matter_factor=lambda a: a[:2]),
        "instead of",
    ),
    "words": (lambda path: rewrite_arrays(path, mirror=lambda a: np.array("x")), "<U1"),
}


@pytest.mark.parametrize(("damage", "words"), DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_refused_in_one_line(damage, words, calibrated, tmp_path):
    path = tmp_path / "calibration.npz"
    write_calibration(path, calibrated)
    damage(path)
    line = str(input_error(read_calibration, path))
    assert f"npz: expected a calibration of format {FORMAT}, found " in line
    assert re.search(words, line) and line.endswith(
        "; delete it and run evaluate again"
    )


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
