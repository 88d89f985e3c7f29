"""What a kill leaves half done is known for ours, and the next call finishes it."""

from __future__ import annotations

import errno
import os
import shutil
import types
from pathlib import Path

import killing
import numpy as np
import pandas as pd
import pytest
from given import SHAPE, input_error

from inr_jax.brain.space import Grid
from inr_jax.errors import InputError
from inr_jax.files import remove_temporary
from inr_jax.files.stored_frames import frame_bytes, read_frame
from inr_jax.maps.factored import Factored, in_memory
from inr_jax.maps.lookup import Store, read_store
from inr_jax.maps.merged import merge_stores
from inr_jax.maps.store import Told, write_store
from inr_jax.maps.write import Canvas
from inr_jax.maps.zarr_group import export_zarr
from inr_jax.run.leftovers import remove_leftovers
from inr_jax.run.stages import adapt
from inr_jax.run.workdir import Workdir

GENES = ("A", "B", "C")
# Files of verbs that a whole run does not call.
OF_VERBS = (
    "adapted.csv",
    "associate/PET/associations.csv",
    "associate/PET/best_genes.png",
    "crosswalk.csv",
    "export/regions.parquet",
    "export/maps.zarr/zarr.json",
    "figures/glass_brains.svg",
    "regions/desikan_killiany.json",
    "store/features/0000.npy",
    "store/genes.npz",
    "store/shards/001/features/0003.npy",
    "store/shards/001/store.json",
    "surfaces/a.func.gii",
    "sweep.csv",
    "sweep/made_from.json",
)


def test_what_any_writer_left_of_any_file_goes(done, tmp_path):
    names = [str(p.relative_to(done)) for p in done.rglob("*") if p.is_file()]
    names = [name for name in names if not name.startswith(("checkpoints", ".lock"))]
    for name in (*names, *OF_VERBS):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_name(f".{path.name}.77.tmp").write_text("half")
    theirs = [tmp_path / "associate" / "PET" / ".notes.txt.77.tmp"]
    theirs.append(tmp_path / "export" / ".config.json.77.tmp")
    for path in theirs:
        path.write_text("mine")
    remove_leftovers(Workdir(tmp_path))
    assert sorted(tmp_path.rglob("*.tmp")) == sorted(theirs) and len(names) > 15


@pytest.fixture
def store(rng):
    """Maps of three genes."""
    mask = rng.uniform(size=SHAPE) < 0.5
    features = rng.normal(size=(int(mask.sum()), 7)).astype(np.float32)
    weights = rng.normal(size=(3, 7)).astype(np.float32)
    row, r = np.arange(len(features), dtype=np.int32), (0.1, 0.2, None)
    told = Told(GENES, GENES, r, r, {"Units": "z"}, {"Description": "sd"}, "a")
    canvas = Canvas(mask, Grid(SHAPE, np.diag([2.0, 3, 2.5, 1])), "MNI152", "zero")
    return Store(Factored(in_memory(features), row, weights, 2), told, canvas)


def contents(folder):
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_shards_of_other_genes_are_never_taken_for_those_asked_for(tmp_path, store):
    """Killed anywhere while it replaces an export, the next export is right."""
    folder = tmp_path / "out"
    export_zarr(store, folder / "maps.zarr", [0, 1])
    with killing.recorded(folder, tmp_path / "killed") as states:
        export_zarr(store, folder / "maps.zarr", [2, 1])
    assert len(states) > 5
    for state in states:
        export_zarr(store, state / "maps.zarr", [2, 1])
        remove_temporary(state / "maps.zarr", lambda name: name == "zarr.json")
        assert contents(state) == contents(folder), state


def test_a_merge_that_was_killed_is_merged_again(tmp_path, store):
    sources = [tmp_path / name for name in ("a", "b")]
    for source in sources:
        source.mkdir()
        write_store(source, store.canvas, store.maps, store.told)
    folder = tmp_path / "out"
    (folder / "store").mkdir(parents=True)
    with killing.recorded(folder, tmp_path / "killed") as states:
        merge_stores(folder / "store", sources)
    for state in states:
        merge_stores(state / "store", sources)
        remove_leftovers(Workdir(state))
        assert contents(state) == contents(folder), state


def test_a_merge_on_a_full_disk_leaves_no_half_of_a_file(tmp_path, store, monkeypatch):
    source, folder = tmp_path / "a", tmp_path / "out"
    source.mkdir()
    write_store(source, store.canvas, store.maps, store.told)

    def full(path, target):
        Path(target).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    assert "space" in str(input_error(merge_stores, folder, [source]))
    assert not [path for path in folder.rglob("*") if path.is_file()]


def test_a_pipe_in_the_place_of_a_part_does_not_hang(tmp_path, store):
    write_store(tmp_path, store.canvas, store.maps, store.told)
    part = tmp_path / "features" / "0000.npy"
    part.unlink()
    os.mkfifo(part)
    assert "no regular file" in str(input_error(maps_of, tmp_path))


def maps_of(folder):
    store = read_store(folder)
    mean, sd = store.maps.genes([0, 1, 2])
    told, canvas = store.told, store.canvas
    return told, mean.tobytes(), sd.tobytes(), canvas.mask.tobytes(), canvas.grid.affine


def test_no_bit_of_a_store_changes_a_map_unseen(tmp_path, store, rng):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_store(tmp_path / name, store.canvas, store.maps, store.told)
    merged = tmp_path / "merged"
    merge_stores(merged, [tmp_path / "a", tmp_path / "b"])
    told = 0
    for folder in (tmp_path / "a", merged):
        right = maps_of(folder)
        paths = [path for path in folder.rglob("*") if path.is_file()]
        for case in range(25):
            path = paths[case % len(paths)]
            data = bytearray(whole := path.read_bytes())
            data[rng.integers(len(data))] ^= 1 << int(rng.integers(8))
            path.unlink()  # others may be linked to it
            path.write_bytes(data)
            try:
                np.testing.assert_equal(maps_of(folder), right)
            except InputError:
                told += 1
            path.write_bytes(whole)
    assert told > 20


def adapted(folder):
    """A folder as `adapt` leaves it."""
    (folder / "checkpoints" / "5").mkdir(parents=True)
    for name in (".lock", "config.json", "wells.npz", "scores.csv", "summary.json"):
        (folder / name).write_text(name)
    return folder


def test_a_folder_that_was_half_removed_or_half_made_is_ours(tmp_path):
    trunk = types.SimpleNamespace(workdir=Workdir(tmp_path / "out"))
    folder = adapted(tmp_path / "out" / "adapted")
    with killing.recorded(tmp_path / "out", tmp_path / "killed") as states:
        adapt._clear(folder, trunk)
    made = [tmp_path / f"made{count}" / "adapted" for count in range(3)]
    for count, path in enumerate(made):
        path.mkdir(parents=True)
        for name in (".lock", ".config.json.7.tmp")[:count]:
            (path / name).touch()
    assert len(states) > 4
    for path in (*(state / "adapted" for state in states), *made):
        adapt._clear(path, trunk)
        assert [each.name for each in path.iterdir()] in ([".lock"], [])


@pytest.mark.parametrize("name", ["notes.txt", "config.json", "wells.csv"])
def test_a_folder_of_somebody_elses_stays(tmp_path, name):
    trunk = types.SimpleNamespace(workdir=Workdir(tmp_path))
    folder = tmp_path / "adapted"
    folder.mkdir()
    (folder / name).write_text("mine")
    assert "something else" in str(input_error(adapt._clear, folder, trunk))
    assert (folder / name).read_text() == "mine"
    shutil.rmtree(folder)
    folder.symlink_to(tmp_path)
    assert "something else" in str(input_error(adapt._clear, folder, trunk))


def test_no_bit_of_a_table_of_numbers_changes_unseen(tmp_path, rng):
    index = pd.Index([1, 2, 3], name="label")
    frame = pd.DataFrame(rng.normal(size=(3, 2)), index, ["A", "B"])
    frame.iloc[0, 0] = np.nan
    path = Path(tmp_path / "t.parquet")
    data = frame_bytes(frame)
    path.write_bytes(data)
    pd.testing.assert_frame_equal(read_frame(path), frame)
    pd.testing.assert_frame_equal(pd.read_parquet(path), frame)
    told = 0
    for bit in rng.choice(8 * len(data), 100, replace=False):
        broken = bytearray(data)
        broken[bit // 8] ^= 1 << (bit % 8)
        path.write_bytes(broken)
        try:
            pd.testing.assert_frame_equal(read_frame(path), frame)
        except ValueError:
            told += 1
    assert told > 20
    path.write_bytes(frame.to_parquet())  # of an older version, without a digest
    with pytest.raises(ValueError, match="SHA-256"):
        read_frame(path)
