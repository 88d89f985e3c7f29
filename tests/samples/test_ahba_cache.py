"""The cache of the preprocessed atlas: when it is read, and when it is made again."""

from __future__ import annotations

import logging
import multiprocessing
import time

import numpy as np
from fake_ahba import TWO, donor_file

from inr_jax.samples.ahba import cache
from inr_jax.samples.sources import ahba


def test_a_second_look_is_quick_and_the_same(ahba_dir, monkeypatch):
    first = ahba.load(ahba_dir, genes=("APOE",), **TWO._asdict())
    monkeypatch.setattr(cache, "preprocess", None)
    monkeypatch.setattr(cache, "_sha256", None)
    start = time.perf_counter()
    again = ahba.load(ahba_dir, genes=("APOE",), **TWO._asdict())
    assert time.perf_counter() - start < 2
    np.testing.assert_array_equal(first.samples.values, again.samples.values)
    assert first.files == again.files and len(first.files) == 10


def test_changed_data_or_settings_are_another_entry(ahba_copy):
    one = cache.open_atlas(ahba_copy, TWO).path
    assert cache.open_atlas(ahba_copy, TWO._replace(missing="interpolate")).path == one
    assert cache.open_atlas(ahba_copy, TWO._replace(ibf_threshold=0.4)).path != one
    path = donor_file(ahba_copy, "9861", "microarray")
    path.write_text(path.read_text().replace(".1", ".2", 1))
    assert cache.open_atlas(ahba_copy, TWO).path != one


def test_a_cache_of_another_version_or_damaged_is_made_anew(
    ahba_copy, monkeypatch, caplog
):
    expected = ahba.load(ahba_copy, **TWO._asdict()).samples.values
    path = cache.open_atlas(ahba_copy, TWO).path
    monkeypatch.setattr(cache, "VERSION", 99)
    found = ahba.load(ahba_copy, **TWO._asdict()).samples.values
    assert "written by version 2 of the cache, this is 99" in caplog.text
    np.testing.assert_array_equal(found, expected)
    path.write_bytes(path.read_bytes()[:-100])
    np.testing.assert_array_equal(
        ahba.load(ahba_copy, **TWO._asdict()).samples.values, expected
    )
    assert "damaged, so it is made anew" in caplog.text


def fill(ahba_dir, queue):
    queue.put(ahba.load(ahba_dir, **TWO._asdict()).samples.values.sum(dtype=float))


def test_two_processes_that_fill_one_cache_both_end_right(
    ahba_dir, tmp_path, monkeypatch
):
    expected = ahba.load(ahba_dir, **TWO._asdict()).samples.values.sum(dtype=float)
    monkeypatch.setenv("INR_JAX_CACHE", str(tmp_path / "new"))
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    runs = [context.Process(target=fill, args=(ahba_dir, queue)) for _ in range(2)]
    for run in runs:
        run.start()
    sums = [queue.get(timeout=120) for _ in runs]
    for run in runs:
        run.join()
    assert sums == [expected] * 2
    assert not list((tmp_path / "new").glob(".*"))


def test_loading_says_little(ahba_dir, caplog, monkeypatch, tmp_path):
    monkeypatch.setenv("INR_JAX_CACHE", str(tmp_path))
    caplog.set_level(logging.INFO)
    ahba.load(ahba_dir, **TWO._asdict())
    (record,) = caplog.records
    assert str(tmp_path) in record.getMessage()
    ahba.load(ahba_dir, **TWO._asdict())
    assert len(caplog.records) == 1
