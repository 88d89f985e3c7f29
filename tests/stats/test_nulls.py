"""Random fields have the covariance that they are asked for, and fits find it again."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.fft import ifftn

from inr_jax.stats import nulls_pairs
from inr_jax.stats import nulls_variogram as variograms
from inr_jax.stats.nulls import (
    Covariance,
    Lattice,
    Nodes,
    field_pair,
    make_lattice,
    null_pair,
    realised,
    root_spectrum,
    roots_of,
    stable,
    stable_root,
    white_pair,
)

LATTICE = make_lattice((7, 9, 8), np.diag([6.0, 6.0, 6.0]))


def covariance_of(root):
    """Of fields with a root spectrum, at all lags: the transform of its square."""
    return ifftn(np.float64(root) ** 2).real * root.size


def test_a_lattice_holds_the_brain_and_its_pad():
    assert all(
        n * 6 >= e * 6 + 60 for n, e in zip(LATTICE.shape, (7, 9, 8), strict=True)
    )


def test_distances_go_the_shorter_way_round_an_oblique_lattice():
    step = np.array([[2.0, 0.5, 0], [0, 3, 0], [0.1, 0, 4]])
    lattice = Lattice((4, 5, 6), step)
    lag = np.array([-1, 2, -3])
    i, j, k = lag % lattice.shape
    assert lattice.distance_mm()[i, j, k] in (
        pytest.approx(np.linalg.norm(step @ lag)),
        pytest.approx(np.linalg.norm(step @ (lag * [1, 1, -1]))),
    )


@pytest.mark.parametrize("of", ["stable", "matern"])
def test_fields_have_the_covariance_that_is_asked_for(of):
    d = LATTICE.distance_mm()
    s = np.sqrt(3) * d / 12
    wanted = stable(d, 12.0, 1.5) if of == "stable" else (1 + s) * np.exp(-s)
    root = root_spectrum(LATTICE, wanted)
    np.testing.assert_allclose(covariance_of(root), wanted, atol=1e-4)
    pairs = [field_pair(root, white_pair(LATTICE, 3, pair)) for pair in range(60)]
    fields = np.stack([part for z in pairs for part in (z.real, z.imag)])
    for axis in range(3):
        products = (fields * np.roll(fields, 2, axis + 1)).mean()
        lag = tuple(np.eye(3, dtype=int)[axis] * 2)
        assert products == pytest.approx(wanted[lag], abs=0.03)
    assert abs((fields[::2] * fields[1::2]).mean()) < 0.02  # parts are independent


def test_what_long_correlations_become_on_a_torus_is_known():
    brain = make_lattice((24, 30, 25), np.diag([6.0, 6.0, 6.0]))
    d = brain.distance_mm()
    reached = covariance_of(stable_root(brain, 116.0, 2.0))
    ring = np.rint(d / 6).astype(int).ravel()

    def by_distance(values):
        return (np.bincount(ring, values.ravel()) / np.bincount(ring))[:16]

    told = by_distance(realised(brain, 116.0, 2.0)(d))
    assert abs(told - by_distance(reached)).max() < 0.02
    assert abs(by_distance(stable(d, 116.0, 2.0) - reached)).max() > 0.1


def nodes_of(strata):
    ijk = np.argwhere(np.ones((7, 9, 8), bool))
    flat = np.ravel_multi_index(tuple(ijk.T), LATTICE.shape)
    return Nodes(LATTICE, flat, strata(ijk), ijk * 6.0)


def test_strata_of_one_covariance_are_one_field():
    part = Covariance(2.0, 0.5, 20.0, 1.0)
    whole = nodes_of(lambda ijk: np.zeros(len(ijk), int))
    halves = nodes_of(lambda ijk: ijk[:, 0] % 2)
    roots = roots_of(LATTICE, [part, part])
    draws = [
        null_pair(nodes, covariances, roots, seed=1, pair=5)
        for nodes, covariances in ((whole, [part]), (halves, [part, part]))
    ]
    np.testing.assert_array_equal(*draws)


def test_a_null_map_depends_on_its_seed_and_number_alone():
    nodes, part = nodes_of(lambda ijk: ijk[:, 1] // 5), Covariance(1.0, 0.2, 9.0, 2.0)
    other = part._replace(sill=3.0, length_mm=15.0)
    roots = roots_of(LATTICE, [part, other])
    first = null_pair(nodes, [part, other], roots, seed=1, pair=5)
    null_pair(nodes, [part, other], roots, seed=1, pair=6)
    again = null_pair(nodes, [part, other], roots, seed=1, pair=5)
    np.testing.assert_array_equal(first, again)
    assert (first != null_pair(nodes, [part, other], roots, seed=2, pair=5)).any()
    assert first[nodes.stratum == 1].std() > 1.3 * first[nodes.stratum == 0].std()


@pytest.fixture(scope="module")
def plan():
    x_mm = np.random.default_rng(0).uniform(-60, 60, (300, 3))
    design = np.concatenate([np.ones((300, 1)), x_mm], axis=1)
    tables = variograms.correlation_tables(LATTICE)
    return variograms.plan_variogram(x_mm, design, tables), tables


def test_what_a_removal_takes_is_that_of_dense_algebra(plan):
    x_mm = np.random.default_rng(1).uniform(-50, 50, (60, 3))
    basis = nulls_pairs.orthonormal(np.concatenate([np.ones((60, 1)), x_mm], axis=1))
    pairs = nulls_pairs.pairs_of(x_mm)
    apart = np.linalg.norm(x_mm[:, None] - x_mm[None], axis=-1)
    covariance = stable(apart, 30.0, 1.0)
    h = np.eye(60) - basis @ basis.T

    def expected(c):
        own = (np.diag(c)[pairs.first] + np.diag(c)[pairs.second]) / 2
        return pairs.mean(own - c[pairs.first, pairs.second])

    taken = nulls_pairs.removal(pairs, basis)(covariance)
    np.testing.assert_allclose(
        expected(covariance) - taken, expected(h @ covariance @ h), atol=1e-12
    )


def test_a_fit_finds_the_covariance_of_its_own_variogram(plan):
    plan, _ = plan
    row = variograms.GRID.index(
        next(key for key in variograms.GRID if key[0] > 20 and key[1] == 1.0)
    )
    observed = 2.0 * plan.expected[row] + 0.3 * plan.rough
    fit = variograms.fit_covariance(plan, observed)
    assert (fit.covariance.length_mm, fit.covariance.shape) == variograms.GRID[row]
    assert fit.covariance.sill == pytest.approx(2.0)
    assert fit.covariance.nugget == pytest.approx(0.3)
    assert fit.misfit < 1e-6


def test_white_noise_is_all_nugget(plan):
    plan, _ = plan
    white = np.random.default_rng(2).standard_normal(300)
    part = variograms.fit_covariance(plan, variograms.variogram(plan, white)).covariance
    far = part.sill * (1 - stable(10.0, part.length_mm, part.shape))
    assert part.nugget + far == pytest.approx(1, abs=0.25)


def test_a_trend_leaves_no_trace_in_a_variogram(plan):
    plan, _ = plan
    x_mm = np.random.default_rng(0).uniform(-60, 60, (300, 3))
    y = np.random.default_rng(3).standard_normal(300)
    tilted = y + 5 + x_mm @ [0.3, -0.2, 1.0]
    np.testing.assert_allclose(
        variograms.variogram(plan, y), variograms.variogram(plan, tilted), rtol=1e-9
    )


def test_a_constant_has_no_variogram_to_fit(plan):
    plan, _ = plan
    with pytest.raises(ValueError, match="0 throughout"):
        variograms.fit_covariance(plan, np.zeros(len(plan.rough)))
