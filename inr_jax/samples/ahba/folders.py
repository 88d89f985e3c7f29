"""Where a donor's five files lie: abagen's layout, any folders, zips as downloaded.

Nouns:
    home: a folder with a donor's files, or a zip of them.
    data_dir: what the user gave; homes lie in it, one or two folders down at most.
"""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import tempfile
import zipfile
import zlib
from pathlib import Path

from inr_jax.errors import InputError, shortlist
from inr_jax.files import make_folder
from inr_jax.files.reading import MIB, chunks, too_large, user_path
from inr_jax.samples.ahba.options import DONORS
from inr_jax.samples.ahba.wells import wells

# abagen's name of a kind of file -> the file.
FILES = {
    "microarray": "MicroarrayExpression.csv",
    "ontology": "Ontology.csv",
    "pacall": "PACall.csv",
    "probes": "Probes.csv",
    "annotation": "SampleAnnot.csv",
}
# The Allen Institute's number of a donor's archive (abagen.datasets.WELL_KNOWN_IDS).
ARCHIVES = {
    "9861": "178238387",
    "10021": "178238373",
    "12876": "178238359",
    "14380": "178238316",
    "15496": "178238266",
    "15697": "178236545",
}
SERVER = "https://human.brain-map.org"
AGAIN = "delete that donor's files and run inr-jax fetch"
LINE = 1 << 16  # bytes of a line that are looked at; real ones have a few hundred
MOST = 4096 * MIB  # of a file; MicroarrayExpression.csv has up to 500 MiB
Files = dict[str, dict[str, str]]  # donor -> kind -> path, as abagen.fetch_microarray


def archive_url(donor: str, server: str = "") -> str:
    """Where a donor's archive is downloaded from."""
    return f"{server or SERVER}/api/v2/well_known_file_download/{ARCHIVES[donor]}"


def by_hand(base: Path, donors: tuple[str, ...]) -> str:
    """What to download and where to put it, for a user without inr-jax fetch."""
    layout = base if base.name == "microarray" else base / "microarray"
    if len(donors) == 1:
        return f"{archive_url(donors[0])} to {layout / folder_name(donors[0])}.zip"
    numbers = ", ".join(f"{ARCHIVES[donor]} (donor {donor})" for donor in donors)
    url = archive_url(donors[0]).removesuffix(ARCHIVES[donors[0]])
    return f"{url}N to {layout / folder_name('ID')}.zip for N in {numbers}"


def folder_name(donor: str) -> str:
    """abagen's name of a donor's folder, below `microarray`."""
    return f"normalized_microarray_donor{donor}"


def default_dir() -> Path:
    """Where abagen keeps its data: $ABAGEN_DATA or ~/abagen-data."""
    return user_path(os.environ.get("ABAGEN_DATA") or "~/abagen-data", "$ABAGEN_DATA")


def locate(data_dir: str | Path, donors: tuple[str, ...]) -> Files:
    """Find the donors' files; a zip is unpacked beside itself, whole or not at all.

    Args:
        data_dir: A folder or a zip; "" looks in `default_dir`.
        donors: Donor ids.

    Raises:
        InputError: A donor is not there or lacks a file, or a zip is cut short.
    """
    base = user_path(data_dir) if str(data_dir) else default_dir()
    if not base.exists():
        raise _nothing(base, donors)
    homes = present(base)
    missing = [donor for donor in donors if donor not in homes]
    if missing:
        raise _nothing(base, tuple(missing))
    return {donor: _files(_unpacked(homes[donor], donor)) for donor in donors}


def present(base: Path) -> dict[str, Path]:
    """Donor to its home; a folder goes before a zip, a whole one before a part."""
    folders = [base, *(item for item in _below(base) if item.is_dir())]
    folders += [item for folder in folders[1:] for item in _below(folder)]
    folders = [folder for folder in folders if folder.is_dir()]
    zips = [z for folder in folders for z in folder.glob("*.zip") if z.is_file()]
    zips += [base] if base.is_file() else []
    homes: dict[str, Path] = {}
    for home in sorted(folders, key=_lacking) + sorted(zips):
        donor = _donor_of(home)
        if donor:
            homes.setdefault(donor, home)
    return homes


def _below(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(i for i in folder.iterdir() if not i.name.startswith("."))


def _lacking(folder: Path) -> int:
    return sum(not (folder / name).is_file() for name in FILES.values())


def _donor_of(home: Path) -> str | None:
    """Whose files a home holds: by the wells that it names, else by its own name."""
    if home.is_dir() and _lacking(home) == len(FILES):
        return None
    try:
        head = _annotation(home)
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, KeyError):
        head = ""
    rows = list(csv.DictReader(io.StringIO(head)))
    known = wells()
    for row in rows[:1]:
        if (row.get("well_id") or "").isdigit():
            at = (known.well == int(row["well_id"])).nonzero()[0]
            if len(at):
                return str(known.donor[at[0]])
    numbers = re.findall(r"\d+", home.name)
    return next((d for d in DONORS if {d, ARCHIVES[d]} & {*numbers}), None)


def _annotation(home: Path) -> str:
    """The first two lines of SampleAnnot.csv."""
    name = FILES["annotation"]
    if home.is_dir():
        if not (home / name).is_file():  # a pipe would have to be waited for
            raise KeyError(name)
        with open(home / name, encoding="utf-8", errors="replace") as file:
            return file.readline(LINE) + file.readline(LINE)
    with zipfile.ZipFile(home) as archive, archive.open(_member(archive, name)) as file:
        return (file.readline(LINE) + file.readline(LINE)).decode("utf-8", "replace")


def _member(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    infos = [i for i in archive.infolist() if Path(i.filename).name == name]
    if not infos:
        raise KeyError(name)
    if len(infos) > 1:
        raise zipfile.BadZipFile(f"{name} is there {len(infos)} times")
    return infos[0]


def _files(home: Path) -> dict[str, str]:
    missing = [name for name in FILES.values() if not (home / name).is_file()]
    empty = [n for n in FILES.values() if n not in missing and not _size(home / n)]
    if missing or empty:
        found = f"no {shortlist(missing)}" if missing else f"{shortlist(empty)} empty"
        expected = f"{', '.join(FILES.values())} in a donor's folder"
        raise InputError(home, expected=expected, found=found, fix=AGAIN)
    return {kind: str(home / name) for kind, name in FILES.items()}


def _size(path: Path) -> int:
    return path.stat().st_size


def _unpacked(home: Path, donor: str) -> Path:
    return home if home.is_dir() else unpack(home, home.parent / folder_name(donor))


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack a donor's five files into a folder that appears whole or not at all.

    Raises:
        InputError: The zip is cut short or damaged, lacks a file, or there is no
            space or permission to unpack.
    """
    where = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=_writable(folder.parent)))
    try:
        with zipfile.ZipFile(archive) as opened:
            for name in FILES.values():
                info = _member(opened, name)
                inside, expected = f"{archive}:{info.filename}", "a donor's file"
                if info.file_size > MOST:
                    raise too_large(inside, expected, info.file_size, MOST)
                with (
                    opened.open(info) as source,
                    open(where / name, "wb") as target,
                ):
                    target.writelines(chunks(source, inside, expected, most=MOST))
        where.chmod(0o755)
        _rename(where, folder)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        found = f"{_size(archive)} bytes, cut short or damaged ({error})"
        raise InputError(
            archive, expected="a whole zip", found=found, fix=AGAIN
        ) from error
    except KeyError as error:
        found = f"no {error.args[0]}"
        expected = f"a zip with {', '.join(FILES.values())}"
        raise InputError(archive, expected=expected, found=found, fix=AGAIN) from error
    except OSError as error:
        fix = f"free some space, or unpack it yourself into {folder}"
        found = error.strerror or str(error)
        raise InputError(
            archive, expected="room to unpack", found=found, fix=fix
        ) from error
    finally:
        shutil.rmtree(where, ignore_errors=True)
    return folder


def _rename(folder: Path, to: Path) -> None:
    try:
        folder.rename(to)
    except OSError:
        if not to.is_dir():  # else another process was first
            raise


def _writable(folder: Path) -> Path:
    fix = "unpack the archives into another folder and give that"
    if os.access(make_folder(folder, fix=fix), os.W_OK):
        return folder
    expected, found = "a folder to write to", "one that is read-only"
    raise InputError(folder, expected=expected, found=found, fix=fix)


def _nothing(base: Path, donors: tuple[str, ...]) -> InputError:
    """One line that says what to download by hand, and where to put it."""
    found = "no such folder" if not base.exists() else f"none of donor {donors[0]}"
    if len(donors) > 1 and base.exists():
        found = f"none of donors {', '.join(donors)}"
    return InputError(
        base,
        expected=f"the atlas's files of donors {', '.join(donors)}",
        found=found,
        fix=f"run inr-jax fetch --donors={','.join(donors)} --data_dir={base}, or "
        f"download by hand {by_hand(base, donors)}",
    )
