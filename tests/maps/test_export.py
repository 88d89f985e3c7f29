"""Maps of a store in other formats hold its numbers; shards are whole or absent."""

from __future__ import annotations

import dataclasses
import json
import resource
import sys

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from given import SHAPE, input_error

from inr_jax.brain.label_images import LabelImage
from inr_jax.brain.space import Grid
from inr_jax.maps import export, zarr_group
from inr_jax.maps.factored import Factored, in_memory
from inr_jax.maps.lookup import Store
from inr_jax.maps.store import Told
from inr_jax.maps.write import Canvas

GENES = tuple(f"G{g}" for g in range(40))
GRID = Grid(SHAPE, np.diag([2.0, 3, 2.5, 1]))


@pytest.fixture
def store(rng):
    mask = rng.uniform(size=SHAPE) < 0.5
    features = rng.normal(size=(int(mask.sum()), 7)).astype(np.float32)
    weights = rng.normal(size=(40, 7)).astype(np.float32)
    row = np.arange(len(features), dtype=np.int32)
    r = tuple(None if g == 1 else g / 40 for g in range(40))
    std = {"Description": "sd"}
    told = Told(GENES, GENES, r, r, {"Units": "z", "Atlas": None}, std, "a")
    maps = Factored(in_memory(features), row, weights, 2)
    return Store(maps, told, Canvas(mask, GRID, "MNI152", "zero"))


def test_nifti_of_some_genes_are_their_maps_with_their_sidecars(tmp_path, store):
    export.export_nifti(store, tmp_path, [3, 1])
    mean, std = store.maps.genes([3, 1])
    for number, gene in enumerate(("G3", "G1")):
        for suffix, values in (("feature", mean), ("std", std)):
            (path,) = tmp_path.glob(f"*desc-{gene}_*_{suffix}.nii.gz")
            volume = nib.load(path).get_fdata()
            np.testing.assert_array_equal(volume[store.canvas.mask], values[:, number])
            sidecar = json.loads(
                (tmp_path / path.name[:-7]).with_suffix(".json").read_text()
            )
            assert sidecar["Gene"] == gene and sidecar["Units"] == "z"
            assert sidecar["HeldOutR"] == {"G3": 3 / 40, "G1": None}[gene]


def test_a_zarr_group_holds_the_maps_and_is_written_on_where_it_stopped(
    tmp_path, store, monkeypatch
):
    monkeypatch.setattr(zarr_group, "SHARD", 16)
    columns = list(range(39, -1, -1))
    folder = tmp_path / "maps.zarr"
    zarr_group.export_zarr(store, folder, columns)
    import tensorstore

    mean, std = store.maps.genes(columns)
    for name, values in (("expression", mean), ("std", std)):
        kvstore = {"driver": "file", "path": str(folder / name)}
        array = tensorstore.open({"driver": "zarr3", "kvstore": kvstore}).result()
        np.testing.assert_array_equal(array.read().result(), values.T)
    shard = folder / "std" / "c" / "1" / "0"
    others = [folder / "expression" / "c" / "0" / "0", folder / "std" / "c" / "2" / "0"]
    before, times = shard.read_bytes(), [path.stat().st_mtime_ns for path in others]
    shard.unlink()
    zarr_group.export_zarr(store, folder, columns)
    assert shard.read_bytes() == before
    assert [path.stat().st_mtime_ns for path in others] == times
    zarr_group.export_zarr(store, folder, columns[:5])  # other genes: written anew
    assert not shard.exists()


@pytest.mark.parametrize("most", [0, 1600, 8000])
def test_a_full_disk_is_told_and_no_half_of_a_shard_stays(tmp_path, store, most):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, limits[1]))
    try:
        error = input_error(zarr_group.export_zarr, store, tmp_path / "z", [*range(40)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert error.found.startswith("File too large")
    sizes = {path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()}
    assert not list(tmp_path.rglob("*lock")) and 0 not in sizes


def test_zarr_python_reads_the_group(tmp_path, store):
    zarr = pytest.importorskip("zarr")
    zarr_group.export_zarr(store, tmp_path / "maps.zarr", [4, 2])
    group = zarr.open_group(tmp_path / "maps.zarr", mode="r")
    assert group.attrs["genes"] == ["G4", "G2"]
    np.testing.assert_array_equal(group["expression"][:], store.maps.genes([4, 2])[0].T)
    ijk = group["ijk"][:]
    assert store.canvas.mask[tuple(ijk.T)].all()


@pytest.fixture
def labels(rng):
    region = rng.integers(0, 3, SHAPE).astype(np.int16)
    names, sides = ("", "=caudate", "pons", "nowhere"), ("", "L", "B", "R")
    return LabelImage(region, GRID, names, ("",) * 4, sides, (0, 11, 7, 9))


def test_tables_of_regions_are_the_means_of_the_maps(tmp_path, store, labels):
    path = export.export_regions(
        store, labels, [5, 0], tmp_path / "regions", h5ad=False
    )
    table = pd.read_parquet(path)
    values = store.maps.genes([5, 0])[0]
    label = labels.region[store.canvas.mask]
    exact = pd.DataFrame(values.astype(float)).groupby(label).mean().loc[[1, 2]]
    np.testing.assert_allclose(table.iloc[:2], exact, rtol=1e-4)
    assert table.iloc[2].isna().all() and list(table.columns) == ["G5", "G0"]
    assert list(table.index) == [11, 7, 9]
    names = pd.read_csv(tmp_path / "regions.names.csv", index_col=0)
    assert names.label.tolist() == ["'=caudate", "pons", "nowhere"]  # no formula
    x_mm = store.canvas.grid.points_mm(store.canvas.mask)
    np.testing.assert_allclose(
        names.loc[table.index[0], ["x_mm", "y_mm", "z_mm"]].astype(float),
        x_mm[label == 1].mean(0),
    )


def test_anndata_has_regions_as_obs_and_genes_with_scores_as_var(
    tmp_path, store, labels
):
    anndata = pytest.importorskip("anndata")
    path = export.export_regions(store, labels, [5, 1], tmp_path / "regions", h5ad=True)
    data = anndata.read_h5ad(path)
    assert data.shape == (3, 2) and list(data.var_names) == ["G5", "G1"]
    assert (
        data.var["held_out_r"].iloc[0] == 5 / 40 and data.obsm["spatial"].shape[1] == 3
    )
    assert np.isnan(data.var["held_out_r"].iloc[1])
    assert list(data.var["entrez"]) == ["", ""]  # no such genes


def test_genes_of_a_table_have_the_entrez_ids_of_their_symbols(store, labels):
    names = ("APOE", "MAPT", *GENES[2:])
    named = dataclasses.replace(store, told=store.told._replace(genes=names))
    genes = export.region_tables(named, labels, [1, 0, 5])[2]
    assert genes["entrez"].to_dict() == {"MAPT": "4137", "APOE": "348", "G5": ""}
    assert genes["held_out_r"].dtype == float


def test_without_anndata_the_line_says_what_to_install(
    tmp_path, store, labels, monkeypatch
):
    monkeypatch.setitem(sys.modules, "anndata", None)
    stem = tmp_path / "regions"
    line = str(input_error(export.export_regions, store, labels, [0], stem, h5ad=True))
    assert "pip install 'inr_jax[h5ad]'" in line and not list(tmp_path.glob("*.h5ad"))
