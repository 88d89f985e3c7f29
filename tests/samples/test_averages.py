"""Averages over the wells of a donor and structure, against a loop."""

from __future__ import annotations

import numpy as np
import pytest

from inr_jax.errors import InputError
from inr_jax.samples.averages import averaged
from inr_jax.samples.samples import make_samples


@pytest.fixture
def samples(rng):
    n = 40
    names = [["a1", "a2", "b1", None][k] for k in rng.integers(0, 4, n)]
    return make_samples(
        x_mm=rng.uniform(-50, 50, (n, 3)),
        values=rng.normal(size=(n, 2)),
        genes=["A", "B"],
        donor=[f"d{k}" for k in rng.integers(0, 3, n)],
        structure=names,
        parent=[name and name[0] for name in names],
        where="test",
    )


@pytest.mark.parametrize("kind", ["structure", "parent"])
def test_each_average_is_the_mean_of_its_wells_and_knows_where_they_lie(samples, kind):
    means = averaged(samples, kind)
    names = {"structure": samples.structures, "parent": samples.parents}[kind]
    assert means.structures == names
    of, points = getattr(samples, kind), means.points()
    pairs = sorted({(d, s) for d, s in zip(samples.donor, of, strict=True) if s >= 0})
    assert list(zip(means.donor, means.structure, strict=True)) == pairs
    for row, (donor, name) in enumerate(pairs):
        wells = (samples.donor == donor) & (of == name)
        np.testing.assert_allclose(
            means.values[row], samples.values[wells].mean(0), rtol=1e-5
        )
        points_mm = points.x_mm[points.of == row]
        np.testing.assert_array_equal(points_mm, samples.x_mm[wells])
        assert (points_mm == means.x_mm[row]).all(1).any()


def test_none_changes_nothing_and_another_word_is_refused(samples):
    assert averaged(samples, "none") is samples
    with pytest.raises(InputError, match="structure"):
        averaged(samples, "structures")
