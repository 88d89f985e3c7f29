"""The machine a run computes on, before the first program is compiled."""

from __future__ import annotations

from pathlib import Path

import jax

from inr_jax.errors import InputError
from inr_jax.files import cache_folder


def keep_programs(folder: str) -> Path | None:
    """Keep compiled programs in a folder, so that the next run finds them there.

    JAX names a program by all that it depends on: its code, the device, versions.

    Args:
        folder: Where; "auto" for `files.cache_folder`, "" for nowhere.

    Returns:
        The folder, or None.

    Raises:
        InputError: The folder was named and cannot be written.
    """
    if not folder:
        return None
    path = (
        cache_folder() / "programs" if folder == "auto" else Path(folder).expanduser()
    )
    try:
        path.mkdir(parents=True, exist_ok=True)
        (path / ".used").touch()
    except OSError as error:
        if folder == "auto":  # a home that cannot be written costs time, not results
            return None
        raise InputError(
            "config.devices.cache",
            expected="a folder to write into",
            found=f"{path}: {error.strerror or error}",
            fix='name another, or give "" for none',
        ) from error
    jax.config.update("jax_compilation_cache_dir", str(path))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)
    return path
