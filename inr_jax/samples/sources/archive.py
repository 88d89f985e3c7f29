"""Files out of a folder or a zip, read without unpacking anything to disk.

Nouns:
    member: one file of the folder or zip.
    home: where the members lie: the top, "", or a folder below it, "NAME/".
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from inr_jax.errors import InputError, shortlist
from inr_jax.files.reading import TABLE, bounded, read_bytes, too_large, unpacked
from inr_jax.samples.source import existing, sha256

AGAIN = "download it again"


class Member(NamedTuple):
    """One file.

    Attributes:
        where: Its path for messages; "ZIP:NAME" in a zip.
        data: Its bytes.
    """

    where: str
    data: bytes


def holds(path: Path, names: tuple[str, ...]) -> bool:
    """Whether one of these files lies in a folder or zip, or one folder below."""
    try:
        if path.is_dir():
            homes = _homes_in_folder(path, names)
        elif not path.is_file():  # a pipe or device might never end
            return False
        else:
            with zipfile.ZipFile(path) as archive:
                homes = _homes_in_zip(path, archive, names)
    except (OSError, zipfile.BadZipFile):
        return False
    return any(homes.values())


def read_members(
    path: str | Path, names: tuple[str, ...], *, optional: tuple[str, ...] = ()
) -> dict[str, Member]:
    """Read files by name, all from one home.

    Args:
        path: A folder or a zip.
        names: Files that must be there.
        optional: Files to read as well where they are there.

    Returns:
        Name to `Member`, in the order of `names` and `optional`.

    Raises:
        InputError: Nothing at `path`, neither folder nor zip, a file missing, two
            homes, a zip that is broken, encrypted or has a name that climbs out.
    """
    wanted = names + optional
    expected = f"a folder or zip with {', '.join(names)}"
    path = existing(path, expected)
    try:
        if path.is_dir():
            homes = _homes_in_folder(path, wanted)
            home = _chosen_home(path, homes, names)
            return _members(f"{path}/{home}", homes[home], wanted, _plain)
        with zipfile.ZipFile(path) as archive:
            homes = _homes_in_zip(path, archive, wanted)
            home = _chosen_home(path, homes, names)
            read = partial(_unzipped, path, archive)
            return _members(f"{path}:{home}", homes[home], wanted, read)
    except zipfile.BadZipFile as error:
        found = f"a broken zip or no zip ({error})"
        fix = f"{AGAIN}, or give the folder that holds the files"
        raise InputError(path, expected=expected, found=found, fix=fix) from error
    # zlib.error and EOFError: cut short; RuntimeError: encrypted; its subclass
    # NotImplementedError: a compression that Python lacks.
    except (OSError, zlib.error, EOFError, RuntimeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        found = f"one that cannot be read ({error})"
        raise InputError(path, expected=expected, found=found, fix=AGAIN) from error


def digests(members: dict[str, Member]) -> dict[str, str]:
    """Name of each member to its SHA-256."""
    return {name: sha256(member.data) for name, member in members.items()}


def folder_of(path: Path, names: tuple[str, ...]) -> Path:
    """The folder with these files: this one, one below it, or where none is, this."""
    full = _whole_homes(_homes_in_folder(path, names), names)
    return path / full[0] if full else path


def _whole_homes(homes: dict[str, dict], names: tuple[str, ...]) -> list[str]:
    """The homes that have all `names`; of a folder, the top comes first."""
    return [home for home, there in homes.items() if set(names) <= set(there)]


def _homes_in_folder(path: Path, wanted: tuple[str, ...]) -> dict[str, dict]:
    below = [item for item in sorted(path.iterdir()) if item.is_dir()]
    homes = {}
    for folder in [path, *below]:
        there = {name: folder / name for name in wanted if (folder / name).is_file()}
        homes["" if folder == path else f"{folder.name}/"] = there
    return homes


def _homes_in_zip(
    path: Path, archive: zipfile.ZipFile, wanted: tuple[str, ...]
) -> dict[str, dict]:
    homes: dict[str, dict] = {}
    for info in archive.infolist():
        name = info.filename.replace("\\", "/")
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if name.startswith("/") or ".." in parts or name[1:2] == ":":
            found = f"{info.filename!r}, which climbs out of it"
            raise InputError(
                path, expected="a zip with names inside it", found=found, fix=AGAIN
            )
        if len(parts) in (1, 2) and parts[-1] in wanted and not info.is_dir():
            home = homes.setdefault("".join(f"{part}/" for part in parts[:-1]), {})
            if parts[-1] in home:
                expected, found = "each file once", f"{'/'.join(parts)} twice"
                fix = "unpack it, and give the folder with the right one"
                raise InputError(path, expected=expected, found=found, fix=fix)
            home[parts[-1]] = info
    return homes


def _plain(path: Path) -> bytes:
    return read_bytes(path, "a CSV", fix=AGAIN)


def _unzipped(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """A member of bounded size, read to its end, where its checksum is compared."""
    where = f"{path}:{info.filename}"
    if info.file_size > TABLE:
        raise too_large(where, "a CSV", info.file_size, TABLE)
    with archive.open(info) as file:
        data = bounded(file, where, "a CSV", most=TABLE)
    return unpacked(data, where, "a CSV", fix=AGAIN)


def _chosen_home(path: Path, homes: dict[str, dict], names: tuple[str, ...]) -> str:
    """The only home that has all `names`; the top goes before folders."""
    full = _whole_homes(homes, names)
    if not full:
        best = max(homes.values(), key=len, default={})
        missing = [name for name in names if name not in best]
        raise InputError(
            path,
            expected=f"{', '.join(names)} in it, or one folder below",
            found=f"no {shortlist(missing)}",
            fix="give the folder or zip as it was downloaded",
        )
    if len(full) > 1 and "" not in full:
        found = f"{len(full)} ({shortlist([home.rstrip('/') for home in full])})"
        fix = "give the path of one of them"
        raise InputError(path, expected="one export", found=found, fix=fix)
    return "" if "" in full else full[0]


def _members(
    where: str,
    there: dict[str, Any],
    wanted: tuple[str, ...],
    read: Callable[[Any], bytes],
) -> dict[str, Member]:
    """The wanted files of a home, as far as they are there."""
    return {
        name: Member(f"{where}{name}", read(there[name]))
        for name in wanted
        if name in there
    }
