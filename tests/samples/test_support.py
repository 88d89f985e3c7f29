"""Supports: means, picks and thinning against loops over the observations."""

from __future__ import annotations

import numpy as np
import pytest

from inr_jax.samples.samples import make_samples
from inr_jax.samples.support import Support, single_points

COUNT = np.array([3, 1, 5, 2], np.int32)


@pytest.fixture
def support(rng) -> Support:
    points = int(COUNT.sum())
    x_mm = rng.normal(0, 20, (points, 3)).astype(np.float32)
    return Support(x_mm, rng.uniform(size=(points, 2)).astype(np.float32), COUNT)


def parts(support: Support) -> list[np.ndarray]:
    return np.split(support.x_mm, np.cumsum(support.size)[:-1])


def test_the_mean_over_supports_is_the_mean_of_each_part(support):
    slow = np.stack([part.mean(0) for part in parts(support)])
    np.testing.assert_allclose(support.mean(support.x_mm), slow, rtol=1e-5)
    np.testing.assert_allclose(support.mean(support.x_mm[:, 0]), slow[:, 0], rtol=1e-5)


@pytest.mark.parametrize(
    "rows", [slice(1, 3), np.array([2, 0]), np.array([True, False, False, True])]
)
def test_the_supports_of_some_rows_are_their_parts_in_that_order(support, rows):
    wanted = [parts(support)[n] for n in np.arange(4)[rows]]
    taken = support.take(rows)
    np.testing.assert_array_equal(taken.x_mm, np.concatenate(wanted))
    np.testing.assert_array_equal(taken.size, [len(part) for part in wanted])


def test_thinning_keeps_so_many_points_of_each_and_each_its_own(support):
    thin = support.thinned(2)
    assert thin.size.tolist() == [2, 1, 2, 2]
    for few, all_ in zip(parts(thin), parts(support), strict=True):
        assert {tuple(x) for x in few} <= {tuple(x) for x in all_}
        assert len({tuple(x) for x in few}) == len(few)
    assert support.thinned(5) is support


def test_samples_of_single_points_have_no_support_of_their_own(support, rng):
    given = {"x_mm": support.x_mm[[0, 3, 4, 9]], "genes": ["A"], "where": "test"}
    values = rng.normal(size=(4, 1))
    samples = make_samples(**given, values=values, support=support)
    picked = samples.take(np.array([False, True, True, False]))
    np.testing.assert_array_equal(picked.points().x_mm, support.x_mm[3:9])
    assert picked.sites().points().size.tolist() == [1, 5]
    bare = make_samples(**given, values=values)
    single = make_samples(
        **given, values=values, support=single_points(bare.x_mm, bare.tissue)
    )
    assert bare.support is None and single.support is None
    np.testing.assert_array_equal(bare.points().x_mm, bare.x_mm)
