"""The machine a run computes on, before the first program is compiled."""

from __future__ import annotations

import contextlib
import os
import zlib
from pathlib import Path

import jax

from inr_jax.errors import InputError
from inr_jax.files import cache_folder
from inr_jax.files.reading import user_path

USED = ".used"  # touched by every run; entries younger than it were never looked at
ENTRIES = "*-cache"
ZLIB = b"\x78"


def keep_programs(folder: str) -> Path | None:
    """Keep compiled programs in a folder, so that the next run finds them there.

    JAX names a program by all that it depends on: its code, the device, versions.

    Args:
        folder: Where; "auto" for the folder that JAX_COMPILATION_CACHE_DIR names,
            else for `files.cache_folder`; "" for nowhere.

    Returns:
        The folder, or None.

    Raises:
        InputError: The folder was named and cannot be written.
    """
    if not folder:
        return None
    _pack_by_zlib()
    chosen = os.environ.get("JAX_COMPILATION_CACHE_DIR")
    if folder == "auto" and chosen:
        return Path(chosen)  # which JAX has read by itself
    try:
        auto = folder == "auto"
        path = cache_folder() / "programs" if auto else user_path(folder)
        path.mkdir(parents=True, exist_ok=True)
        drop_broken(path)
        (path / USED).touch()
    except (OSError, InputError) as error:
        if folder == "auto":  # a home that cannot be written costs time, not results
            return None
        raise InputError(
            "config.devices.cache",
            expected="a folder to write into",
            found=f"{folder}: {getattr(error, 'strerror', None) or error}",
            fix='name another, or give "" for none',
        ) from error
    jax.config.update("jax_compilation_cache_dir", str(path))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)
    return path


def _pack_by_zlib() -> None:
    """Have JAX pack programs by zlib alone, which sees a flipped bit when it unpacks.

    It takes zstd where that is installed, and writes no checksum then.
    """
    with contextlib.suppress(ImportError):  # of a JAX that is laid out otherwise
        from jax._src import compilation_cache

        for name in ("zstd", "zstandard"):
            if hasattr(compilation_cache, name):
                setattr(compilation_cache, name, None)


def drop_broken(folder: Path) -> None:
    """Remove programs that a full disk cut short; JAX would never write them again."""
    used = folder / USED
    since = used.stat().st_mtime if used.exists() else 0.0
    for path in folder.glob(ENTRIES):
        with contextlib.suppress(OSError):
            new = path.is_file() and path.stat().st_mtime >= since
            if new and not _is_whole(path.read_bytes()):
                path.unlink()


def _is_whole(data: bytes) -> bool:
    if not data.startswith(ZLIB):  # another compression, whose end is not looked at
        return bool(data)
    with contextlib.suppress(zlib.error):
        return bool(zlib.decompress(data))
    return False
