"""Null models of a map: what cannot be fitted is told by its stratum."""

from __future__ import annotations

import numpy as np
import pytest

from inr_jax.errors import InputError
from inr_jax.maps.association_nulls import correlation_at, fit_null_model
from inr_jax.maps.association_places import Ground
from inr_jax.stats.nulls import (
    Covariance,
    Nodes,
    field_pair,
    make_lattice,
    stable_root,
    white_pair,
)

LATTICE = make_lattice((6, 7, 6), 6 * np.eye(3))
IJK = np.argwhere(np.ones((6, 7, 6), bool))
FLAT = np.ravel_multi_index(tuple(IJK.T), LATTICE.shape)
STRATUM = IJK[:, 2] // 3
GROUND = Ground(
    Nodes(LATTICE, FLAT, STRATUM, IJK * 6.0),
    ("cortex", "cerebellum"),
    np.arange(len(FLAT)),
)
NOISE = np.random.default_rng(0).standard_normal(len(FLAT))


@pytest.mark.parametrize(
    "flat",
    [np.full(len(FLAT), 0.1), 0.1 + IJK @ [0.3, -0.2, 0.7] / 7],
    ids=["constant", "gradient"],
)
def test_a_stratum_without_variation_beside_the_trend_is_named(flat):
    y = np.where(STRATUM == 1, flat, NOISE)
    with pytest.raises(InputError) as refused:
        fit_null_model(GROUND, y, trend="linear", seed=0, where="PET.nii")
    told = str(refused.value)
    assert told.startswith("PET.nii") and "no variation in the cerebellum" in told
    assert "strata=none" in told and "\n" not in told


def test_scale_and_offset_change_neither_length_nor_shape():
    one = fit_null_model(GROUND, NOISE, trend="linear", seed=0, where="map")
    other = fit_null_model(
        GROUND, 1e-6 * NOISE + 5, trend="linear", seed=0, where="map"
    )
    for a, b in zip(one.covariances, other.covariances, strict=True):
        assert (a.length_mm, a.shape) == (b.length_mm, b.shape)
        assert b.sill + b.nugget == pytest.approx(1e-12 * (a.sill + a.nugget), rel=1e-3)


@pytest.mark.parametrize(
    ("length_mm", "trend", "told"),
    [
        (90.0, "linear", True),
        (90.0, "quadratic", False),
        (90.0, "auto", False),
        (10.0, "linear", False),
        (10.0, "auto", False),
    ],
)
def test_a_very_smooth_map_is_told_to_take_a_quadratic_trend(
    caplog, length_mm, trend, told
):
    lattice = make_lattice((14, 14, 14), 10 * np.eye(3))
    ijk = np.argwhere(np.ones((14, 14, 14), bool))
    flat = np.ravel_multi_index(tuple(ijk.T), lattice.shape)
    nodes = Nodes(lattice, flat, np.zeros(len(flat), int), ijk * 10.0)
    field = field_pair(stable_root(lattice, length_mm, 1.6), white_pair(lattice, 0, 0))
    ground = Ground(nodes, ("cortex",), np.arange(len(flat)))
    y = field.real.ravel()[flat]
    model = fit_null_model(ground, y, trend=trend, seed=0, where="PET.nii")
    assert ("trend=quadratic" in caplog.text) == told
    if trend == "auto":
        trend = "quadratic" if length_mm == 90.0 else "linear"
        named = fit_null_model(ground, y, trend=trend, seed=0, where="PET.nii")
        assert model.covariances == named.covariances
    assert model.trend == trend


def test_a_small_stratum_of_which_a_quadratic_trend_leaves_nothing_keeps_it_linear():
    lattice = make_lattice((14, 14, 14), 10 * np.eye(3))
    ijk = np.argwhere(np.ones((14, 14, 14), bool))
    flat = np.ravel_multi_index(tuple(ijk.T), lattice.shape)
    stratum = (ijk[:, 2] == 13).astype(int)
    nodes = Nodes(lattice, flat, stratum, ijk * 10.0)
    field = field_pair(stable_root(lattice, 90.0, 1.6), white_pair(lattice, 0, 0))
    y = np.where(stratum, (ijk[:, 0] / 7.0) ** 2, field.real.ravel()[flat])
    ground = Ground(nodes, ("cortex", "brainstem"), np.arange(len(flat)))
    model = fit_null_model(ground, y, trend="auto", seed=0, where="PET.nii")
    assert model.trend == "linear"


def test_a_correlation_falls_by_the_nugget_and_with_distance():
    covariance = Covariance(sill=3.0, nugget=1.0, length_mm=20.0, shape=1.0)
    assert correlation_at(covariance, 0.0) == pytest.approx(0.75)
    assert correlation_at(covariance, 40.0) == pytest.approx(0.75 * np.exp(-2))
