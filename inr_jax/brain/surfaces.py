"""Surfaces of cortex: fsaverage5 as nilearn ships it, or GIFTI files of the user's.

Nouns:
    white, pial: the inner and the outer surface of cortex, vertex by vertex.
    depth: where between them, 0 at white and 1 at pial.
    hemi: "L" or "R".

FreeSurfer's fsaverage lies in MNI305. Its affine to MNI152 is FreeSurfer's own
(surfer.nmr.mgh.harvard.edu/fswiki/CoordinateSystems, section 8b).

Axis letters: V vertices, T triangles. Frame: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from inr_jax.brain.shipped import package_folder
from inr_jax.errors import InputError, first_line
from inr_jax.files.reading import MIB, read_bytes

FSAVERAGE5 = "fsaverage5"
MNI305_TO_152 = np.array(
    [
        [0.9975, -0.0073, 0.0176, -0.0429],
        [0.0146, 1.0009, -0.0024, 1.5496],
        [-0.0130, -0.0093, 0.9971, 1.1840],
    ]
)
SPACES = ("MNI152", "MNI305")
MOST = 256 * MIB
# Bounds of the left half of cortex in MNI152, mm; the right mirrors them. Surfaces of
# the average brain and of brains in its space end within `SLACK_MM` of these.
LOW_MM, HIGH_MM, SLACK_MM = (-71.0, -106.0, -50.0), (2.0, 72.0, 80.0), 14.0
THINNEST_MM = (
    1.0  # of cortex (Fischl & Dale 2000, doi 10.1073/pnas.200033797: 1 to 4.5)
)
SIDES = {"L": r"hemi-L|(^|[._-])(lh|left|L)([._-]|$)"}
SIDES["R"] = r"hemi-R|(^|[._-])(rh|right|R)([._-]|$)"
WHITE, PIAL, MIDDLE = "white", "pial", "middle"
KINDS = {WHITE: r"white|smoothwm|graywhite", PIAL: r"pial"}
KINDS[MIDDLE] = r"mid(thickness|dle)?|central|graymid"
FIX = "give white and pial of each side as GIFTI (.surf.gii), comma separated"


class Cortex(NamedTuple):
    """One side of cortex.

    Attributes:
        hemi: "L" or "R".
        white: `(V, 3)` mm.
        pial: `(V, 3)` mm; the same points where one surface alone was given.
        triangles: `(T, 3)` int, rows of vertices.
    """

    hemi: str
    white: np.ndarray
    pial: np.ndarray
    triangles: np.ndarray

    def at(self, depth: float) -> np.ndarray:
        """Vertices `(V, 3)` at a depth, mm."""
        return self.white + depth * (self.pial - self.white)

    def is_cortex(self) -> np.ndarray:
        """`(V,)` bool: not at the midline, where white and pial are one.

        True for all where one surface alone was given.
        """
        apart_mm = np.linalg.norm(self.pial - self.white, axis=1)
        return (apart_mm >= THINNEST_MM) | (not apart_mm.any())


def fsaverage5() -> list[Cortex]:
    """Both sides of fsaverage5, 10,242 vertices each, in MNI152.

    Raises:
        FileNotFoundError: nilearn is not installed.
    """
    folder = package_folder("nilearn", "nilearn") / "datasets" / "data" / FSAVERAGE5
    return [
        _in_mni152(_cortex(hemi, {kind: _read(path) for kind, path in pair.items()}))
        for hemi, pair in (
            (h, {k: folder / f"{k}_{side}.gii.gz" for k in (WHITE, PIAL)})
            for h, side in (("L", "left"), ("R", "right"))
        )
    ]


def read_cortex(paths: list[str], space: str = "MNI152") -> list[Cortex]:
    """The sides of cortex in GIFTI files, each told by its metadata, else its name.

    Args:
        paths: White and pial of a side, or one surface between them; one side or two.
        space: Of their coordinates: "MNI152", or "MNI305" as fsaverage's.

    Raises:
        InputError: A file is no surface, its side or kind cannot be told, the two of a
            side do not match, or they lie elsewhere than cortex does.
    """
    sides: dict[str, dict[str, _Mesh]] = {}
    for path in paths:
        mesh = _read(Path(path))
        hemi, kind = side_of(path, mesh.told), _told(path, mesh.told, "kind", KINDS)
        if kind in sides.setdefault(hemi, {}):
            found = f"two of {kind}, {hemi}"
            raise InputError(path, expected="one of a kind", found=found, fix=FIX)
        sides[hemi][kind] = mesh
    cortices = []
    for hemi, meshes in sorted(sides.items()):
        cortex = _cortex(hemi, meshes)
        cortex = _in_mni152(cortex) if space == "MNI305" else cortex
        _check_box(next(iter(meshes.values())).path, cortex)
        cortices.append(cortex)
    return cortices


class _Mesh(NamedTuple):
    path: Path
    x_mm: np.ndarray
    triangles: np.ndarray
    told: str  # what its metadata say of it


def _read(path: Path) -> _Mesh:
    from nibabel.gifti import GiftiImage

    expected = "a surface in GIFTI"
    data = read_bytes(path, expected, most=MOST, fix=FIX)
    try:
        image: Any = GiftiImage.from_bytes(data)
        (points,) = image.get_arrays_from_intent("NIFTI_INTENT_POINTSET")
        (faces,) = image.get_arrays_from_intent("NIFTI_INTENT_TRIANGLE")
        x_mm = np.asarray(points.data, np.float64)
        triangles = np.asarray(faces.data)
        if x_mm.ndim != 2 or x_mm.shape[1] != 3 or not np.isfinite(x_mm).all():
            raise ValueError(f"vertices of shape {x_mm.shape}")
        whole = triangles.ndim == 2 and triangles.dtype.kind in "iu"
        if not whole or triangles.min() < 0 or triangles.max() >= len(x_mm):
            raise ValueError("triangles of vertices that are not there")
    except Exception as error:  # expat and nibabel raise whatever a file brings about
        found = first_line(error)
        if "unpack" in found:
            found = "no points, or no triangles"
        raise InputError(path, expected=expected, found=found, fix=FIX) from error
    keys = ("AnatomicalStructurePrimary", "AnatomicalStructureSecondary")
    told = " ".join(str(points.meta.get(key, "")) for key in keys)
    return _Mesh(path, x_mm, triangles.astype(np.int64), told)


def side_of(path: str, told: str, fix: str = FIX) -> str:
    """The side that a file is of, "L" or "R": by its metadata, else by its name.

    Args:
        path: Of the file.
        told: Its `AnatomicalStructurePrimary`, or "".
        fix: What to do where neither tells it.

    Raises:
        InputError: Neither tells it.
    """
    return _told(path, told, "side", SIDES, fix)


def _told(
    path: str, told: str, what: str, known: dict[str, str], fix: str = FIX
) -> str:
    """The side or kind that the metadata tell, else the file's name."""
    of_meta = {"L": "CortexLeft", "R": "CortexRight", WHITE: "GrayWhite"}
    of_meta |= {PIAL: "Pial", MIDDLE: "MidThickness"}
    words = told.lower().split()
    for text_of in (
        [name for name in known if of_meta[name].lower() in words],
        [name for name, form in known.items() if _matches(form, Path(path).name, name)],
    ):
        if len(text_of) == 1:
            return text_of[0]
    expected = f"a file that says its {what} ({', '.join(known)})"
    raise InputError(path, expected=expected, found="one that does not", fix=fix)


def _matches(form: str, name: str, of: str) -> bool:
    # A single letter is a side only as a capital.
    return bool(re.search(form, name, 0 if of in SIDES else re.IGNORECASE))


def _cortex(hemi: str, meshes: dict[str, _Mesh]) -> Cortex:
    """One side; of two surfaces their vertices must match."""
    if set(meshes) == {WHITE, PIAL}:
        white, pial = meshes[WHITE], meshes[PIAL]
        if (
            white.triangles.shape != pial.triangles.shape
            or (white.triangles != pial.triangles).any()
        ):
            found = f"{len(white.x_mm)} and {len(pial.x_mm)} vertices"
            expected = f"the triangles of {white.path}"
            raise InputError(pial.path, expected=expected, found=found, fix=FIX)
        return Cortex(hemi, white.x_mm, pial.x_mm, white.triangles)
    if len(meshes) != 1:
        found = ", ".join(meshes)
        path = next(iter(meshes.values())).path
        raise InputError(path, expected="white and pial, or one", found=found, fix=FIX)
    (mesh,) = meshes.values()
    return Cortex(hemi, mesh.x_mm, mesh.x_mm, mesh.triangles)


def _in_mni152(cortex: Cortex) -> Cortex:
    turned, moved = MNI305_TO_152[:, :3], MNI305_TO_152[:, 3]
    white, pial = (x @ turned.T + moved for x in (cortex.white, cortex.pial))
    return cortex._replace(white=white, pial=pial)


def _check_box(path: Path, cortex: Cortex) -> None:
    """Refuse a surface whose bounding box is not that of cortex in MNI space."""
    x_mm = cortex.at(0.5) * ([1, 1, 1] if cortex.hemi == "L" else [-1, 1, 1])
    low, high = x_mm.min(0), x_mm.max(0)
    off = max(abs(low - LOW_MM).max(), abs(high - HIGH_MM).max())
    if off > SLACK_MM:
        at = cortex.at(0.5)
        found = f"one from {at.min(0).round().tolist()} to {at.max(0).round().tolist()}"
        raise InputError(
            path,
            expected=f"cortex of the side {cortex.hemi} in MNI mm",
            found=f"{found} mm",
            fix="give surfaces in MNI space, neither inflated nor native",
        )
