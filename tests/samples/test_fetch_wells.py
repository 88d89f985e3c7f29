"""Fetching what places values, from a server on this machine."""

from __future__ import annotations

import hashlib
import http.server
import threading

import pytest
from fake_wells import FakeWells

from inr_jax import cli
from inr_jax.errors import InputError
from inr_jax.samples.ahba import wells_download, wells_table

NAMES = tuple(wells_download.ANTS_FILES)


@pytest.fixture
def fake() -> FakeWells:
    return FakeWells()


@pytest.fixture
def served(fake, monkeypatch):
    """Name to bytes of what the server has; its address; names that were asked for."""
    files, asked = {}, []
    for name, donor in wells_download.ANTS_FILES.items():
        files[name] = fake.annotation(donor, nonlinear=True).encode()
        digest = hashlib.sha256(files[name]).hexdigest()
        monkeypatch.setitem(wells_download.ANTS_SHA256, donor, digest)

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.rpartition("/")[2]
            asked.append(name)
            if name not in files:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(files[name])))
            self.end_headers()
            self.wfile.write(files[name])

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        monkeypatch.setattr(
            wells_download, "SERVER", f"http://127.0.0.1:{made.server_port}/points"
        )
        yield files, asked
        made.shutdown()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("INR_JAX_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "wells"


def test_the_command_fills_the_cache_that_sources_look_into(
    fake, served, cache, tmp_path, capsys
):
    _, asked = served
    where = f"--data_dir={fake.downloads(tmp_path / 'atlas')}"
    assert cli.main(["fetch", "--wells", where]) == 0
    assert capsys.readouterr().out == f"wells: {cache}\n"
    assert sorted(asked) == sorted(NAMES)
    table = wells_table.find_wells("")
    assert sorted(table.donor) == sorted(fake.well) and "ants" in table.places
    asked.clear()
    assert cli.main(["fetch", "--wells", where]) == 0 and not asked


def test_a_file_of_another_checksum_is_refused_and_not_kept(fake, served, cache):
    files, _ = served
    files[NAMES[2]] += b"\n"
    with pytest.raises(InputError, match=r"expected SHA-256 \w{64}, found .* bytes"):
        wells_download.fetch_wells()
    assert not (cache / NAMES[2]).exists() and (cache / NAMES[0]).exists()
    assert wells_table.find_wells("") is None


def test_without_a_donors_download_one_line_says_what_is_missing(
    served, cache, tmp_path, capsys
):
    assert cli.main(["fetch", "--wells", f"--data_dir={tmp_path / 'none'}"]) == 2
    told = capsys.readouterr().err.strip().splitlines()[-1]
    assert "Ontology.csv" in told and "fetch --donors=12876" in told


def test_offline_one_line_says_what_to_get_and_where_to_put_it(
    cache, capsys, monkeypatch
):
    monkeypatch.setattr(wells_download, "SERVER", "http://127.0.0.1:9/points")
    assert cli.main(["fetch", "--wells"]) == 2
    (told,) = capsys.readouterr().err.strip().splitlines()
    assert "no connection" in told and "by hand http://127.0.0.1:9/points/NAME" in told
    assert f"to {cache}/NAME for NAME in {NAMES[0]}" in told


def test_a_server_without_the_file_is_told(served, cache):
    served[0].clear()
    with pytest.raises(InputError, match="found HTTP 404"):
        wells_download.fetch_wells()
