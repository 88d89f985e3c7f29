"""Fetch what places values: the ANTs coordinates of all wells, and the ontology.

The coordinates are G. A. Devenyi's registration of the six brains to MNI152 2009c
symmetric with ANTs (github.com/gdevenyi/AllenHumanGeneMNI; MIT licence, and the Allen
Institute's terms), six files of a fixed commit and of known checksums. The ontology and
the wells' structures stand in the donors' own downloads (`download`).
"""

from __future__ import annotations

import http.client
import logging
import urllib.error
import urllib.request
import zipfile
import zlib
from pathlib import Path

from inr_jax.errors import InputError
from inr_jax.files import cache_folder, make_folder, write_bytes
from inr_jax.files.reading import user_path
from inr_jax.samples.ahba import folders
from inr_jax.samples.ahba.options import DONORS
from inr_jax.samples.source import sha256

log = logging.getLogger("inr_jax")
CACHE = "wells"  # the folder, in that of caches
ONTOLOGY = "Ontology.csv"
COMMIT = "73d1e643fcbeb1989d4882b9ed35d883497b9b05"
SERVER = (
    "https://raw.githubusercontent.com/gdevenyi/AllenHumanGeneMNI/"
    f"{COMMIT}/transformed-points/recombine"
)
TIMEOUT = 60  # seconds without a byte
FIX = "name another folder for caches in the environment, INR_JAX_CACHE"
# Donor to the SHA-256 of its file at that commit.
ANTS_SHA256 = {
    "9861": "bf80ff56fe9bfdca444ac1ba6b4563fcf78b3c5d7d3d6e11f184aaf80784206b",
    "10021": "5b8d0ed2edfd5cccad22bd9f9fb58a8f4113ba60b0accb3b7c4b2099f09f4914",
    "12876": "cfb3d2264ff7b83123739a3c00c6c1f3831225aa4f550c1725fb55686481f3cb",
    "14380": "90292a22d8f7b7295c3d77e9770632e912b2511a24c75490c76cd19ebfb7dee2",
    "15496": "af073b1605849b9963634dff1b7772b9e129eeb63bad5b8a5d7e278c4a3476d6",
    "15697": "e461ddc744c5760b8f7c61ae329f63d75722bb4ea9c185ad1631226d78bad61f",
}
ANTS_FILES = {f"{brain}_SampleAnnot.csv": donor for donor, brain in DONORS.items()}


def fetch_wells(
    data_dir: str | Path = "", *, folder: Path | None = None, server: str = ""
) -> Path:
    """Fill the cache of wells; makes no network call for what is there.

    Args:
        data_dir: Where the donors' downloads are, for Ontology.csv and SampleAnnot.csv;
            "" for where abagen keeps its data.
        folder: Instead of the cache.
        server: Instead of `SERVER`.

    Returns:
        The folder.

    Raises:
        InputError: No connection, a file of another checksum, or no donor's download.
    """
    folder = cache_folder() / CACHE if folder is None else folder
    server = server or SERVER
    make_folder(folder, fix=FIX)
    for name in ANTS_FILES:
        path = folder / name
        if path.exists():
            check_ants(path, path.read_bytes())
            continue
        data = _get(f"{server}/{name}", path)
        check_ants(f"{server}/{name}", data)
        write_bytes(path, data)
        log.info("fetch: %s is in %s", name, folder)
    _copy_of_donors(data_dir, folder)
    return folder


def check_ants(where: object, data: bytes) -> None:
    """Refuse a file of coordinates that is not the one of the commit.

    Args:
        where: The path or address, which ends in the file's name.
        data: Its bytes.

    Raises:
        InputError: Its checksum is another.
    """
    name = str(where).replace("\\", "/").rpartition("/")[2]
    true, found = ANTS_SHA256[ANTS_FILES[name]], sha256(data)
    if found != true:
        raise InputError(
            where,
            expected=f"SHA-256 {true}",
            found=f"{found} ({len(data)} bytes)",
            fix=f"delete it and fetch that of commit {COMMIT[:8]}, {SERVER}/{name}",
        )


def _copy_of_donors(data_dir: str | Path, folder: Path) -> None:
    """Each donor's SampleAnnot.csv, then Ontology.csv, out of the donors' downloads."""
    base = user_path(data_dir) if str(data_dir) else folders.default_dir()
    homes = folders.present(base) if base.exists() else {}
    copies = [(home, folder / folders.folder_name(d)) for d, home in homes.items()]
    # The ontology last: with it the cache is whole.
    wanted = [(home, inside / "SampleAnnot.csv") for home, inside in copies]
    wanted += [(home, folder / ONTOLOGY) for home, _ in copies[:1]]
    for home, path in wanted:
        if not path.exists():
            make_folder(path.parent, fix=FIX)
            write_bytes(path, _read(home, path.name))
    if not (folder / ONTOLOGY).exists():
        raise InputError(
            folder / ONTOLOGY,
            expected=f"the ontology, which every donor's download holds, in {base}",
            found="no donor there" if base.exists() else "no such folder",
            fix="run inr-jax fetch --donors=12876 --data_dir=DIR, then inr-jax fetch "
            "--wells --data_dir=DIR; or put there the Ontology.csv of "
            f"{folders.archive_url('12876')}",
        )


def _read(home: Path, name: str) -> bytes:
    """A file in a donor's folder or zip."""
    try:
        if home.is_dir():
            return (home / name).read_bytes()
        with zipfile.ZipFile(home) as archive:
            inside = (i for i in archive.infolist() if Path(i.filename).name == name)
            return archive.read(next(inside))
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, StopIteration) as error:
        expected, found = f"a {name} in it", "none that can be read"
        fix = folders.AGAIN
        raise InputError(home, expected=expected, found=found, fix=fix) from error


def _get(url: str, path: Path) -> bytes:
    fix = (
        f"connect and run it again, or download by hand {url.rpartition('/')[0]}/NAME "
        f"to {path.parent}/NAME for NAME in {', '.join(ANTS_FILES)}"
    )
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as response:
            return response.read()
    except urllib.error.HTTPError as error:
        found = f"HTTP {error.code} {error.reason}"
    except (OSError, http.client.HTTPException) as error:
        found = f"no connection ({getattr(error, 'reason', error) or 'timed out'})"
    raise InputError(url, expected="a table of coordinates", found=found, fix=fix)
