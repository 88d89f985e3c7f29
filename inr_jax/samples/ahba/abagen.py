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

import contextlib
import functools
import importlib
import importlib.util
import logging
import sys
import threading
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from inr_jax.brain.shipped import package_file

SUBMODULES = ("allen", "images", "io", "probes_", "reporting", "samples_")

_LOCK = threading.RLock()

_ABSENT = object()

# What is put in place of what, for a while: (owner, attribute, value).
Swaps = list[tuple[Any, str, Any]]


@contextlib.contextmanager
def borrowed(
    *,
    files: dict[str, dict[str, str]] | None = None,
    update_coords: Callable | None = None,
) -> Iterator[types.ModuleType]:
    """Lend abagen, mended, until the block ends.

    Args:
        files: What `abagen.fetch_microarray` is to return, donor to kind of file to
            path; so that abagen looks nowhere itself and downloads nothing.
        update_coords: What to call instead of `abagen.samples_.update_coords`.

    Yields:
        The module `abagen`, all its submodules loaded.
    """
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        abagen = _load()
        swaps = _pandas_swaps() + _abagen_swaps(abagen)
        if files is not None:
            swaps += [(abagen.datasets, "fetch_microarray", _given(files))]
        if update_coords is not None:
            swaps += [(abagen.samples_, "update_coords", update_coords)]
        with _swapped(swaps), _forwarded_log():
            yield abagen


def _load() -> types.ModuleType:
    root = logging.getLogger()  # abagen puts a handler on it
    handlers, level = list(root.handlers), root.level
    stand_in: Any = types.ModuleType("pkg_resources")
    stand_in.resource_filename = _resource_filename
    kept: Any = sys.modules.get("pkg_resources", _ABSENT)
    sys.modules["pkg_resources"] = stand_in
    try:
        abagen = importlib.import_module("abagen")
        for name in SUBMODULES:
            importlib.import_module(f"abagen.{name}")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        if kept is _ABSENT:
            del sys.modules["pkg_resources"]
        else:
            sys.modules["pkg_resources"] = kept
    return abagen


def _resource_filename(package: str, name: str) -> str:
    return str(package_file("").parent / name)


@contextlib.contextmanager
def _swapped(swaps: Swaps) -> Iterator[None]:
    kept = [(owner, name, vars(owner).get(name, _ABSENT)) for owner, name, _ in swaps]
    try:
        for owner, name, value in swaps:
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value in reversed(kept):
            if value is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, value)


class _Forward(logging.Handler):
    """abagen's records to our log; its progress is detail to us."""

    def emit(self, record: logging.LogRecord) -> None:
        level = logging.DEBUG if record.levelno < logging.WARNING else record.levelno
        text = record.getMessage()
        logging.getLogger("inr_jax.abagen").log(level, "abagen: %s", text)


@contextlib.contextmanager
def _forwarded_log() -> Iterator[None]:
    theirs = logging.getLogger("abagen")
    kept = list(theirs.handlers), theirs.level, theirs.propagate
    theirs.handlers[:], theirs.propagate = [_Forward()], False
    theirs.setLevel(logging.INFO)
    try:
        yield
    finally:
        theirs.handlers[:], theirs.propagate = kept[0], kept[2]
        theirs.setLevel(kept[1])


def _given(files: dict[str, dict[str, str]]) -> Callable[..., dict]:
    def fetch_microarray(data_dir=None, donors=None, **_: object) -> dict:
        return {donor: dict(paths) for donor, paths in files.items()}

    return fetch_microarray


def _pandas_swaps() -> Swaps:
    import numpy as np
    import pandas as pd

    frame = pd.DataFrame
    set_axis, groupby = frame.set_axis, frame.groupby

    def append(self, rows, ignore_index=False):
        # Rows without a value must not turn columns of numbers into objects.
        floats = all(kind.kind == "f" for kind in self.dtypes)
        if len(self) and floats and rows.isna().all(axis=None):
            rows = frame(np.nan, index=rows.index, columns=self.columns)
        return pd.concat([self, rows], ignore_index=ignore_index)

    @functools.wraps(set_axis)
    def set_axis_once(self, labels, **options):
        if options.pop("inplace", False):
            raise TypeError("set_axis: inplace=True went with pandas 2")
        return set_axis(self, labels, **options)

    @functools.wraps(groupby)
    def groupby_columns(self, by=None, *rest, **options):
        if options.pop("axis", 0) in (1, "columns"):
            return _Columns(groupby(self.T, by, *rest, **options))
        return groupby(self, by, *rest, **options)

    return [
        (frame, "append", append),
        (frame, "set_axis", set_axis_once),
        (frame, "groupby", groupby_columns),
        (np, "row_stack", np.vstack),  # deprecated since numpy 2.0
    ]


class _Columns:
    """Groups of a frame's columns, as far as abagen needs them."""

    def __init__(self, rows) -> None:
        self._rows = rows

    def mean(self):
        return self._rows.mean().T


def _abagen_swaps(abagen: types.ModuleType) -> Swaps:
    tree = abagen.matching.AtlasTree
    assign, reannotate = tree._assign_sample, abagen.probes_.reannotate_probes

    def assign_sample(self, possible, sample):
        label = assign(self, possible, sample)
        return label.item() if getattr(label, "ndim", 0) else label

    def reannotate_probes(probes):
        known = reannotate(probes)
        known = known[known.index.notna()]
        return known.set_axis(known.index.astype(int))

    interpolate = functools.partial(_interpolate_missing, abagen)
    by_name = abagen.utils.AGG_FUNCS | {"mean": "mean", "median": "median"}
    return [
        (tree, "_assign_sample", assign_sample),
        (abagen.probes_, "reannotate_probes", reannotate_probes),
        (abagen.allen, "_interpolate_missing", interpolate),
        (abagen.utils, "AGG_FUNCS", by_name),
    ]


def _interpolate_missing(abagen, atlas, labels, microarray, annotation):
    """Values and labels of the regions without a sample, as rows to append.

    A region's value is sum_v w_v y_v / sum_v w_v over its voxels v, with y_v the
    sample nearest to v and w_v the inverse of its distance, as in abagen.
    """
    import pandas as pd

    values, label_of_row = [microarray.iloc[:0]], [labels.iloc[:0]]
    known, same = atlas.atlas_info, ["structure", "hemisphere"]
    for label in sorted(set(atlas.labels) - set(labels["label"])):
        if known is not None:
            match = (known.loc[label, same] == annotation[same]).all(axis=1)
            if not match.any():
                continue
        nearest, distance = atlas.fill_label(annotation, label, return_dist=True)
        if (distance == float("inf")).all():
            continue
        weight = abagen.allen._get_weights(distance[:, None])[:, 0].astype(float)
        share = pd.Series(weight).groupby(list(nearest)).sum()
        value = share.to_numpy() @ microarray.loc[share.index].fillna(0).to_numpy()
        row = pd.Index([f"interp_{label}"], name="sample_id")
        value = value[None] / weight.sum()
        values.append(pd.DataFrame(value, index=row, columns=microarray.columns))
        label_of_row.append(pd.DataFrame({"label": [label]}, index=row))
    made = slice(1, None) if len(values) > 1 else slice(None)
    return pd.concat(values[made]), pd.concat(label_of_row[made])
