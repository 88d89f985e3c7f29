"""Parcellations of cortex as labels of vertices: GIFTI (.label.gii) or FreeSurfer's.

Nouns:
    label: a whole number of a vertex; of GIFTI's own table of names, or the row of an
        .annot file's table of colours.
    region: a row of `SurfaceLabels`, a label of one side; row 0 is everywhere else:
        label 0 of GIFTI, vertices without a label, and what is named as no cortex.

Where a number is of a region on either side, regions are numbered as FreeSurfer does:
the left from 1000, the right from 2000 on, or the next power of ten.

Axis letters: V vertices, L regions and one.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from inr_jax.brain.label_images import region_table
from inr_jax.brain.surfaces import side_of
from inr_jax.errors import InputError, first_line, shortlist
from inr_jax.files.reading import MIB, read_bytes

if TYPE_CHECKING:
    import pandas as pd

MOST, MOST_REGIONS = 64 * MIB, 2**15 - 1
ENDING = re.compile(r"(\.label)?\.gii(\.gz)?$|\.annot$")
NO_CORTEX = re.compile(
    r"\?\?\?|unknown|background|(left_|right_|[lr]h?_)?medial[_ ]?wall", re.IGNORECASE
)
EXPECTED = "labels of vertices (GIFTI or .annot)"
FIX = "give a .label.gii or .annot of each side, as hemi-L or lh in its name tells"


class SurfaceLabels(NamedTuple):
    """Regions of cortex, a row a label and side.

    Attributes:
        vertices: "L", "R" or both to `(V,)` rows of `names`, 0 for no region.
        names: L names, the first "".
        sides: L of "L" and "R", the first "".
        labels: L labels, no two alike, the first 0.
        path: The file of the first side.
        paths: "L", "R" or both to their files.
    """

    vertices: dict[str, np.ndarray]
    names: tuple[str, ...]
    sides: tuple[str, ...]
    labels: tuple[int, ...]
    path: Path
    paths: dict[str, Path]

    def table(self) -> pd.DataFrame:
        """The regions as `LabelImage.table` tells them."""
        parents = ("",) + ("cortex",) * (len(self.names) - 1)
        return region_table(self.labels, self.names, self.sides, parents)


class _Labels(NamedTuple):
    path: Path
    label: np.ndarray  # (V,)
    names: dict[int, str]


def is_surface(path: str) -> bool:
    """Whether a file's name is that of labels of vertices."""
    return bool(ENDING.search(path))


def read_surface_labels(paths: dict[str, Path]) -> SurfaceLabels:
    """The regions of one side or two.

    Args:
        paths: "L", "R" or both to files.

    Raises:
        InputError: A file is damaged, no such file, or has no region.
    """
    sides = {hemi: _read(path) for hemi, path in sorted(paths.items())}
    keys = [set(side.names) for side in sides.values()]
    step = 0
    if len(keys) == 2 and keys[0] & keys[1]:
        step = 10 ** max(3, len(str(max(max(part) for part in keys))))
    names, of_side, labels, vertices = [""], [""], [0], {}
    for number, (hemi, side) in enumerate(sides.items(), start=1):
        row = np.zeros(len(side.label), np.int16)
        for label, name in sorted(side.names.items()):
            row[side.label == label] = len(names)
            names.append(name)
            of_side.append(hemi)
            labels.append(label + number * step)
        vertices[hemi] = row
    first = next(iter(sides.values()))
    rows = tuple(names), tuple(of_side), tuple(labels)
    return SurfaceLabels(vertices, *rows, first.path, dict(paths))


def sides_of(paths: list[str]) -> list[dict[str, Path]]:
    """Files of atlases: two that follow each other, of other sides, are one atlas.

    Raises:
        InputError: The side of a file cannot be told.
    """
    atlases: list[dict[str, Path]] = []
    for path in paths:
        hemi = side_of(path, "", fix=FIX)
        if atlases and len(atlases[-1]) == 1 and hemi not in atlases[-1]:
            atlases[-1][hemi] = Path(path)
        else:
            atlases.append({hemi: Path(path)})
    return atlases


def _read(path: Path) -> _Labels:
    """Labels of a side, those alone that are named as cortex or are not named."""
    data = read_bytes(path, EXPECTED, most=MOST, fix=FIX)
    try:
        read = _from_annot if path.name.endswith(".annot") else _from_gifti
        label, names = read(data)
        if not len(label) or label.ndim != 1:
            raise ValueError(f"labels of shape {label.shape}")
    except Exception as error:  # expat and nibabel raise whatever a file brings about
        reason = first_line(error)
        raise InputError(path, expected=EXPECTED, found=reason, fix=FIX) from error
    present = np.unique(label)
    present = present[present > 0]
    kept = {int(at): names.get(int(at), "").strip() or str(at) for at in present}
    kept = {at: name for at, name in kept.items() if not NO_CORTEX.fullmatch(name)}
    if not 0 < len(kept) <= MOST_REGIONS:
        listed = shortlist([names.get(int(at), str(at)) for at in present[:9]])
        regions = f"{len(kept)} ({listed or 'all labels are 0'})"
        expected = f"1 to {MOST_REGIONS} regions"
        raise InputError(path, expected=expected, found=regions, fix=FIX)
    return _Labels(path, label, kept)


def _from_gifti(data: bytes) -> tuple[np.ndarray, dict[int, str]]:
    from nibabel.gifti import GiftiImage

    image = GiftiImage.from_bytes(data)
    if len(image.darrays) != 1:
        raise ValueError(f"{len(image.darrays)} arrays where one is wanted")
    label = np.asarray(image.darrays[0].data)
    if label.dtype.kind not in "iu":
        raise ValueError(f"values of type {label.dtype}, no labels")
    names = {int(row.key): str(row.label or "") for row in image.labeltable.labels}
    return label.astype(np.int64), names


def _from_annot(data: bytes) -> tuple[np.ndarray, dict[int, str]]:
    """FreeSurfer's file: a colour a vertex, and a table of colours and names.

    Labels are rows of that table, 1 more than FreeSurfer counts them where it has a
    region in row 0; 0 for a vertex of none of its colours.
    """
    numbers = _Numbers(data)
    count = numbers.next()
    vertex, colour_of = numbers.array(2 * count).reshape(-1, 2).T
    if not np.array_equal(np.sort(vertex), np.arange(count)):
        raise ValueError("vertices that are not numbered from 0")
    colour = np.zeros(count, np.int64)
    colour[vertex] = colour_of
    if numbers.next() != 1:
        raise ValueError("no table of names")
    version = numbers.next()
    if version == -2:
        numbers.next()  # one more than the largest row
    numbers.text()  # the file that the table is from
    rows = numbers.next() if version == -2 else version
    label, names = np.full(count, -1), {}
    for row in range(min(rows, MOST_REGIONS)):
        place = numbers.next() if version == -2 else row
        name = numbers.text()
        red, green, blue, _ = numbers.array(4).tolist()
        names[place] = name
        label[colour == red + 256 * green + 65536 * blue] = place
    shift = 0 if NO_CORTEX.fullmatch(names.get(0, "unknown")) else 1
    return label + shift, {place + shift: name for place, name in names.items()}


class _Numbers:
    """Big-endian numbers and texts, one after the other."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def array(self, count: int) -> np.ndarray:
        end = self.at + 4 * count
        if count < 0 or end > len(self.data):
            raise ValueError("a file that ends too early")
        numbers = np.frombuffer(self.data[self.at : end], ">i4")
        self.at = end
        return numbers.astype(np.int64)

    def next(self) -> int:
        return int(self.array(1)[0])

    def text(self) -> str:
        length = self.next()
        if not 0 <= length <= len(self.data) - self.at:
            raise ValueError("a file that ends too early")
        part = self.data[self.at : self.at + length]
        self.at += length
        return part.split(b"\0")[0].decode("utf-8", "replace")
