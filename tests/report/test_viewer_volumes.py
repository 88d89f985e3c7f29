"""Maps as few volumes: what is summed again is what was given."""

from __future__ import annotations

import numpy as np
import pytest

from inr_jax.report.viewer_packs import pack, unpack
from inr_jax.report.viewer_volumes import (
    agreement,
    make_volumes,
    weights_of_examples,
)


def smooth(rng, voxels, count):
    """Sums of slow sines of a line of voxels, `(V, count)`."""
    at = np.linspace(0, 1, voxels)[:, None, None]
    waves = np.sin(2 * np.pi * at * np.arange(1, 6) + rng.uniform(0, 6, (count, 5)))
    return waves.sum(-1).astype(np.float32)


def test_maps_of_few_patterns_need_as_many_volumes(rng):
    features, weights = smooth(rng, 3000, 3), rng.normal(size=(40, 3))
    weights *= rng.uniform(0.1, 100, (40, 1))
    volumes = make_volumes(features, weights, error=0.005, most=20)
    assert len(volumes.levels) == 3
    true = features @ weights.T
    error = np.abs(volumes.at(slice(None)) - true).max(0) / np.ptp(true, axis=0)
    assert error.max() < 0.005
    assert agreement(volumes.at(slice(None)), true).min() > 0.9999


def test_more_volumes_leave_less_of_the_maps_out_and_the_bound_holds(rng):
    features, weights = rng.normal(size=(500, 12)), rng.normal(size=(30, 12))
    true, left = features @ weights.T, []
    for most in (2, 6, 12):
        volumes = make_volumes(features, weights, error=0.001, most=most)
        assert len(volumes.levels) == most
        left.append(np.abs(volumes.at(slice(None)) - true).max())
    assert left[0] > left[1] > left[2]


def test_volumes_are_the_singular_vectors_of_all_maps_together(rng):
    """The k that leave the least squares, maps at their own scale (Eckart, Young)."""
    features, weights = rng.normal(size=(400, 8)), rng.normal(size=(20, 8))
    true = features @ weights.T
    unit = (true - true.mean(0)) / true.std(0)
    values = np.linalg.svd(unit, compute_uv=False)
    volumes = make_volumes(features, weights, error=0.0, most=3)
    rest = (volumes.at(slice(None)) - true) / true.std(0)
    best = np.sum(values[3:] ** 2)
    assert best < np.sum(rest**2) < 1.15 * best  # rounding adds a ninth


def test_constant_maps_and_maps_of_one_voxel_are_shown_as_they_are(rng):
    features = np.hstack([smooth(rng, 200, 2), np.ones((200, 1), np.float32)])
    weights = np.array([[0, 0, 3.5], [1, 2, 0], [0, 0, 0]])
    volumes = make_volumes(features, weights, error=0.01, most=5)
    at = volumes.at(slice(None))
    assert np.allclose(at[:, 0], 3.5) and np.allclose(at[:, 2], 0)
    r = agreement(at, features @ weights.T)
    assert r[0] == r[2] == 1 and r[1] > 0.999
    single = make_volumes(features[:1], weights, error=0.01, most=5)
    assert np.allclose(single.at(slice(None)), features[:1] @ weights.T, atol=1e-5)


def test_maps_that_vary_little_about_their_mean_are_scaled_by_it(rng):
    sds = 10 + 0.01 * smooth(rng, 500, 6)
    volumes = make_volumes(sds, np.eye(6), error=0.01, most=6, by_mean=True)
    assert len(volumes.levels) == 1
    assert np.abs(volumes.at(slice(None)) / sds - 1).max() < 0.02


def test_maps_of_examples_stand_for_all_where_maps_are_few_patterns(rng):
    patterns, loads = rng.normal(size=(300, 3)), rng.normal(size=(50, 3))
    maps = patterns @ loads.T + 2
    there = np.arange(0, 300, 3)
    weights = weights_of_examples(maps[there, :5], maps[there])
    ones = np.ones((300, 1))
    assert np.allclose(np.hstack([maps[:, :5], ones]) @ weights.T, maps)


@pytest.mark.parametrize("kind", ["uint8", "uint16", "int16"])
@pytest.mark.parametrize("shape", [(3, 50), (7,), (2, 3, 4), (2, 0)])
@pytest.mark.parametrize("along", [True, False])
def test_what_is_packed_is_unpacked(rng, kind, shape, along):
    bounds = np.iinfo(kind)
    array = rng.integers(bounds.min, bounds.max, shape, endpoint=True).astype(kind)
    again = unpack(pack(array, along=along))
    assert again.dtype == array.dtype and again.shape == shape
    assert np.array_equal(again, array)


def test_smooth_volumes_are_packed_small_and_the_same_each_time(rng):
    levels = (100 * smooth(rng, 20000, 4)).T.astype(np.int16)
    packed = pack(levels)
    assert len(packed["data"]) < levels.nbytes / 4
    assert pack(levels) == packed
