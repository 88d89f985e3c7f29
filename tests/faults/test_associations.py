"""What is read again of an association is whole, of one call, and as it was written."""

from __future__ import annotations

import json
import logging

import killing
import pandas as pd
import pytest
from given import input_error

from inr_jax.errors import InputError
from inr_jax.report.association_page import CAPTIONS
from inr_jax.run.association import LAST, begin, finish, write_tables
from inr_jax.run.stages.report_associations import associations_of
from inr_jax.run.workdir import Workdir

FIT = {"misfit": 0.1, "length_mm": 9.0, "shape": 1.0, "nugget": 0.1, "sill": 1.0}
NULLS = {"nulls": 99, "asked": 99, "trend": "linear", "level": "voxel"}
NULLS |= {"places": {"voxel": 7}, "strata": {"cortex": FIT}}


def leave(workdir, p, *, pictures=tuple(CAPTIONS)):
    """An association of two genes, as the stage leaves it."""
    folder = workdir / "associate" / "PET"
    begin(folder, fix="")
    frame = pd.DataFrame({"gene": ["A", "B"], "p_tail": p, "p_null": p, "q": p})
    write_tables(folder, frame.assign(r_voxel=p), NULLS)
    for name in pictures:
        (folder / name).write_bytes(b"\x89PNG" + str(p).encode() * 9)
    finish(folder, NULLS | {"nulls": round(1000 * p[0])})
    return folder


def read(workdir):
    return associations_of(Workdir(workdir))


def test_no_bit_of_an_association_changes_a_page_unseen(tmp_path, rng):
    folder, told = leave(tmp_path, [0.123, 0.456]), 0
    right = read(tmp_path)
    assert len(right) == 1 and "123 null maps" in right[0].told
    paths = [folder / name for name in (LAST, "associations.csv", *CAPTIONS)]
    for case in range(100):
        path = paths[case % len(paths)]
        data = bytearray(whole := path.read_bytes())
        data[rng.integers(len(data))] ^= 1 << int(rng.integers(8))
        path.write_bytes(data)
        try:
            assert read(tmp_path) == right
        except InputError:
            told += 1
        path.write_bytes(whole)
    assert told > 90


def test_one_that_was_stopped_is_left_out_and_none_is_of_two_halves(tmp_path, caplog):
    folder = tmp_path / "out"
    leave(folder, [0.1, 0.4])
    before = read(folder)
    with killing.recorded(folder, tmp_path / "killed") as states:
        leave(folder, [0.2, 0.3], pictures=["variogram.png"])
    after = read(folder)
    assert after != before and len(after[0].pictures) == 1
    with caplog.at_level(logging.WARNING, "inr_jax"):
        shown = [read(state) for state in states]
    assert shown[0] == before and all(each in (before, []) for each in shown)
    assert "PET, which was stopped; run inr-jax associate again" in caplog.text
    for state in states:
        leave(state, [0.2, 0.3], pictures=["variogram.png"])
        assert read(state) == after


@pytest.mark.parametrize("name", ["associations.csv", "variogram.png"])
def test_a_file_of_another_association_is_told(tmp_path, name):
    other = leave(tmp_path / "other", [0.2, 0.3])
    folder = leave(tmp_path / "out", [0.1, 0.4])
    (folder / name).write_bytes((other / name).read_bytes())
    line = str(input_error(read, tmp_path / "out"))
    assert f"{name}: expected the file that nulls.json tells of" in line


def test_what_an_older_version_left_is_shown(tmp_path):
    folder = leave(tmp_path, [0.1, 0.4])
    right = read(tmp_path)
    tree = json.loads((folder / LAST).read_text())
    del tree["files"], tree["sha256"]
    (folder / LAST).write_text(json.dumps(tree))
    assert read(tmp_path) == right
