"""Malformed files of our own: one line, or the same results; nothing in between.

Every file that a run leaves stands in `READERS` or `WRITTEN_ONLY`; a new one fails a
test until somebody says who reads it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import jax
import numpy as np
import pytest

from inr_jax.errors import InputError
from inr_jax.files.rows import read_csv
from inr_jax.fitting import checkpoint
from inr_jax.maps.calibration import read_calibration
from inr_jax.run import build, config, consistency, fitted
from inr_jax.run.held_out import held_out_of
from inr_jax.run.provenance import read_json
from inr_jax.run.stages.fit import LOSSES
from inr_jax.run.wells import read_wells
from inr_jax.run.workdir import Workdir

pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"  # of orbax's threads
)


def restored(path: Path) -> object:
    """Parameters, optimizer and preprocessing of the newest place model."""
    root = next(p.parent for p in path.parents if p.name.startswith("checkpoints"))
    settings = config.from_json(checkpoint.read_meta(root / "checkpoints")["config"])
    samples = read_wells(Workdir(root).wells).samples
    plan = build.make_model_recipe(settings, samples, "place")
    bundle = fitted.restore(root / "checkpoints", plan, samples)
    leaves = jax.tree.leaves((bundle.state, bundle.preprocessing))
    return bundle.meta, [np.asarray(leaf).tobytes() for leaf in leaves]


def wells(path: Path) -> object:
    source = read_wells(path)
    arrays = [np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(source.samples)]
    return arrays, source.samples.genes, source.files


def calibration(path: Path) -> object:
    made = read_calibration(path)
    return made[1:], [np.asarray(array).tobytes() for array in made.calibration]


def held_out(path: Path) -> object:
    predictions = held_out_of(Workdir(path.parent), "donor")
    return (
        None if predictions is None else [np.asarray(a).tolist() for a in predictions]
    )


# Pattern of a path in a workdir -> what its reader makes of it.
READERS: dict[str, Callable[[Path], object]] = {
    r"config\.json": lambda path: config.to_json(config.read(path)),
    r"(provenance|summary)\.json": read_json,
    r"scores\.csv": lambda path: consistency.read_scores_of(Workdir(path.parent)),
    r"held_out\.parquet": held_out,
    r"losses\.csv": lambda path: read_csv(path, LOSSES, "delete it"),
    r"calibration(_structure)?\.npz": calibration,
    r"wells\.npz": wells,
    r"checkpoints/.*": restored,
}
WRITTEN_ONLY = (
    r"\.lock|report\.html|phantom_uncertainty\.csv|"
    r"(maps|figures|checkpoints_structure)/.*"
)
BOUND = (
    "scores.csv",
    "held_out.parquet",
    "calibration.npz",
    "wells.npz",
    "checkpoints",
)


def reader_of(name: str) -> Callable[[Path], object]:
    (reader,) = [read for known, read in READERS.items() if re.fullmatch(known, name)]
    return reader


def names_in(folder: Path) -> list[str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return sorted(str(path.relative_to(folder)) for path in paths)


def read_in(folder: Path) -> list[str]:
    return [name for name in names_in(folder) if not re.fullmatch(WRITTEN_ONLY, name)]


def test_every_file_of_a_run_is_in_the_list_of_readers(done):
    read = {reader_of(name): name for name in read_in(done)}  # or it raises
    assert len(read) == len(READERS)
    for reader, name in read.items():
        assert reader(done / name) is not None, name


def damages(whole: bytes, rng: np.random.Generator) -> Iterator[bytes | None]:
    """Malformed contents, without end; None is a file that is gone."""
    texts = [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"format": 2}',
        b"NaN",
        b"\xff\xfe",
        b"1e999",
    ]
    texts += [b"1e999", b"[" * 99_999, b"a,b\n1\n", b"PK\x03\x04", bytes(64)]
    while True:
        cut, at = rng.integers(len(whole) + 1), int(rng.integers(max(len(whole), 1)))
        yield whole[:cut]
        yield whole[:at] + bytes(rng.integers(256, size=8, dtype=np.uint8)) + whole[at:]
        yield re.sub(rb"\d+", lambda m: b"-" + m[0], whole, count=1 + at % 9)
        yield whole.replace(b'"', b"'", 1 + at % 3)
        yield texts[int(rng.integers(len(texts)))]
        yield None


def tried(path: Path, name: str, data: bytes | None) -> object:
    """What a reader makes of other contents; the one line where it refuses them."""
    if data is None:
        path.unlink()
    else:
        path.write_bytes(data)
    try:
        return reader_of(name)(path)
    except InputError as error:
        line = str(error)
        assert "\n" not in line and len(line) < 1000
        return line
    except FileNotFoundError:
        assert data is None
        return "gone"


def some_of(folder: Path, rng: np.random.Generator, checkpoints: int) -> list[str]:
    """Files that are read, in random order, as few of checkpoints as that."""
    names = [str(name) for name in rng.permutation(read_in(folder))]
    slow = [name for name in names if name.startswith("checkpoints")]
    return [name for name in names if name not in slow] + slow[:checkpoints]


def walk(folder: Path, rng: np.random.Generator, cases: int, checkpoints: int) -> None:
    """So many malformed files, one at a time; any other exception fails the test."""
    names = some_of(folder, rng, checkpoints)
    for case in range(cases):
        name = names[case % len(names)]
        path = folder / name
        whole = path.read_bytes()
        made = damages(whole, rng)
        for _ in range(int(rng.integers(6))):
            next(made)
        tried(path, name, next(made))
        path.write_bytes(whole)


def flip(folder: Path, rng: np.random.Generator, cases: int, checkpoints: int) -> int:
    """One bit at a time in files under a digest; returns how many were told."""
    names = [n for n in some_of(folder, rng, checkpoints) if n.startswith(BOUND)]
    right = {name: reader_of(name)(folder / name) for name in names}
    told = 0
    for case in range(cases):
        name = names[case % len(names)]
        path = folder / name
        whole = path.read_bytes()
        data = bytearray(whole)
        if not data:
            continue
        data[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
        found = tried(path, name, bytes(data))
        assert isinstance(found, str) or found == right[name], name
        told += isinstance(found, str)
        path.write_bytes(whole)
    return told


def test_malformed_files_are_told_in_one_line(copy, rng):
    walk(copy, rng, 90, checkpoints=1)


def test_no_bit_of_a_file_under_a_digest_changes_a_result_unseen(copy, rng):
    assert flip(copy, rng, 40, checkpoints=1) > 5


@pytest.mark.slow
def test_a_thousand_malformed_files_are_told_in_one_line(copy, rng):
    for _ in range(10):  # each restored state keeps a program: too many end a process
        walk(copy, rng, 100, checkpoints=4)
        jax.clear_caches()


@pytest.mark.slow
def test_no_bit_of_a_hundred_changes_a_result_unseen(copy, rng):
    assert flip(copy, rng, 120, checkpoints=99) > 20


def test_values_of_another_kind_in_json_of_ours_are_told_or_harmless(copy, rng):
    for name in ("config.json", "summary.json", "provenance.json"):
        path = copy / name
        whole = json.loads(path.read_text())
        for key in whole:
            for value in (None, 3, "x", [], {}, [{}], {"a": {}}, 1e300, True):
                text = json.dumps(whole | {key: value}).encode()
                tried(path, name, text)
        path.write_text(json.dumps(whole))


def test_pipes_and_folders_in_the_place_of_files_do_not_hang(copy):
    for name in ("config.json", "summary.json", "wells.npz", "calibration.npz"):
        (copy / name).unlink()
        os.mkfifo(copy / name)
        with pytest.raises(InputError, match=r"no (plain|regular) file|a pipe"):
            reader_of(name)(copy / name)
        (copy / name).unlink()
        shutil.copytree(copy / "checkpoints", copy / name)
        with pytest.raises(InputError):
            reader_of(name)(copy / name)
        shutil.rmtree(copy / name)
