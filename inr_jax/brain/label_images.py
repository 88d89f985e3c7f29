"""Label images: whole numbers on a grid in MNI mm, and the tables that name them.

Nouns:
    label: a whole number of an image, 0 outside all regions.
    table: CSV or TSV with a row a label; columns id and label (the region's name),
        and at will hemisphere, and structure or parent (what the region lies in).

Axis letters: I, J, K voxels. Frame: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

import csv
import logging
import zlib
from pathlib import Path

import nibabel as nib
import numpy as np

from inr_jax.brain.atlas import Labels
from inr_jax.brain.space import Grid, outside_head
from inr_jax.errors import InputError, shortlist

log = logging.getLogger("inr_jax")
NEEDED = ("id", "label")
ABOVE = ("structure", "parent")  # columns for what a region lies in
MOST = 2**15 - 1  # regions that an int16 can number
_BROKEN = (
    OSError,
    EOFError,
    ValueError,
    zlib.error,
    nib.filebasedimages.ImageFileError,
)


def read_image(path: str | Path) -> tuple[np.ndarray, Grid]:
    """A label image `(I, J, K)` int32, and its grid.

    Whole numbers stored as float are taken, and said; axes of length 1 behind the
    third are dropped.

    Raises:
        InputError: The file is missing, damaged or 4-D, holds fractions, numbers
            below 0 or no label at all, or has no affine.
    """
    try:
        loaded = nib.load(path)
        values = np.asanyarray(loaded.dataobj)
    except FileNotFoundError as error:
        raise _no_labels(path, "no such file") from error
    except _BROKEN as error:
        raise _no_labels(path, str(error) or type(error).__name__) from error
    if values.ndim < 3 or any(side != 1 for side in values.shape[3:]):
        raise _no_labels(path, f"shape {values.shape}")
    values = values.reshape(values.shape[:3])
    whole = _whole(path, values)
    affine = np.asarray(loaded.affine, np.float64)
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-9:
        raise _no_labels(path, "an affine without inverse")
    return whole, Grid(whole.shape, affine)


def _whole(path: str | Path, values: np.ndarray) -> np.ndarray:
    if values.dtype.kind not in "biuf":
        raise _no_labels(path, f"values of type {values.dtype}")
    plain = np.nan_to_num(values, posinf=-1, neginf=-1)
    whole = plain.astype(np.int32)
    if (whole != plain).any():
        broken = plain[whole != plain].flat[0]
        raise _no_labels(path, f"fractions as {broken:g}, values up to {plain.max():g}")
    if whole.min() < 0 or not whole.any():
        raise _no_labels(path, f"values from {whole.min()}, values up to {whole.max()}")
    if values.dtype.kind == "f":
        log.info("%s: labels stored as %s, taken as whole", path, values.dtype)
    return whole


def _no_labels(path: str | Path, found: str) -> InputError:
    expected = "a 3-D label image, whole numbers on a grid in MNI mm"
    fix = "give a NIfTI of labels in MNI space"
    return InputError(path, expected=expected, found=found, fix=fix)


def read_table(path: str | Path) -> dict[int, tuple[str, str]]:
    """Label to (name, what it lies in or ""), by a CSV or TSV.

    Raises:
        InputError: The file is missing or no table, lacks a column, has an id that
            is no whole number above 0, or an id twice.
    """
    rows: dict[int, tuple[str, str]] = {}
    for number, line in enumerate(_lines(path), start=2):
        where = f"{path}, line {number}"
        name = (line["label"] or "").strip()
        try:
            label = int(float(line["id"]))
            good = label == float(line["id"]) and label >= 0 and bool(name)
        except (TypeError, ValueError, OverflowError):
            good = False
        if not good or label in rows:
            found = f"{line['id']}, {line['label']}" + (" again" if good else "")
            fix = "give each label one row"
            raise InputError(
                where, expected="an id above 0 and a name", found=found, fix=fix
            )
        above = next((line[key] for key in ABOVE if line.get(key)), "")
        if label:
            rows[label] = name, above.strip()
    return rows


def _lines(path: str | Path) -> list[dict[str, str]]:
    """The rows by column, whose names are taken without case and blanks."""
    columns = f"columns {', '.join(NEEDED)}, and at will {' or '.join(ABOVE)}"

    def fail(found: str) -> InputError:
        fix = "give a CSV or TSV, one row a label"
        return InputError(path, expected=columns, found=found, fix=fix)

    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            head = file.readline()
            file.seek(0)
            reader = csv.DictReader(file, delimiter="\t" if "\t" in head else ",")
            lines, columns_found = list(reader), reader.fieldnames or ()
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise fail(getattr(error, "strerror", None) or str(error)) from error
    names = {name: (name or "").strip().lower() for name in columns_found}
    missing = [name for name in NEEDED if name not in names.values()]
    if missing:
        raise fail(f"no {', '.join(missing)}")
    return [{names[key]: line[key] for key in names} for line in lines]


def labels_of(path: str | Path, table_path: str | Path) -> Labels:
    """The regions of an image and its table, one for all labels of one name.

    Labels without a row belong to no region, rows without a label to no place; both
    are said.

    Raises:
        InputError: As `read_image` and `read_table`; or they share no label, or a
            name lies in two parents.
    """
    image, grid = read_image(path)
    table = read_table(table_path)
    there = set(np.unique(image).tolist()) - {0}
    both = sorted(there & set(table))
    if not both:
        found = f"{shortlist(sorted(there))} and {shortlist(sorted(table)) or 'none'}"
        fix = "give the table of this image"
        raise InputError(table_path, expected=f"labels of {path}", found=found, fix=fix)
    for what, some in (
        ("labels of the image that the table lacks, taken as outside", there),
        ("rows of the table that the image lacks", set(table)),
    ):
        rest = sorted(some - set(both))
        if rest:
            log.warning("%s: %d %s: %s", path, len(rest), what, shortlist(rest))
    parent = _parents(table_path, [table[label] for label in both])
    names = ("", *sorted(parent))
    row_of = {name: row for row, name in enumerate(names)}
    label = np.array(both)
    rows = np.array([row_of[table[number][0]] for number in both])
    at = np.searchsorted(label, image).clip(0, len(label) - 1)
    region = np.where(label[at] == image, rows[at], 0).astype(np.int16)
    parents = ("", *(parent[name] for name in names[1:]))
    return Labels(region, grid, names, parents)


def _parents(path: str | Path, rows: list[tuple[str, str]]) -> dict[str, str]:
    """Name to parent."""
    parent: dict[str, str] = {}
    for name, above in rows:
        if parent.setdefault(name, above) != above:
            found = f"{name} in {parent[name] or 'none'} and {above or 'none'}"
            fix = "give regions that differ other names"
            expected = "one parent for each name"
            raise InputError(path, expected=expected, found=found, fix=fix)
    if len(parent) > MOST:
        found, fix = f"{len(parent)} names", "take fewer regions"
        raise InputError(path, expected=f"at most {MOST}", found=found, fix=fix)
    return parent


def check_in_brain(
    labels: Labels, path: str | Path, x_mm: np.ndarray, voxel_mm: np.ndarray
) -> None:
    """Say on what grid the labels lie; refuse those that lie elsewhere.

    Args:
        labels: The regions.
        path: Their file.
        x_mm: `(V, 3)` voxels of the maps, MNI mm, folded where left and right are one.
        voxel_mm: `(3,)` size of these voxels, mm.

    Raises:
        InputError: Most labels lie outside a head, or none in the maps' brain.
    """
    from inr_jax.brain.atlas import region_at

    points = labels.grid.points_mm(labels.region > 0)
    out, inside = outside_head(points).mean(), (region_at(labels, x_mm) > 0).mean()
    fix = "resample it to MNI152 space"
    if out > 0.5 or inside == 0:
        low, high = points.min(0).round(), points.max(0).round()
        found = f"labels from {low.tolist()} to {high.tolist()} mm, {inside:.0%} of it"
        raise InputError(path, expected="labels in the brain", found=found, fix=fix)
    sides = [" x ".join(f"{mm:g}" for mm in size.round(2)) for size in
             (labels.grid.voxel_mm(), voxel_mm)]  # fmt: skip
    log.info(
        "%s: labels of %s mm, read by its affine at the maps' voxels of %s mm; they "
        "cover %.0f %% of the brain",
        path,
        *sides,
        100 * inside,
    )
