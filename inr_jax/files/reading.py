"""Bytes out of files that users give: bounded and whole.

Every reader takes its bytes from here. A file is opened once it is seen to be a plain
file of a size that its format can need; what is compressed is unpacked up to a bound
and to its end, where its checksum lies.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from inr_jax.errors import InputError, first_line

MIB = 1 << 20
TABLE = 1024 * MIB  # 20,000 genes at 3,702 wells are about 600 MiB as text
SMALL = 64 * MIB  # tables of names: atlases, crosswalks, coordinates
IMAGE = 2048 * MIB  # half a millimetre throughout a head, in float64, is .6 GiB
AGAIN = "is the file cut short? fetch or write it again"
LONGEST = 255  # bytes of a name of a file or folder
GZIP = b"\x1f\x8b"


def user_path(text: str | Path, where: object = "path") -> Path:
    """A path as users write it, ~ and ~name expanded.

    Raises:
        InputError: It holds a NUL or a name that no file can have, or ~ stands for
            nobody's home.
    """
    expected, fix = "a path", "check how it is written"
    long = max(map(len, str(text).encode("utf-8", "replace").split(b"/"))) > LONGEST
    if "\0" in str(text) or long:
        found = f"{str(text)[:80]!r}" + ("..., a name too long" if long else "")
        raise InputError(where, expected=expected, found=found, fix=fix)
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        found = f"{str(text)[:80]!r}: {error}"
        raise InputError(where, expected=expected, found=found, fix=fix) from error


def is_there(path: Path) -> bool:
    """Whether something lies at a path, as far as we may look."""
    try:
        return path.exists()
    except OSError:  # a name too long, or a folder that is not ours to look into
        return False


def read_bytes(
    path: str | Path, expected: str, *, most: int = TABLE, fix: str = AGAIN
) -> bytes:
    """The bytes of a plain file of bounded size, unpacked where they begin as gzip.

    Raises:
        InputError: Nothing is there, it is a folder, pipe or device, it is larger
            than `most` before or after unpacking, or it cannot be read or unpacked.
    """
    data = stored_bytes(path, expected, most=most, fix=fix)
    return unpacked(data, path, expected, most=most, fix=fix)


def stored_bytes(
    path: str | Path, expected: str, *, most: int = TABLE, fix: str = AGAIN
) -> bytes:
    """The bytes of a plain file as they are stored; see `read_bytes`."""
    path = user_path(path)
    try:
        size = plain_size(path, expected)
        if size <= most:
            # Python sets aside as many bytes as are asked for: no more than there are.
            with open(path, "rb") as file:
                data = file.read(size)
                if len(data) != size or file.read(1):
                    raise OSError("it changes while it is read")
    except (OSError, ValueError) as error:
        found = getattr(error, "strerror", None) or first_line(error)
        if isinstance(error, FileNotFoundError):
            found = "no such file"
            fix = "check the path" if fix == AGAIN else fix
        raise InputError(path, expected=expected, found=found, fix=fix) from error
    if size > most:
        raise too_large(path, expected, size, most)
    return data


def sha256_of(path: Path) -> str:
    """The SHA-256 of a plain file, however long it is.

    Raises:
        InputError: It is a folder, pipe or device.
        OSError: It cannot be read.
    """
    plain_size(path, "a file")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def plain_size(path: Path, expected: str) -> int:
    """The size of a plain file, bytes.

    Raises:
        InputError: It is a folder, pipe, device or socket, which might never end.
        OSError: It is not there or hidden.
    """
    status = os.stat(path)
    if stat.S_ISREG(status.st_mode):
        return status.st_size
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFCHR: "a device"}
    found = kinds.get(stat.S_IFMT(status.st_mode), "no plain file")
    found += ", which cannot be read"
    raise InputError(path, expected=expected, found=found, fix="give a file")


def too_large(where: object, expected: str, size: int, most: int) -> InputError:
    """The error for a file larger than any of its kind."""
    found = f"{size / MIB:.0f} MiB or more, beyond the {most / MIB:.0f} MiB of any such"
    return InputError(
        where, expected=expected, found=found, fix="is this the right file?"
    )


def unpacked(
    data: bytes, where: object, expected: str, *, most: int = TABLE, fix: str = AGAIN
) -> bytes:
    """What gzip packed, read to its end, where its checksum is; other data as it is.

    Raises:
        InputError: It is damaged, cut short or larger than `most` unpacked.
    """
    if not data.startswith(GZIP):
        return data
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            return bounded(file, where, expected, most=most)
    except (OSError, EOFError, zlib.error) as error:
        found = f"one that cannot be read, a damaged gzip ({first_line(error)})"
        raise InputError(where, expected=expected, found=found, fix=fix) from error


def bounded(
    file: IO[bytes] | gzip.GzipFile, where: object, expected: str, *, most: int
) -> bytes:
    """All bytes of an open file that ends within `most`.

    Raises:
        InputError: It is longer.
    """
    return b"".join(chunks(file, where, expected, most=most))


def chunks(
    file: IO[bytes] | gzip.GzipFile, where: object, expected: str, *, most: int
) -> Iterator[bytes]:
    """The same, a part after another.

    Raises:
        InputError: There are more bytes than `most`.
    """
    size = 0
    while part := file.read(8 * MIB):
        size += len(part)
        if size > most:
            raise too_large(where, expected, size, most)
        yield part
