"""Wells beside a run's results: what is read is what was written, or one line."""

from __future__ import annotations

import numpy as np
import pytest
from given import input_error
from workdirs import rewrite_arrays

from inr_jax.run.wells import read_wells, without_values, write_wells
from inr_jax.samples.samples import make_samples
from inr_jax.samples.source import Source
from inr_jax.samples.support import Support


@pytest.fixture
def source(rng):
    x_mm = rng.uniform(-40, 40, (6, 3))
    size = np.array([1, 3, 2, 1, 4, 1], np.int32)
    points = np.float32(rng.uniform(-40, 40, (12, 3)))
    samples = make_samples(
        x_mm=x_mm,
        values=rng.normal(size=(6, 2)),
        genes=["APOE", "MAPT"],
        donor=list("AABBCC"),
        where="test",
        support=Support(points, np.float32(rng.random((12, 2))), size),
    )
    return Source(samples, {"wells.csv": "ab12"}, "abagen", {})


def test_supports_are_read_as_they_were_written_and_values_are_not_kept(
    source, tmp_path
):
    write_wells(tmp_path / "wells.npz", source)
    for kept in (read_wells(tmp_path / "wells.npz"), without_values(source)):
        assert np.isnan(kept.samples.values).all()
        for array, expected in zip(
            kept.samples.points(), source.samples.points(), strict=True
        ):
            np.testing.assert_array_equal(array, expected)


def test_single_wells_have_none(source, tmp_path):
    path = tmp_path / "wells.npz"
    write_wells(path, source)
    gone = dict.fromkeys(("support_size", "support_x_mm", "support_tissue"))
    rewrite_arrays(path, **{name: lambda array: None for name in gone})
    assert read_wells(path).samples.support is None


@pytest.mark.parametrize("name", ["support_size", "support_x_mm", "support_tissue"])
@pytest.mark.parametrize("change", [lambda array: array[1:], lambda array: None])
def test_supports_that_do_not_fit_their_wells_are_refused(
    source, tmp_path, name, change
):
    path = tmp_path / "wells.npz"
    write_wells(path, source)
    rewrite_arrays(path, **{name: change})
    line = str(input_error(read_wells, path))
    assert "instead of" in line or "supports of " in line
    assert line.endswith("run `inr-jax fit` again")


def test_a_donor_that_has_no_name_is_refused(source, tmp_path):
    path = tmp_path / "wells.npz"
    write_wells(path, source)
    rewrite_arrays(path, donor=lambda donor: donor + 1)
    assert "a donor that is not among donors" in str(input_error(read_wells, path))
