"""Files are whole or absent, whatever interrupts the writer."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest

from inr_jax.errors import InputError
from inr_jax.files import writing as files


def fails(error):
    def failing(*args, **kwargs):
        raise error

    return failing


def half_then(error):
    def failing(path, data):
        with open(path, "wb") as file:
            file.write(data[: len(data) // 2])
        raise error

    return failing


@pytest.mark.parametrize("step", ["write", "rename"])
@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space"), KeyboardInterrupt()]
)
def test_a_failure_leaves_the_old_file_and_no_other(tmp_path, monkeypatch, step, error):
    path = tmp_path / "a.nii.gz"
    path.write_bytes(b"old")
    if step == "write":
        monkeypatch.setattr(Path, "write_bytes", half_then(error))
    else:
        monkeypatch.setattr(os, "replace", fails(error))
    expected = InputError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected) as caught:
        files.write_bytes(path, b"new")
    if expected is InputError:
        assert "a.nii.gz: expected 0.0 MB of space" in str(caught.value)
        assert "MB free" in str(caught.value)
    assert os.listdir(tmp_path) == ["a.nii.gz"] and path.read_bytes() == b"old"


def test_a_really_full_disk_is_an_input_error():
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")
    with pytest.raises(OSError) as caught:
        full.write_bytes(b"x" * 10_000_000)
    message = str(files._cannot_write(full, 10_000_000, caught.value))
    assert "/dev/full: expected 10.0 MB of space for this file" in message


def test_a_missing_folder_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match=r"b\.json: expected a folder to write to"):
        files.write_json(tmp_path / "a" / "b.json", {})


def test_json_holds_null_for_nan_and_plain_numbers_for_arrays(tmp_path):
    tree = {
        "r": np.float32("nan"),
        "list": (1.5, float("inf"), None, True),
        "array": np.array([[1.0, np.nan]]),
        "n": np.int32(7),
        "path": tmp_path,
        5: "é",
    }
    files.write_json(tmp_path / "a.json", tree)
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == {
        "r": None,
        "list": [1.5, None, None, True],
        "array": [[1.0, None]],
        "n": 7,
        "path": str(tmp_path),
        "5": "é",
    }
