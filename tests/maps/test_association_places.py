"""Nodes at which a map is known, regions and wells as means over them."""

from __future__ import annotations

import numpy as np
import pytest

from inr_jax.brain.label_images import LabelImage
from inr_jax.brain.space import Grid
from inr_jax.errors import InputError
from inr_jax.maps.association_places import Candidates, ground_of, regions_of, wells_of
from inr_jax.samples.samples import make_samples

IJK = np.argwhere(np.ones((6, 7, 5), bool))
PART = np.where(IJK[:, 0] < 3, 0, 2)
STRATA = ("cortex", "subcortex", "cerebellum")
CANDIDATES = Candidates(IJK, IJK * 4.0 - 10, PART, STRATA, 4 * np.eye(3))


def test_strata_and_lattice_are_those_of_the_known_nodes():
    known = IJK[:, 2] > 1
    ground = ground_of(CANDIDATES, known, "map")
    assert ground.strata == ("cortex", "cerebellum")
    np.testing.assert_array_equal(ground.rows, np.flatnonzero(known))
    nodes = ground.nodes
    at = np.stack(np.unravel_index(nodes.flat, nodes.lattice.shape), 1)
    apart = (at - at[0]) * 4.0
    np.testing.assert_allclose(nodes.x_mm - nodes.x_mm[0], apart)


def test_a_part_with_few_nodes_is_left_out_and_one_part_alone_is_told(caplog):
    known = (PART == 0) | ((IJK == 6).any(1) & (IJK[:, 2] == 0))
    ground = ground_of(CANDIDATES, known, "map.nii")
    assert ground.strata == ("cortex",)
    assert "left out in the cerebellum, where it is known at 3 nodes" in caplog.text
    assert "map.nii: known in the cortex alone" in caplog.text


def test_three_voxels_are_no_map():
    with pytest.raises(InputError, match="30 voxels of grey matter, found 3 of 210"):
        ground_of(CANDIDATES, np.arange(210) < 3, "map")


@pytest.fixture
def nodes():
    return ground_of(CANDIDATES, np.ones(210, bool), "map").nodes


def test_regions_are_means_of_their_nodes(nodes):
    region = np.zeros((6, 7, 5), np.int16)
    region[:, :2], region[:, 4:] = 1, 3
    affine = np.diag([4.0, 4, 4, 1])
    affine[:3, 3] = -10
    labels = LabelImage(region, Grid(region.shape, affine), ("", "a", "b", "c"), ())
    regions = regions_of(nodes, labels)
    np.testing.assert_array_equal(regions.rows, [1, 3])
    y = nodes.x_mm[:, 1] ** 2
    expected = [y[IJK[:, 1] < 2].mean(), y[IJK[:, 1] > 3].mean()]
    np.testing.assert_allclose(regions.weight @ y, expected, rtol=1e-6)


def test_a_well_has_the_value_of_the_node_next_to_it_unless_it_is_far(nodes):
    x_mm = np.array([[-9.0, -10, -10], [1.5, 2.5, -2], [90.0, 0, 0]])
    samples = make_samples(
        x_mm=x_mm, values=np.arange(6.0).reshape(3, 2), genes=["A", "B"], where="test"
    )
    wells = wells_of(nodes, samples)
    np.testing.assert_array_equal(wells.rows, [0, 1])
    np.testing.assert_allclose(wells.weight @ nodes.x_mm, [[-10, -10, -10], [2, 2, -2]])
