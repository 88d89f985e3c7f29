"""The cache of the preprocessed atlas: when it is read, and when it is made again."""

from __future__ import annotations

import logging
import multiprocessing
import time

import numpy as np
import pytest
from fake_ahba import TWO, donor_file

from inr_jax.errors import InputError
from inr_jax.samples.ahba import cache
from inr_jax.samples.sources import ahba


def test_a_second_look_is_quick_and_the_same(ahba_dir, monkeypatch):
    first = ahba.load(ahba_dir, genes=("APOE",), **TWO._asdict())
    monkeypatch.setattr(cache, "preprocess", None)
    monkeypatch.setattr(cache, "sha256_of", None)
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
    assert "written by version 3 of the cache, this is 99" in caplog.text
    np.testing.assert_array_equal(found, expected)
    path.write_bytes(path.read_bytes()[:-100])
    np.testing.assert_array_equal(
        ahba.load(ahba_copy, **TWO._asdict()).samples.values, expected
    )
    assert "damaged, so it is made anew" in caplog.text


def flips(path, rng, count):
    """A file with one bit changed at a time, then as it was."""
    whole = path.read_bytes()
    for at in rng.integers(len(whole), size=count):
        data = bytearray(whole)
        data[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(data)
        yield
    path.write_bytes(whole)


def test_no_bit_of_the_cache_changes_what_is_read_unseen(ahba_copy, rng):
    atlas = cache.open_atlas(ahba_copy, TWO)
    expected, fates = atlas.values(atlas.genes), atlas.fates()
    told = 0
    for path in (atlas.path, cache._fates_path(atlas.path)):
        for _ in flips(path, rng, 60):
            stored = cache._read(atlas.path)
            if stored is None:  # it would be made anew
                told += 1
                continue
            again = cache.Atlas(*atlas[:5], *stored)
            try:
                values, table = again.values(atlas.genes), again.fates()
            except InputError as error:
                told += "delete it and run again" in str(error)
                continue
            assert values.tobytes() == expected.tobytes() and table.equals(fates)
            assert again.samples.equals(atlas.samples)
            assert again.genes == atlas.genes and again.counts == atlas.counts
    assert told > 60


def test_sums_of_files_are_bound_by_one_of_their_own(ahba_copy, rng):
    folder = cache.open_atlas(ahba_copy, TWO).path.parent
    files = cache.locate(ahba_copy, TWO.donors)
    expected = cache.checksums(files, folder / "checksums.json")
    for _ in flips(folder / "checksums.json", rng, 30):
        assert cache.checksums(files, folder / "checksums.json") == expected


def fill(ahba_dir, queue):
    queue.put(ahba.load(ahba_dir, **TWO._asdict()).samples.values.sum(dtype=float))


@pytest.mark.slow
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
