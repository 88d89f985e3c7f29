"""Null maps of other packages at wells and regions, where these are installed."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from inr_jax.errors import InputError
from inr_jax.maps.association import Seen
from inr_jax.maps.association_baselines import BASELINES, baseline_p, distances_mm
from inr_jax.stats.association import make_level
from inr_jax.stats.nulls_pairs import orthonormal

HOMES = {"moran": "brainspace.null_models", "brainsmash": "brainsmash.mapgen.base"}


@pytest.fixture
def seen(rng):
    """40 places, and genes of which the first is as smooth as the map, and is it."""
    x_mm = rng.uniform(-50, 50, (40, 3))
    smooth = np.sin(x_mm[:, 0] / 20) + np.cos(x_mm[:, 1] / 15)
    genes = np.c_[smooth, rng.standard_normal((40, 3))].astype(np.float32)
    level = make_level(genes, None, orthonormal(np.ones((40, 1))))
    return Seen(level, None, x_mm), smooth


@pytest.mark.slow
@pytest.mark.parametrize("name", BASELINES)
def test_the_map_itself_is_found_and_noise_is_not(seen, name):
    pytest.importorskip(HOMES[name])
    p = baseline_p(name, *seen, total=19, seed=0)
    assert p[0] == pytest.approx(0.05) and p[1:].max() > 0.1


@pytest.mark.parametrize("name", BASELINES)
def test_a_package_that_is_missing_is_named(seen, name, monkeypatch):
    monkeypatch.setitem(sys.modules, HOMES[name], None)
    with pytest.raises(InputError, match=r"pip install 'inr_jax\[nulls\]'"):
        baseline_p(name, *seen, total=9, seed=0)


def test_places_at_one_point_are_a_little_apart(rng):
    x_mm = rng.uniform(-50, 50, (5, 3))
    apart = distances_mm(np.r_[x_mm, x_mm[:1]])
    assert apart[0, 5] == 0.5 and not np.diag(apart).any()
    assert apart[1, 2] == pytest.approx(np.linalg.norm(x_mm[1] - x_mm[2]))
