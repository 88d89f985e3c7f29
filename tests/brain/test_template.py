"""The template: nilearn's arrays without nilearn, and tissue between its voxels."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from inr_jax.brain.template import SPACE, brain_mask, t1, tissue_at, tissue_maps
from inr_jax.errors import InputError


@pytest.fixture(scope="module")
def nilearn_datasets():
    return pytest.importorskip("nilearn.datasets")


@pytest.mark.parametrize("resolution_mm", [1, 2, 3])
def test_the_mask_is_nilearns(nilearn_datasets, resolution_mm):
    image = nilearn_datasets.load_mni152_brain_mask(resolution=resolution_mm)
    mask, grid = brain_mask(resolution_mm)
    assert mask.dtype == bool
    assert mask.shape == grid.shape
    np.testing.assert_array_equal(mask, np.asanyarray(image.dataobj) != 0)
    np.testing.assert_array_equal(grid.affine, image.affine)


def test_the_images_are_nilearns(nilearn_datasets):
    grey, white, tissue_grid = tissue_maps()
    image, grid = t1()
    for ours, theirs in (
        (image, nilearn_datasets.load_mni152_template(resolution=1)),
        (grey, nilearn_datasets.load_mni152_gm_template(resolution=1)),
        (white, nilearn_datasets.load_mni152_wm_template(resolution=1)),
    ):
        assert ours.dtype == np.float32
        np.testing.assert_array_equal(ours, np.asanyarray(theirs.dataobj))
        np.testing.assert_array_equal(grid.affine, theirs.affine)
    np.testing.assert_array_equal(grid.affine, tissue_grid.affine)
    assert grid.shape == tissue_grid.shape == image.shape


def test_the_space_is_the_symmetric_template_in_mm():
    assert SPACE == "MNI152NLin2009aSym"
    affine = np.diag([1.0, 1.0, 1.0, 1.0])
    affine[:3, 3] = -98, -134, -72
    np.testing.assert_array_equal(t1()[1].affine, affine)


@pytest.mark.parametrize(
    ("resolution_mm", "shape"),
    [(1, (197, 233, 189)), (2, (99, 117, 95)), (3, (67, 79, 64))],
)
def test_a_brain_has_the_volume_of_a_brain_at_any_resolution(resolution_mm, shape):
    mask, grid = brain_mask(resolution_mm)
    assert grid.shape == shape
    np.testing.assert_array_equal(grid.voxel_mm(), np.full(3, resolution_mm))
    litres = mask.sum() * resolution_mm**3 / 1e6
    assert 1.86 < litres < 1.90
    x_mm = grid.points_mm(mask)
    assert (x_mm.min(0) > [-80, -115, -73]).all()
    assert (x_mm.max(0) < [80, 80, 90]).all()


def test_left_is_right():
    for image in (brain_mask(1)[0], brain_mask(2)[0], t1()[0], *tissue_maps()[:2]):
        np.testing.assert_array_equal(image, image[::-1])


def test_an_unknown_resolution_is_refused():
    with pytest.raises(InputError, match="expected 1, 2 or 3 mm, found 4"):
        brain_mask(4)


def test_tissue_is_a_probability():
    grey, white, _ = tissue_maps()
    for tissue in (grey, white):
        assert tissue.min() == 0
        assert tissue.max() == 1
    assert (grey + white).max() <= 1 + 1e-6


def test_the_cached_maps_cannot_be_spoilt():
    with pytest.raises(ValueError, match="read-only"):
        tissue_maps()[0][0, 0, 0] = 1
    assert tissue_maps()[0] is tissue_maps()[0]


def test_tissue_lies_where_anatomy_has_it():
    corona_radiata, caudate, far_off = [27, -10, 32], [13, 14, 10], [0, 300, 0]
    tissue = tissue_at(np.array([corona_radiata, caudate, far_off]))
    assert tissue[0, 1] > 0.9
    assert tissue[1, 0] > 0.9
    np.testing.assert_array_equal(tissue[2], [0, 0])


def trilinear(image: np.ndarray, x_mm: np.ndarray) -> float:
    """Weighted mean of the eight voxels around one point; 1 mm voxels assumed."""
    position = [x_mm[0] + 98, x_mm[1] + 134, x_mm[2] + 72]
    low = [int(np.floor(p)) for p in position]
    total = 0.0
    for corner in itertools.product((0, 1), repeat=3):
        weight = 1.0
        for p, base, step in zip(position, low, corner, strict=True):
            weight *= p - base if step else 1 - (p - base)
        i, j, k = (base + step for base, step in zip(low, corner, strict=True))
        total += weight * float(image[i, j, k])
    return total


def test_tissue_between_voxels_is_trilinear(rng):
    grey, white, _ = tissue_maps()
    x_mm = rng.uniform([-60, -90, -50], [60, 60, 70], (40, 3))
    expected = [[trilinear(grey, x), trilinear(white, x)] for x in x_mm]
    tissue = tissue_at(x_mm)
    assert tissue.dtype == np.float32
    assert (tissue > 0.05).sum() > 20
    np.testing.assert_allclose(tissue, expected, atol=1e-6)


def test_tissue_at_a_voxel_centre_is_the_voxel(rng):
    grey, white, grid = tissue_maps()
    ijk = rng.integers(0, grid.shape, (50, 3))
    expected = np.stack([grey[tuple(ijk.T)], white[tuple(ijk.T)]], -1)
    np.testing.assert_allclose(tissue_at(grid.mm(ijk)), expected, atol=1e-6)


def test_tissue_of_no_points_is_no_tissue():
    assert tissue_at(np.zeros((0, 3))).shape == (0, 2)
