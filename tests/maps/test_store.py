"""A store of factors holds what networks and calibration give, voxel by voxel."""

from __future__ import annotations

import json
import os
from functools import partial

import jax
import numpy as np
import pytest
from given import BOX, SHAPE, input_error, oblique

from inr_jax.brain.space import Grid
from inr_jax.fields import factors
from inr_jax.fields import model as fields_model
from inr_jax.fields.architectures import make_field
from inr_jax.fields.conditioning import make_conditioning
from inr_jax.fields.conditioning.conditioning import rows_of_genes
from inr_jax.fields.inputs import Inputs, make_places
from inr_jax.maps import factored as factored_module
from inr_jax.maps.factored import Factored, Scales, distinct_places, part_length
from inr_jax.maps.lookup import read_store
from inr_jax.maps.store import Told, write_store
from inr_jax.maps.write import Canvas
from inr_jax.samples.standardise import Standardiser
from inr_jax.stats.conformal import Calibration, Local, predictive_sd

pytestmark = pytest.mark.usefixtures("quick_compiling")
GENES = ("APOE", "HLA-DRA", "MAPT", "G4")
MEMBERS = 3


@pytest.fixture
def canvas(rng):
    affine = oblique()
    affine[:3, :3] = np.diag([2.0, 3, 2.5])
    affine[0, 3] = -6  # so that voxels lie left and right of the midline
    return Canvas(rng.uniform(size=SHAPE) < 0.6, Grid(SHAPE, affine), "MNI152", "zero")


@pytest.fixture
def fitted(rng, canvas, monkeypatch):
    """A model, its factors and what they must give: mean and predictive sd (V, G)."""
    monkeypatch.setattr(factored_module, "PLACES", 50)
    maker = partial(make_field, "siren", hidden=8, depth=2, omega=5.0)
    made = make_conditioning("heads", maker, genes=4, features=3)
    keys = jax.random.split(jax.random.key(0), MEMBERS)
    params = rows_of_genes(jax.vmap(made.init)(keys), 4)
    numbers = rng.uniform(1, 2, (2, 4)).astype(np.float32)
    codes = np.zeros((4, 0), np.float32)
    model = fields_model.Model(params, Inputs(BOX), Standardiser(*numbers), codes)
    x_mm = canvas.grid.points_mm(canvas.mask).astype(np.float32)
    renderer = fields_model.make_renderer(made, chunk=64, group=0)
    places = make_places(x_mm, np.zeros((len(x_mm), 2)))
    mean, spread = fields_model.render(renderer, model, places)
    scale, factor = rng.uniform(0.5, 2, (2, len(x_mm))).astype(np.float32)
    sigma, quantile = rng.uniform(1, 2, (2, 4)).astype(np.float32)
    local = Local(scale, factor)
    calibration = Calibration(sigma, quantile, x_mm, *[np.ones(1)] * 4, mirror=True)
    sd = predictive_sd(calibration, x_mm, spread, local=local)
    at_mm, row = distinct_places(x_mm, mirror=True)
    calls = []

    def part(number):
        calls.append(number)
        first = number * 50
        some = at_mm[first : first + part_length(number, len(at_mm))]
        places = make_places(some, np.zeros((len(some), 2)))
        return factors.place_features(made, model, places)

    weights = factors.gene_weights(model)
    scales = Scales(sigma, quantile, local)
    return Factored(part, row, weights, MEMBERS, scales), mean, sd, spread, calls


def told_of(made_from="a"):
    scores = ((0.5, None, 0.1, 0.2),) * 2
    sidecar = {"Units": "expression", "Members": MEMBERS}
    return Told(
        GENES, ("APOE", "HLADRA", "MAPT", "G4"), *scores, sidecar, {}, made_from
    )


def test_a_store_read_again_gives_the_maps_of_the_networks(tmp_path, canvas, fitted):
    factored, mean, sd, _, _ = fitted
    write_store(tmp_path, canvas, factored, told_of())
    store = read_store(tmp_path)
    values, std = store.maps.genes([2, 0])
    np.testing.assert_allclose(values, mean[:, [2, 0]], atol=1e-5 * np.ptp(mean))
    np.testing.assert_allclose(std, sd[:, [2, 0]], atol=1e-5 * sd.max())
    image = store.gene("MAPT", std=True)
    np.testing.assert_allclose(image.affine, canvas.grid.affine, atol=1e-5)
    np.testing.assert_allclose(image.get_fdata()[canvas.mask], sd[:, 2], rtol=1e-4)
    assert not image.get_fdata()[~canvas.mask].any()
    assert store.told == told_of()


def test_without_a_calibration_std_is_the_spread_of_the_ensemble(fitted):
    factored, _, _, spread, _ = fitted
    plain = factored._replace(scales=None)
    np.testing.assert_allclose(plain.genes([1])[1], spread[:, [1]], atol=1e-5)


def test_a_voxel_holds_its_column_of_all_maps(tmp_path, canvas, fitted):
    factored, mean, sd, _, _ = fitted
    write_store(tmp_path, canvas, factored, told_of())
    store = read_store(tmp_path)
    x_mm = canvas.grid.points_mm(canvas.mask)
    for voxel in (0, 17, len(x_mm) - 1):
        table = store.voxel(x_mm[voxel] + 0.4)
        np.testing.assert_allclose(table["mean"], mean[voxel], rtol=1e-4)
        np.testing.assert_allclose(table["sd"], sd[voxel], rtol=1e-4)
    assert list(table.index) == list(GENES)
    outside = canvas.grid.mm(np.argwhere(~canvas.mask)[0])
    assert "in the mask" in str(input_error(store.voxel, outside))
    assert "in the mask" in str(input_error(store.voxel, [1e9, 0, 0]))


def test_means_of_regions_are_the_means_of_the_maps(fitted, rng):
    factored, mean, *_ = fitted
    label = rng.integers(0, 4, len(mean))
    means = factored.region_means(label, np.array([1, 3, 9]))
    for number, region in enumerate((1, 3)):
        exact = mean[label == region].mean(0)
        np.testing.assert_allclose(means[number], exact, rtol=1e-4)
    assert np.isnan(means[2]).all()


def test_distinct_places_are_the_folded_ones_each_once(canvas):
    x_mm = canvas.grid.points_mm(canvas.mask).astype(np.float32)
    at_mm, row = distinct_places(x_mm, mirror=True)
    folded = np.abs(x_mm[:, :1]), x_mm[:, 1:]
    np.testing.assert_array_equal(at_mm[row], np.concatenate(folded, axis=1))
    assert len(np.unique(at_mm, axis=0)) == len(at_mm) < len(x_mm)
    both, every = distinct_places(x_mm, mirror=False)
    np.testing.assert_array_equal(both[every], x_mm)


def test_a_stopped_store_is_read_as_far_as_it_goes_and_goes_on(
    tmp_path, canvas, fitted
):
    factored, mean, _, _, calls = fitted

    def stop(done):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_store(tmp_path, canvas, factored, told_of(), on_part=stop)
    (tmp_path / "features" / ".0002.npy.77.tmp").write_bytes(b"half")
    store = read_store(tmp_path)
    voxel = int(np.flatnonzero(factored.row == 60)[0])  # in the second part
    np.testing.assert_allclose(store.maps.voxel(voxel)[0], mean[voxel], rtol=1e-4)
    line = str(input_error(store.gene, "APOE"))
    assert "found 2, as a run that was stopped" in line and "same command" in line
    del calls[:]
    write_store(tmp_path, canvas, factored, told_of())
    assert 0 not in calls and 1 not in calls and 2 in calls
    assert not list((tmp_path / "features").glob(".*"))
    values, _ = read_store(tmp_path).maps.genes([0])
    np.testing.assert_allclose(values, mean[:, :1], rtol=1e-4)


def test_parts_of_another_model_are_written_anew(tmp_path, canvas, fitted):
    factored, _, _, _, calls = fitted
    write_store(tmp_path, canvas, factored, told_of("a"))
    before = list(calls)
    write_store(tmp_path, canvas, factored, told_of("b"))
    assert calls == before * 2
    write_store(tmp_path / "c", canvas, factored, told_of("c"))
    os.replace(tmp_path / "c" / "genes.npz", tmp_path / "genes.npz")
    assert "of another model" in str(input_error(read_store, tmp_path))


def test_a_store_of_another_version_or_a_damaged_part_is_told(tmp_path, canvas, fitted):
    write_store(tmp_path, canvas, fitted[0], told_of())
    part = tmp_path / "features" / "0001.npy"
    part.write_bytes(part.read_bytes()[:-5])
    assert "0001.npy" in str(input_error(read_store(tmp_path).gene, "APOE"))
    head = json.loads((tmp_path / "store.json").read_text())
    (tmp_path / "store.json").write_text(json.dumps(head | {"format": 2}))
    line = str(input_error(read_store, tmp_path))
    assert "format 1" in line and "format 2" in line


def test_a_full_disk_leaves_whole_parts(tmp_path, canvas, fitted, monkeypatch):
    factored, *_ = fitted
    write = os.replace
    seen = []

    def full(source, target):
        seen.append(target)
        if str(target).endswith("0001.npy"):
            raise OSError(28, "No space left on device")
        write(source, target)

    monkeypatch.setattr("os.replace", full)
    line = str(input_error(write_store, tmp_path, canvas, factored, told_of()))
    assert "0001.npy" in line and "free some space and run again" in line
    assert sorted(p.name for p in (tmp_path / "features").iterdir()) == ["0000.npy"]
    monkeypatch.undo()
