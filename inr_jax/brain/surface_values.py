"""Maps of values on the surface of cortex, as users bring them: GIFTI, a file a side.

A value is taken to hold through the depth of cortex, from white matter to pia, so that
such a map can be asked for at places as a volume can (`value_maps.ValueMap`).

Axis letters: V vertices, P points through cortex, N places. Frame: x_mm (MNI152, mm).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from inr_jax.brain.surfaces import SIDES, Cortex, side_of
from inr_jax.brain.value_maps import check_values
from inr_jax.errors import InputError, first_line
from inr_jax.files.reading import MIB, read_bytes

ENDING = re.compile(r"(\.(func|shape))?\.gii(\.gz)?$")
MOST = 64 * MIB
EXPECTED = "a value of each vertex of cortex (GIFTI)"
FIX = "give a .func.gii or .shape.gii of each side, as hemi-L or lh in its name tells"
DEPTHS = (0.0, 0.5, 1.0)  # of cortex, which is some 3 mm thick, that points lie at
REACH_MM = 3.0  # of a point; neighbours on fsaverage5 lie 3 to 4 mm apart
NEAREST = 3  # points, as a triangle has corners


class SurfaceMap(NamedTuple):
    """A map on one side of cortex or both.

    Attributes:
        name: Of its files, without what tells their side, and endings.
        x_mm: `(P, 3)` points through cortex at the vertices that have a value.
        values: `(P,)` float64.
        rule: Where it says something, in words.
    """

    name: str
    x_mm: np.ndarray
    values: np.ndarray
    rule: str

    def at(self, x_mm: np.ndarray) -> np.ndarray:
        """Values `(N,)` float64 at places `(N, 3)`, NaN beyond cortex.

        Means of the nearest points, weighed by the inverse of their distances.
        """
        from scipy.spatial import cKDTree

        tree, count = cKDTree(self.x_mm), min(NEAREST, len(self.x_mm))
        far_mm, row = tree.query(
            np.asarray(x_mm, np.float64),
            k=np.arange(1, count + 1),
            distance_upper_bound=REACH_MM,
        )
        weight = np.where(np.isfinite(far_mm), 1 / np.maximum(far_mm, 1e-6), 0.0)
        total = weight.sum(1)
        known = np.append(self.values, 0.0)[row]  # of what is too far the row is P
        mean = (weight * known).sum(1) / np.where(total > 0, total, 1)
        return np.where(total > 0, mean, np.nan)


def is_surface_map(source: Any) -> bool:
    """Whether a source is a path whose name is that of values of vertices."""
    return isinstance(source, str | Path) and bool(ENDING.search(str(source)))


def paired(sources: Sequence[Any]) -> list[Any]:
    """Sources with files of two sides of one map as one tuple, where its first stood.

    Two `.gii` files are of one map whose names differ in their side alone.
    """
    pairs: dict[str, list] = {}
    order: list[Any] = []
    for source in sources:
        if not is_surface_map(source):
            order.append(source)
            continue
        key = str(Path(source).parent / _without_side(Path(source).name))
        if key not in pairs:
            pairs[key] = []
            order.append(pairs[key])
        pairs[key].append(source)
    return [tuple(part) if isinstance(part, list) else part for part in order]


def _without_side(name: str) -> str:
    """A file's name without its ending and what tells its side."""
    stem = ENDING.sub("", name)
    for form in SIDES.values():
        stem = re.sub(form, "_", stem)
    return re.sub(r"[._-]{2,}", "_", stem).strip("._-") or "map"


def read_surface_map(
    paths: Sequence[str | Path], sides: Sequence[Cortex], surface: str, zeros: str
) -> SurfaceMap:
    """Read a map of one side or both.

    Args:
        paths: A GIFTI file of values a side.
        sides: The surface whose vertices they are of, MNI152.
        surface: Its name, for errors.
        zeros: "outside" leaves zeros out; else they are values.

    Raises:
        InputError: A bad file, two of one side, other numbers of vertices, or values
            that do not vary.
    """
    cortex = {side.hemi: side for side in sides}
    points: list[np.ndarray] = []
    values: list[np.ndarray] = []
    seen: dict[str, str | Path] = {}
    for path in paths:
        hemi, value = _read(path)
        if hemi in seen:
            told = f"{seen[hemi]} and this one of {hemi}"
            raise InputError(path, expected="a file a side", found=told, fix=FIX)
        seen[hemi] = path
        there = len(cortex[hemi].white) if hemi in cortex else 0
        if there != len(value):
            raise InputError(
                path,
                expected=f"values of the {there} vertices of {surface}, {hemi}",
                found=f"{len(value)}",
                fix="name its surfaces by render.surface (GIFTI, MNI mm)",
            )
        inside = np.isfinite(value) & cortex[hemi].is_cortex()
        inside &= (value != 0) | (zeros != "outside")
        points += [cortex[hemi].at(depth)[inside] for depth in DEPTHS]
        values += [value[inside]] * len(DEPTHS)
    name = _without_side(Path(paths[0]).name)
    known = np.concatenate(values)
    check_values(paths[0], known, "vertex")
    rule = f"{len(known) // len(DEPTHS):,} vertices of cortex have a value"
    if zeros != "outside":
        rule += ", zeros among them"
    return SurfaceMap(name, np.concatenate(points), known, rule)


def _read(path: str | Path) -> tuple[str, np.ndarray]:
    """The side and the values `(V,)` float64 of a file."""
    from nibabel.gifti import GiftiImage

    data = read_bytes(path, EXPECTED, most=MOST, fix=FIX)
    try:
        image: Any = GiftiImage.from_bytes(data)
        arrays = [np.asarray(array.data) for array in image.darrays]
        if len(arrays) != 1 or arrays[0].ndim != 1 or arrays[0].dtype.kind not in "iuf":
            shapes = ", ".join(str(array.shape) for array in arrays) or "none"
            raise ValueError(f"arrays of shape {shapes}, not one number a vertex")
        values = arrays[0].astype(np.float64)
        told = str(image.meta.get("AnatomicalStructurePrimary", ""))
        told = told or str(image.darrays[0].meta.get("AnatomicalStructurePrimary", ""))
    except Exception as error:  # expat and nibabel raise whatever a file brings about
        reason = first_line(error)
        raise InputError(path, expected=EXPECTED, found=reason, fix=FIX) from error
    return side_of(str(path), told, FIX), values
