"""Readings of coordinates: what the atlas's wells are taken for in other units."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from inr_jax.brain import placement
from inr_jax.brain.template import brain_mask
from inr_jax.samples.ahba.wells import wells

X_MM = wells().x_mm
# Grids as TemplateFlow, FSL and SPM have them; x grows to the left in the latter two.
OTHER_UNITS = {
    "metres": X_MM / 1000,
    "centimetres": X_MM / 10,
    "voxel indices of a 1 mm grid": X_MM + np.array([98, 134, 72]),
    "voxel indices of a 2 mm grid": (X_MM * [-1, 1, 1] + [90, 126, 72]) / 2,
    "voxel indices of a 3 mm grid": (X_MM * [-1, 1, 1] + [78, 112, 70]) / 3,
    "voxel indices of a 4 mm grid": (X_MM * [-1, 1, 1] + [90, 126, 72]) / 4,
    "y of the other sign (LPS)": X_MM * [-1, -1, 1],
    "z of the other sign": X_MM * [1, 1, -1],
    "axes in the order zyx": X_MM[:, ::-1],
    "axes in the order yxz": X_MM[:, [1, 0, 2]],
}


def test_the_wells_of_the_atlas_lie_in_the_brain_folded_or_not():
    for x_mm in (X_MM, np.c_[abs(X_MM[:, :1]), X_MM[:, 1:]]):
        assert placement.explanation(x_mm) == ""
        assert placement.share(x_mm) > 0.997


@pytest.mark.parametrize("name", OTHER_UNITS)
@pytest.mark.parametrize("count", [120, len(X_MM)])
@pytest.mark.parametrize("where", ["both halves", "left half"])
def test_other_units_and_axes_are_recognised(rng, name, count, where):
    rows = np.flatnonzero((X_MM[:, 0] < 0) | (where == "both halves"))
    x = OTHER_UNITS[name][rng.permutation(rows)[:count]]
    rounded = np.round(x) if "voxel" in name else np.round(x, 6)
    for given in (x, rounded):
        told = placement.explanation(given)
        # Half a brain may be turned in two ways that fit: one of them is told.
        assert told == name or (where == "left half" and "axes" in name and told)


def test_wells_of_a_part_of_the_brain_are_believed(rng):
    """Wells within 8 to 60 mm of one, as of one nucleus or lobe."""
    for _ in range(200):
        near = np.linalg.norm(X_MM - X_MM[rng.integers(len(X_MM))], axis=1)
        x_mm = X_MM[near < rng.uniform(8, 60)]
        assert placement.explanation(x_mm) == ""
        # In front, above and to the right of the origin all numbers look like indices.
        folded_mm = np.c_[abs(x_mm[:, :1]), x_mm[:, 1:]]
        octant = (folded_mm >= 0).all(1)
        assert not octant.any() or not placement.explanation(folded_mm[octant])


def test_near_the_brain_is_within_four_mm_of_one_of_its_voxels(rng):
    mask, grid = brain_mask(3)
    distance_mm = distance_transform_edt(~np.pad(mask, 6)) * 3.0
    x_mm = rng.uniform(-120, 120, (20_000, 3))
    ijk = np.rint(grid.ijk(x_mm)).astype(int) + 6
    inside = ((ijk >= 0) & (ijk < distance_mm.shape)).all(-1)
    expected = distance_mm[tuple(ijk[inside].T)] <= placement.MARGIN_MM
    assert 0.1 < expected.mean() < 0.9
    np.testing.assert_array_equal(placement.near_brain(x_mm[inside]), expected)
    assert not placement.near_brain(x_mm[~inside]).any()
