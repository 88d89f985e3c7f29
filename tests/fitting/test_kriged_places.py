"""Places around the wells: where they are, and what kriging gives there."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from given import random_samples

from inr_jax.fitting import kriged_places as module
from inr_jax.samples.support import Support
from inr_jax.stats.local_kriging import fit_local


@pytest.fixture
def field_samples(rng):
    return random_samples(rng)


@pytest.fixture
def supported(field_samples):
    """Wells whose values are means over two points each."""
    points = np.repeat(field_samples.x_mm, 2, axis=0)
    points[::2] += 2
    return dataclasses.replace(
        field_samples,
        support=Support(
            points.astype(np.float32),
            np.repeat(field_samples.tissue, 2, axis=0),
            np.full(len(field_samples.well), 2, np.int32),
        ),
    )


@pytest.mark.parametrize("kind", ["single", "supported"])
def test_values_are_kriged_at_their_places(kind, field_samples, supported):
    samples = supported if kind == "supported" else field_samples
    targets = np.float64(samples.values)
    places, values = module.kriged_places(samples, targets, mirror=True, count=300)
    assert values.shape == (300, targets.shape[1]) and (places.x_mm[:, 0] >= 0).all()
    field = fit_local(samples, targets, mirror=True)
    np.testing.assert_allclose(values, field.at(np.float64(places.x_mm)), atol=1e-3)


def test_every_point_has_as_many_places_as_any_other(field_samples, monkeypatch):
    monkeypatch.setattr(module, "APART", 0.0)
    count, targets = 2 * len(field_samples.well), np.float64(field_samples.values)
    places, _ = module.kriged_places(field_samples, targets, mirror=False, count=count)
    _, times = np.unique(places.x_mm, axis=0, return_counts=True)
    assert (times == 2).all() and len(times) == len(field_samples.well)


def test_few_wells_get_four_places_each_and_many_one():
    assert module.place_count(100) == 600
    assert module.place_count(3702) == module.MOST
    assert module.place_count(9000) == 9000
