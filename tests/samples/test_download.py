"""Fetching the atlas from a server on this machine that misbehaves as told."""

from __future__ import annotations

import http.server
import shutil
import socket
import threading
from pathlib import Path

import fake_ahba
import pytest

from inr_jax import cli
from inr_jax.errors import InputError
from inr_jax.samples.ahba import download, folders

DONORS = ("9861", "10021")


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """Number of a donor's archive -> its bytes."""
    data_dir = fake_ahba.write_atlas(tmp_path_factory.mktemp("a"), every=60, probes=20)
    made = {}
    for donor in DONORS:
        name = str(tmp_path_factory.mktemp("z") / donor)
        path = shutil.make_archive(name, "zip", fake_ahba.donor_folder(data_dir, donor))
        made[folders.ARCHIVES[donor]] = Path(path).read_bytes()
    return made


class Server(http.server.BaseHTTPRequestHandler):
    """Serves archives; `state` tells how and records what was asked."""

    archives: dict
    state: dict

    def do_GET(self):
        self.state["asked"].append(self.headers.get("Range"))
        data = self.archives.get(self.path.rpartition("/")[2])
        if data is None or self.state.get("refuse"):
            self.send_error(503)
            return
        if self.state.get("page"):
            data = b"<html>sorry</html>"
        tag, start = self.state.get("tag", '"1"'), 0
        if self.headers.get("Range") and self.headers.get("If-Range") == tag:
            start = int(self.headers["Range"][6:-1])
            if start >= len(data):
                self.send_error(416)
                return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(data) - start))
        self.send_header("ETag", tag)
        self.end_headers()
        most = self.state.pop("cut", len(data))
        self.wfile.write(data[start : start + most])

    def log_message(self, *_):
        pass


@pytest.fixture
def server(archives):
    state = {"asked": []}
    kind = type("Told", (Server,), {"archives": archives, "state": state})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{made.server_port}", state
        made.shutdown()


def test_what_is_fetched_is_what_the_archives_hold(server, archives, tmp_path):
    url, state = server
    seen = []
    files = download.fetch(
        tmp_path, DONORS, server=url, on_bytes=lambda *some: seen.append(some)
    )
    assert set(files) == set(DONORS) and len(state["asked"]) == 2
    total = len(archives[folders.ARCHIVES["9861"]])
    assert seen[0] == ("9861", 0, total) and ("9861", total, total) in seen
    layout = tmp_path / "microarray"
    assert sorted(item.name for item in layout.iterdir()) == [
        "normalized_microarray_donor10021",
        "normalized_microarray_donor9861",
    ]


def test_what_is_there_is_not_fetched_again(server, tmp_path):
    url, state = server
    download.fetch(tmp_path, ("9861",), server=url)
    state["asked"].clear()
    download.fetch(tmp_path, ("9861",), server=url)
    download.fetch(tmp_path, ("9861",), server="http://127.0.0.1:9")
    assert not state["asked"]


def test_a_broken_connection_is_told_in_bytes_and_gone_on_with(
    server, archives, tmp_path
):
    url, state = server
    total = len(archives[folders.ARCHIVES["9861"]])
    state["cut"] = 5000
    with pytest.raises(InputError, match=rf"expected {total} bytes, found 5000"):
        download.fetch(tmp_path, ("9861",), server=url)
    assert not (tmp_path / "microarray" / folders.folder_name("9861")).exists()
    download.fetch(tmp_path, ("9861",), server=url)
    assert state["asked"] == [None, "bytes=5000-"]


def test_a_part_of_another_file_is_not_gone_on_with(server, tmp_path):
    url, state = server
    state["cut"] = 5000
    with pytest.raises(InputError):
        download.fetch(tmp_path, ("9861",), server=url)
    state["tag"] = '"2"'
    assert set(download.fetch(tmp_path, ("9861",), server=url)) == {"9861"}


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"refuse": True}, r"found HTTP 503 .*by hand .*donor9861\.zip"),
        ({"page": True}, "expected a zip, found 18 bytes that are none"),
    ],
)
def test_a_server_that_gives_no_archive_is_told(server, tmp_path, how, message):
    url, state = server
    state.update(how)
    with pytest.raises(InputError, match=message):
        download.fetch(tmp_path, ("9861",), server=url)
    assert not list((tmp_path / "microarray").glob("*"))


def test_a_silent_server_is_not_waited_for_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(InputError, match=r"no connection \(timed out\)"):
            download.fetch(tmp_path, ("9861",), server=url)


def test_without_network_one_line_says_what_to_get_and_where_to_put_it(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(folders, "SERVER", "http://127.0.0.1:9")
    assert cli.main(["fetch", "--donors=9861", f"--data_dir={tmp_path}"]) == 2
    told = capsys.readouterr().err.strip()
    assert "no connection" in told and "by hand " in told and "/178238387 to" in told
    assert str(tmp_path / "microarray" / "normalized_microarray_donor9861.zip") in told
    assert len(told.splitlines()) == 1


def test_fetch_and_genes_speak_on_the_command_line(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("INR_JAX_CACHE", str(tmp_path / "cache"))
    fake_ahba.write_atlas(tmp_path / "atlas", every=40, probes=40)
    where = f"--data_dir={tmp_path / 'atlas'}"
    assert cli.main(["fetch", "--donors=9861,10021", where]) == 0
    assert "donor 9861: " in capsys.readouterr().out
    asked = ["genes", "--donors=9861,10021", where]
    assert cli.main([*asked, "--why=APOE,MAPTT"]) == 0
    said = capsys.readouterr().out
    assert "APOE: in the data, by 1 of" in said and "near names: MAPT" in said
    assert cli.main(asked) == 0
    assert "genes in the data" in capsys.readouterr().out
    assert cli.main(["fetch", "--donors=9862", where]) == 2
    assert "did you mean '9861'" in capsys.readouterr().err
