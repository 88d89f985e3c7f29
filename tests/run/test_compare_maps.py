"""Maps to compare with abagen's are those of a run, in a store or in files."""

from __future__ import annotations

import numpy as np
import pytest
from given import SHAPE, input_error

from inr_jax.brain.space import Grid
from inr_jax.maps.export import export_nifti
from inr_jax.maps.factored import Factored, in_memory
from inr_jax.maps.lookup import Store
from inr_jax.maps.store import Told, write_store
from inr_jax.maps.write import Canvas
from inr_jax.run.stages.compare import reader_of
from inr_jax.run.workdir import Workdir

GENES = ("APOE", "MAPT", "GRN")


@pytest.fixture
def store(rng):
    mask = rng.uniform(size=SHAPE) < 0.5
    canvas = Canvas(mask, Grid(SHAPE, np.diag([2.0, 3, 2.5, 1])), "MNI152", "zero")
    features = rng.normal(size=(int(mask.sum()), 3)).astype(np.float32)
    row = np.arange(len(features), dtype=np.int32)
    weights = rng.normal(size=(3, 3)).astype(np.float32)
    told = Told(GENES, GENES, (None,) * 3, (None,) * 3, {}, None, "a")
    return Store(Factored(in_memory(features), row, weights, 1), told, canvas)


def test_a_store_and_files_hold_the_same_maps(store, tmp_path):
    folders = Workdir(tmp_path / "files"), Workdir(tmp_path / "stored")
    export_nifti(store, folders[0].maps, [0, 1, 2])
    write_store(folders[1].store, store.canvas, store.maps, store.told)
    exact = store.maps.genes([1, 2])[0]
    for folder in folders:
        values = reader_of(folder, store.canvas, GENES)(slice(1, 3))
        np.testing.assert_allclose(values, exact, rtol=1e-6)


def test_a_store_of_other_voxels_is_not_taken_for_the_maps(store, tmp_path):
    folder = Workdir(tmp_path)
    write_store(folder.store, store.canvas, store.maps, store.told)
    other = store.canvas._replace(mask=~store.canvas.mask)
    line = str(input_error(reader_of(folder, other, GENES), slice(0, 1)))
    assert "run inr-jax render first" in line
