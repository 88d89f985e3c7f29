"""Tables whose rows are regions of an atlas: a value is the mean over its region.

No coordinates are needed: the support of a row is its region's voxels, evenly thinned,
and the voxel nearest their centroid stands for it.

Axis letters: N rows, P points of them all, D = 3. Frame: mm (MNI152 RAS).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from inr_jax.brain.atlas import atlas_files, read_labels
from inr_jax.brain.atlas_tables import read_table
from inr_jax.brain.label_images import LabelImage
from inr_jax.brain.template import tissue_at
from inr_jax.errors import InputError, shortlist, unknown_name
from inr_jax.samples.columns import TableColumns
from inr_jax.samples.support import Support

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger("inr_jax")
# Points of a region that are kept; a fit sees them all. Over the regions
# of Desikan-Killiany, waves of 40 mm have means off by .09 of their sd (300: .05).
MOST = 100
COLUMN = "region"
SETTING = "config.source.region"


def placed_rows(
    frame: pd.DataFrame,
    atlas: tuple[str, str],
    columns: TableColumns,
    *,
    region: str = COLUMN,
    where: object,
) -> tuple[pd.DataFrame, Support | None]:
    """A frame of regions as one of places, with the support of each row.

    Args:
        frame: N rows, one a region (and donor).
        atlas: A NIfTI of labels and its table, or "desikan_killiany" and "", or ""
            and "" where rows are no regions: they stay as they are.
        columns: The names to give to the columns of places; those that stand there
            are replaced.
        region: The column that holds ids or names of the atlas's table. A name means
            all labels of it, those of both sides.
        where: The file to name in an error.

    Returns:
        The frame without `region`, with x, y, z of the voxel of a region nearest its
        centroid; and the voxels, at most `MOST` of a region; None without an atlas.

    Raises:
        InputError: No such column, a region that the atlas lacks or twice of a donor,
            or without voxels; or as `read_labels`.
    """
    if not atlas[0]:
        return frame, None
    if region not in frame.columns:
        fix = f"name it with --{SETTING}=NAME, or give no atlas"
        found = f"columns {shortlist(frame.columns, 12)}"
        raise InputError(where, expected=f"a column {region!r}", found=found, fix=fix)
    image, labels = _labels_of_rows(frame[region].tolist(), atlas, where)
    _check_once(frame, region, columns.donor, where)
    voxels = _voxels(image)
    rows = {number: row for row, number in enumerate(image.labels)}
    lists = [np.concatenate([voxels[rows[n]] for n in numbers]) for numbers in labels]
    middle = [_nearest_to_centroid(voxels[rows[numbers[0]]]) for numbers in labels]
    axes = (columns.x, columns.y, columns.z)
    rest = frame.drop(columns=[region, *(set(axes) & {*frame.columns})])
    places = dict(zip(axes, np.array(middle).T, strict=True))
    return rest.assign(**places), _support(lists, where)


def _labels_of_rows(
    cells: list, atlas: tuple[str, str], where: object
) -> tuple[LabelImage, list[list[int]]]:
    """The atlas, and the labels that each row's region has in it."""
    path, table_path = atlas_files(*atlas)
    image, table = read_labels(path, table_path), read_table(table_path)
    by_name: dict[str, list[int]] = {}
    for number, label in table.items():
        by_name.setdefault(label.name.casefold(), []).append(number)
    texts = [_text(cell) for cell in cells]
    ids = {str(number): [number] for number in table}
    labels = [by_name.get(text.casefold()) or ids.get(text, []) for text in texts]
    lost = [text for text, of in zip(texts, labels, strict=True) if not of]
    if lost:
        known = [label.name for label in table.values()]
        near = unknown_name("", lost[0], known).fix
        raise InputError(
            where,
            expected=f"regions of {path.name}, by id or name",
            found=f"{len(lost)} that it lacks ({shortlist(lost)})",
            fix=near if near.startswith("did") else "leave them out",
        )
    present = set(image.labels[1:])
    kept = [[number for number in numbers if number in present] for numbers in labels]
    empty = [text for text, of in zip(texts, kept, strict=True) if not of]
    if empty:
        raise InputError(
            where,
            expected=f"regions with voxels in {path.name}",
            found=f"{len(empty)} without ({shortlist(empty)})",
            fix="leave them out, or give the image that has them",
        )
    return image, kept


def _text(cell: object) -> str:
    """A cell as text; a whole number as itself where a blank made floats of all."""
    whole = isinstance(cell, float) and cell.is_integer()
    return str(int(cell) if whole else cell).strip()  # type: ignore[call-overload]


def _check_once(frame: pd.DataFrame, region: str, donor: str, where: object) -> None:
    """Refuse a region twice, of one donor."""
    keys = [region, donor] if donor in frame.columns else [region]
    twice = frame[frame.duplicated(keys)]
    if len(twice):
        names = shortlist(twice[region].tolist())
        expected = f"each region once{' a donor' if len(keys) > 1 else ''}"
        found, fix = f"{len(twice)} again ({names})", "keep one row of each"
        if len(keys) == 1:
            fix += ", or name the column of donors with --config.source.donor=NAME"
        raise InputError(where, expected=expected, found=found, fix=fix)


def _voxels(image: LabelImage) -> list[np.ndarray]:
    """Centres `(., 3)` of each region's voxels, mm, by rows of the image's tables."""
    inside = image.region > 0
    row = image.region[inside]
    points = image.grid.points_mm(inside)[np.argsort(row, kind="stable")]
    ends = np.cumsum(np.bincount(row, minlength=len(image.names)))
    return np.split(points, ends[:-1])


def _nearest_to_centroid(points: np.ndarray) -> np.ndarray:
    """Of points `(., 3)` the one nearest their mean, `(3,)`."""
    return points[((points - points.mean(0)) ** 2).sum(1).argmin()]


def _support(lists: list[np.ndarray], where: object) -> Support:
    """The points of all rows, thinned."""
    points = np.concatenate(lists)
    size = np.array([len(points_mm) for points_mm in lists], np.int32)
    x_mm = points.astype(np.float32)
    whole = Support(x_mm, np.zeros((len(x_mm), 2), np.float32), size)
    thin = whole.thinned(MOST)
    log.info(
        "%s: %d regions of %d to %d voxels, each value the mean over its region's, "
        "evenly thinned to %d at most",
        where,
        len(size),
        size.min(),
        size.max(),
        MOST,
    )
    return thin._replace(tissue=tissue_at(thin.x_mm))
