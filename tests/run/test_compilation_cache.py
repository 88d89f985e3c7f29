"""Programs that outlive the process."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import zlib

import jax
import pytest
from jax._src import compilation_cache as jax_cache

from inr_jax.errors import InputError
from inr_jax.files import cache_folder
from inr_jax.run.compilation_cache import keep_programs

SCRIPT = """
import jax, sys
from inr_jax.run.compilation_cache import keep_programs

keep_programs(sys.argv[1])
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
events = []
jax.monitoring.register_event_listener(lambda name, **_: events.append(name))
print(jax.jit(lambda x: (x @ x).sum())(jax.numpy.ones((8, 8))))
print(sum(name.endswith("/cache_hits") for name in events))
"""


def run(folder) -> list[str]:
    command = [sys.executable, "-c", SCRIPT, str(folder)]
    return subprocess.run(
        command, check=True, capture_output=True, text=True
    ).stdout.split()


@pytest.mark.slow
def test_a_second_process_finds_what_the_first_compiled(tmp_path):
    value, hits = run(tmp_path / "programs")
    again, more = run(tmp_path / "programs")
    assert value == again == "512.0"
    assert int(hits) == 0 < int(more)


@pytest.mark.slow
@pytest.mark.parametrize("left", [0, 100])
def test_an_entry_that_a_full_disk_cut_short_is_made_again(tmp_path, left):
    folder = tmp_path / "programs"
    run(folder)
    entries = {path: path.read_bytes() for path in folder.glob("*-cache")}
    assert entries
    for path, data in entries.items():
        path.write_bytes(data[:left])
    _, hits = run(folder)
    assert int(hits) == 0
    assert {path: path.read_bytes() for path in folder.glob("*-cache")} == entries
    assert int(run(folder)[1]) > 0


def test_programs_are_packed_so_that_a_flipped_bit_is_told(tmp_path, monkeypatch):
    for name in ("zstd", "zstandard"):  # whose frames have no checksum
        monkeypatch.setattr(jax_cache, name, object())
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path))
    keep_programs("auto")
    packed = jax_cache.compress_executable(b"program" * 99)
    for byte in range(len(packed)):
        broken = bytearray(packed)
        broken[byte] ^= 4
        with contextlib.suppress(zlib.error):
            assert jax_cache.decompress_executable(bytes(broken)) == b"program" * 99


def test_the_folder_that_jax_was_given_is_left_to_it(tmp_path, monkeypatch):
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path / "jax"))
    before = jax.config.jax_compilation_cache_dir
    assert keep_programs("auto") == tmp_path / "jax"
    assert jax.config.jax_compilation_cache_dir == before


def test_without_a_home_no_folder_of_that_name_is_made(monkeypatch, tmp_path):
    for name in ("INR_JAX_CACHE", "XDG_CACHE_HOME", "JAX_COMPILATION_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    monkeypatch.chdir(tmp_path)
    assert keep_programs("auto") is None and not os.listdir(tmp_path)
    with pytest.raises(InputError, match="INR_JAX_CACHE"):
        cache_folder()


def test_nowhere_is_a_choice():
    assert keep_programs("") is None


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match=r"devices\.cache: expected a folder"):
        keep_programs(str(tmp_path / "file" / "below"))


def test_programs_lie_with_the_other_caches(tmp_path, monkeypatch):
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    monkeypatch.setenv("INR_JAX_CACHE", str(tmp_path / "here"))
    assert keep_programs("auto") == tmp_path / "here" / "programs"
    monkeypatch.delenv("INR_JAX_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "inr_jax"
