"""What Python callers pass in: places, paths, forks, files that were renamed."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd
import pytest
from given import input_error

import inr_jax
from inr_jax.fields.numerics import forks
from inr_jax.files import reading
from inr_jax.maps.places import places_at, points
from inr_jax.run import config as settings
from inr_jax.run import consistency, flags

BAD_PLACES = {
    "NaN": ([[1, 2, 3], [1, np.nan, 3]], "a missing number in row 1"),
    "NA": ([[1, 2, pd.NA]], "a missing number in row 0"),
    "text": ("somewhere", "numbers in x_mm"),
    "ragged": ([[1, 2, 3], [1, 2]], "numbers in x_mm"),
    "flat": ([1.0, 2, 3], "shape (3,)"),
    "far": ([[900, 0, 0]], "points outside the head"),
}


@pytest.mark.parametrize("name", BAD_PLACES)
def test_places_that_are_none_are_refused_for_what_they_are(name):
    given, words = BAD_PLACES[name]
    assert words in str(input_error(points, given))


@pytest.mark.parametrize("tissue", [[[1, 0, 0]], [[np.nan, 0]], [[2, 0]], "grey"])
def test_tissue_is_two_probabilities_a_place(tissue):
    assert "tissue" in str(input_error(places_at, np.zeros((1, 3)), tissue))


def test_home_is_expanded_and_nobodys_home_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    text = "x,y,z,donor,A\n1,2,3,a,.5\n4,5,6,b,.7\n"
    (tmp_path / "wells.csv").write_text(text)
    assert inr_jax.read_samples("~/wells.csv").genes == ("A",)
    for bad in ("~nosuchuser/wells.csv", "a\0b.csv", "a" * 5000 + ".csv"):
        for read in (inr_jax.read_samples, inr_jax.load):
            input_error(read, bad)
        for key in ("workdir", "config", "config.render.mask", "config.source.path"):
            given = [f"--{key}={bad}", *(["--workdir=w"] if key != "workdir" else [])]
            if len(bad) < 100:
                input_error(flags.parse, given)


def test_paths_in_a_config_file_are_meant_from_where_it_lies(tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "wells.csv").write_text("x")
    config = tmp_path / "mine" / "config.py"
    config.write_text(
        "from inr_jax.run import config as settings\n"
        "def get_config():\n"
        "    config = settings.default()\n"
        "    config.source.path = 'wells.csv'\n"
        "    config.render.mask = 'here.nii'\n"
        "    return config\n"
    )
    (tmp_path / "here.nii").write_text("x")
    monkeypatch.chdir(tmp_path)
    read = flags.load_config(config)
    assert read.source.path == str(tmp_path / "mine" / "wells.csv")
    assert read.render.mask == str(tmp_path / "here.nii")
    assert read.anatomy.atlas == "desikan_killiany"


def test_a_renamed_source_of_the_same_bytes_is_the_same():
    text = settings.to_json(settings.default())
    result = consistency.Result("scores.csv", text, {"a.csv": "77", "b.csv": "88"})
    consistency._check_files(result, {"c.csv": "88", "a.csv": "77"})
    for files in ({"a.csv": "77"}, {"a.csv": "77", "b.csv": "89"}):
        assert "the inputs" in str(input_error(consistency._check_files, result, files))


def test_a_pipe_has_no_checksum(tmp_path):
    os.mkfifo(tmp_path / "codes.csv")
    assert "a pipe, which cannot be read" in str(
        input_error(reading.sha256_of, tmp_path / "codes.csv")
    )


def test_a_fork_of_a_process_that_computes_is_refused(monkeypatch):
    monkeypatch.setattr(forks, "_computing", {os.getpid()})
    forks.check_process()
    monkeypatch.setattr(forks, "_computing", {os.getppid()})
    assert "get_context('spawn')" in str(input_error(forks.check_process))
