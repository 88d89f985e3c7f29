"""A map against genes at nodes and at means over nodes, with null maps."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from inr_jax.maps.association import (
    NullMaps,
    by_donor,
    correlate,
    field_nulls,
    outcomes,
    region_level,
    run_nulls,
    voxel_level,
    well_level,
)
from inr_jax.maps.association_places import Averages, Ground
from inr_jax.stats.association_sets import set_counts, set_scores, set_tails
from inr_jax.stats.nulls import Covariance, Nodes, make_lattice, null_pair, roots_of

LATTICE = make_lattice((8, 9, 7), np.diag([6.0, 6.0, 6.0]))
IJK = np.argwhere(np.ones((8, 9, 7), bool))
FLAT = np.ravel_multi_index(tuple(IJK.T), LATTICE.shape)
NODES = Nodes(LATTICE, FLAT, IJK[:, 2] // 4, IJK * 6.0)
GROUND = Ground(NODES, ("upper", "lower"), np.arange(len(FLAT)))
COVARIANCES = [Covariance(1.0, 0.1, 15.0, 1.5), Covariance(2.0, 0.1, 10.0, 1.0)]


@pytest.fixture(scope="module")
def features():
    roots = roots_of(LATTICE, COVARIANCES)
    pairs = [null_pair(NODES, COVARIANCES, roots, seed=9, pair=k) for k in range(6)]
    return np.concatenate(pairs, axis=1)


def averages(size):
    """Blocks of `size` nodes one behind the other."""
    place = np.arange(len(FLAT)) // size
    count = np.bincount(place)
    weight = csr_matrix((1 / count[place], (place, np.arange(len(FLAT)))))
    at = weight @ NODES.x_mm
    stratum = np.rint(weight @ NODES.stratum).astype(int)
    return Averages(weight.astype(np.float32), np.arange(len(count)), at, stratum)


@pytest.fixture
def levels(features):
    weights = np.random.default_rng(4).standard_normal((20, 12))
    regions, wells = averages(9), averages(1)
    donor = np.arange(len(FLAT)) % 3
    values = features @ weights.T
    return {
        "voxel": voxel_level(GROUND, features.copy(), weights, "linear"),
        "region": region_level(regions, features, weights, "linear"),
        "well": well_level(wells, values, donor, "linear"),
    }


def tallies_of(levels, y, total=40, **more):
    nulls = NullMaps(field_nulls(NODES, COVARIANCES, 3), total)
    observed = correlate(levels, y)
    return observed, run_nulls(nulls, levels, observed, **more)


def test_a_gene_as_the_map_correlates_by_1_at_every_level(levels, features):
    weights = np.random.default_rng(4).standard_normal((20, 12))
    r = correlate(levels, (features @ weights.T)[:, 7] * 3 + 100)
    assert all(r[level][7] == pytest.approx(1, abs=1e-5) for level in levels)
    assert all(abs(r[level][:7]).max() < 0.999 for level in levels)


def test_the_same_seed_gives_the_same_p_bit_for_bit(levels, features):
    y = features[:, 0] + features[:, 1]
    _, first = tallies_of(levels, y)
    _, again = tallies_of(levels, y)
    for level in levels:
        for one, other in zip(first[level], again[level], strict=True):
            np.testing.assert_array_equal(one, other)


def test_p_values_of_null_maps_themselves_are_uniform(levels):
    """What is tested is as the null says: p below .2 in a fifth of maps."""
    roots, p = roots_of(LATTICE, COVARIANCES), []
    _, tallies = tallies_of(levels, np.arange(len(FLAT)) ** 2.0, total=200)
    for pair in range(30):
        for y in null_pair(NODES, COVARIANCES, roots, seed=8, pair=pair).T:
            r = correlate({"voxel": levels["voxel"]}, y)
            observed = outcomes(r, {"voxel": tallies["voxel"]})["voxel"]
            p.append(observed.chances.p_tail)
    assert np.mean(np.array(p) < 0.2) == pytest.approx(0.2, abs=0.05)


def test_a_stop_keeps_what_is_done_where_it_is_enough(levels, features):
    def stop(done):
        if done >= self_stop[0]:
            raise KeyboardInterrupt

    self_stop = [112]
    _, tallies = tallies_of(levels, features[:, 0], total=400, on_batch=stop)
    assert tallies["voxel"].done == 112
    _, whole = tallies_of(levels, features[:, 0], total=112)
    np.testing.assert_array_equal(tallies["well"].reached, whole["well"].reached)
    self_stop = [16]
    with pytest.raises(KeyboardInterrupt):
        tallies_of(levels, features[:, 0], total=400, on_batch=stop)


def test_r_in_a_donor_is_that_of_its_wells_alone(features):
    wells, donor = averages(1), np.arange(len(FLAT)) % 3
    values = features[:, :4].copy()
    values[donor == 1] *= -1
    r = by_donor(wells, values, donor, features[:, 2])
    assert r[0][2] == pytest.approx(1, abs=1e-4)
    assert r[1][2] == pytest.approx(-1, abs=1e-4)


def test_scores_of_sets_are_means_of_fishers_z_with_a_p_from_null_maps(rng):
    r = rng.uniform(-0.5, 0.5, (6, 300))
    sets = np.array([[1, 1, 0, 0, 0, 0], [0, 0, 1, 1, 1, 0]]) / [[2], [3]]
    scores = set_scores(sets, r)
    assert scores[1, 5] == pytest.approx(np.arctanh(r[2:5, 5]).mean())
    p = set_counts(scores[:, 0], scores[:, 1:])
    assert p[0] == (1 + (abs(scores[0, 1:]) >= abs(scores[0, 0])).sum()) / 300
    tail = set_tails(scores[:, 0], scores[:, 1:])
    assert abs(tail - p).max() < 0.1
    assert set_tails(np.array([0.0, 9.0]), scores)[1] < 1e-6
