"""A Python file of the user's own with one function: a config, a sweep."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

from inr_jax.errors import InputError, first_line
from inr_jax.run.config import unknown_setting

EXAMPLES = "`inr-jax configs` lists examples"  # what to do about a bad file
# How ml_collections says that a key is written or read and is not there.
UNKNOWN = re.compile(r"""Key "(\w+)" does not exist|instead of "(\w+)"|^"'(\w+)'"$""")


def returned(path: Path, function: str, expected: str) -> Any:
    """What a function of a Python file returns; the file is run.

    Args:
        path: The file.
        function: Name of the function, which takes nothing.
        expected: What the file should be, to name in an error.

    Raises:
        InputError: No such file or function, or it fails; an unknown setting.
    """
    try:
        if not path.is_file():
            raise InputError(
                path, expected=expected, found="no such file", fix=EXAMPLES
            )
        names = runpy.run_path(str(path))
        if function not in names:
            raise AttributeError(f"it has no attribute {function!r}")
        return names[function]()
    except InputError:
        raise
    except (Exception, SystemExit) as error:  # it is the user's own code
        key = UNKNOWN.search(str(error))
        if key:
            raise unknown_setting(path, next(filter(None, key.groups()))) from error
        found = f"{type(error).__name__}: {first_line(error)}"
        raise InputError(path, expected=expected, found=found, fix=EXAMPLES) from error
