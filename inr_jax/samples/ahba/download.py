"""Download the atlas, into abagen's layout.

abagen's own fetcher has no timeout, takes a connection that broke for the end of the
file and throws away what it had; so the archives are fetched here. A part that was
fetched stays and is gone on with; an archive is unpacked once it is whole, into a
folder that appears whole or not at all.
"""

from __future__ import annotations

import http.client
import json
import logging
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from inr_jax.errors import InputError
from inr_jax.files import write_json
from inr_jax.files.reading import user_path
from inr_jax.samples.ahba import folders

log = logging.getLogger("inr_jax")
TIMEOUT = 60  # seconds without a byte
BLOCK = 1 << 20
OnBytes = Callable[[str, int, int], None]  # donor, bytes so far, bytes in all


class Part(NamedTuple):
    """An archive on its way.

    Attributes:
        path: What has arrived.
        archive: Its name once it is whole.
        url: Where it comes from.
    """

    path: Path
    archive: Path
    url: str

    @property
    def facts(self) -> Path:
        """What the server said of it: size and tag."""
        return self.path.with_name(f"{self.path.name}.json")


def fetch(
    data_dir: str | Path,
    donors: tuple[str, ...],
    *,
    server: str = "",
    on_bytes: OnBytes = lambda donor, done, total: None,
) -> folders.Files:
    """Download what is not there yet; makes no network call for what is.

    Args:
        data_dir: Where to; "" for where abagen keeps its data.
        donors: Donor ids.
        server: Instead of `folders.SERVER`.
        on_bytes: Called as bytes arrive.

    Returns:
        The donors' files, see `folders.locate`.

    Raises:
        InputError: The server cannot be reached or breaks off, what came is no
            archive, or there is no room for it. What arrived stays.
    """
    base = user_path(data_dir) if str(data_dir) else folders.default_dir()
    there = folders.present(base) if base.exists() else {}
    layout = base if base.name == "microarray" else base / "microarray"
    for donor in donors:
        if donor not in there:
            name = f"{folders.folder_name(donor)}.zip"
            url = folders.archive_url(donor, server)
            part = Part(layout / f".{name}.part", layout / name, url)
            lacking = tuple(d for d in donors if d not in folders.present(base))
            hand = f"or download by hand {folders.by_hand(base, lacking)}"
            _download(part, donor, on_bytes, hand)
            folders.unpack(part.archive, layout / folders.folder_name(donor))
            part.archive.unlink()
            log.info("fetch: donor %s is in %s", donor, layout)
    return folders.locate(base, donors)


def _download(part: Part, donor: str, on_bytes: OnBytes, by_hand: str) -> None:
    """Get the rest of an archive, and give it its name once it is whole."""
    try:
        part.path.parent.mkdir(parents=True, exist_ok=True)
        with _opened(part) as response:
            expected = _copy(response, part, donor, on_bytes)
    except urllib.error.HTTPError as error:
        found = f"HTTP {error.code} {error.reason}"
        raise InputError(
            part.url, expected="the archive", found=found, fix=f"try later, {by_hand}"
        ) from error
    except (urllib.error.URLError, TimeoutError, http.client.HTTPException) as error:
        found = f"no connection ({getattr(error, 'reason', error) or 'timed out'})"
        fix = f"connect and run it again, {by_hand}"
        raise InputError(
            part.url, expected="the archive", found=found, fix=fix
        ) from error
    except OSError as error:
        raise _disk_or_line(part, error, by_hand) from error
    size = part.path.stat().st_size
    if expected and size != expected:
        raise InputError(
            part.path,
            expected=f"{expected} bytes",
            found=f"{size}: the connection broke off",
            fix="the same command goes on from there",
        )
    if not zipfile.is_zipfile(part.path):
        part.path.unlink()
        part.facts.unlink(missing_ok=True)
        found = f"{size} bytes that are none"
        raise InputError(
            part.url, expected="a zip", found=found, fix=f"try later, {by_hand}"
        )
    part.path.replace(part.archive)
    part.facts.unlink(missing_ok=True)


def _opened(part: Part) -> http.client.HTTPResponse:
    """The answer: the rest of the archive where a part is there, else all of it."""
    request = urllib.request.Request(part.url)
    have = part.path.stat().st_size if part.path.exists() else 0
    try:
        tag = json.loads(part.facts.read_text())["tag"]
    except (OSError, ValueError, KeyError):
        tag = ""
    if have and tag:  # without a tag the rest might be another file's
        request.add_header("Range", f"bytes={have}-")
        request.add_header("If-Range", tag)
    try:
        return urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        part.path.unlink()
        return urllib.request.urlopen(part.url, timeout=TIMEOUT)


def _copy(response, part: Part, donor: str, on_bytes: OnBytes) -> int:
    """Write what arrives; returns the size that the server named, 0 for none."""
    goes_on = response.status == http.client.PARTIAL_CONTENT
    done = part.path.stat().st_size if goes_on else 0
    length = int(response.headers.get("Content-Length") or 0)
    total = done + length if length else 0
    tag = response.headers.get("ETag") or response.headers.get("Last-Modified") or ""
    if not goes_on:
        write_json(part.facts, {"total": total, "tag": tag})
    with open(part.path, "ab" if goes_on else "wb") as file:
        on_bytes(donor, done, total)
        while block := response.read(BLOCK):
            file.write(block)
            done += len(block)
            on_bytes(donor, done, total)
    return total


def _disk_or_line(part: Part, error: OSError, by_hand: str) -> InputError:
    if isinstance(error, ConnectionError):
        size = part.path.stat().st_size if part.path.exists() else 0
        return InputError(
            part.url,
            expected="the archive",
            found=f"{size} bytes, then {error.strerror or error}",
            fix="the same command goes on from there",
        )
    return InputError(
        part.path.parent,
        expected="a folder with room for the atlas, 1 GB a donor and as much unpacked",
        found=error.strerror or str(error),
        fix=f"give another --data_dir, {by_hand}",
    )
