"""The atlases that regions are taken from, as settings or a caller name them."""

from __future__ import annotations

import re
from collections.abc import Container
from pathlib import Path

from inr_jax.brain.atlas import (
    DESIKAN_KILLIANY,
    atlas_files,
    read_labels,
    unnamed_labels,
)
from inr_jax.brain.label_images import LabelImage
from inr_jax.brain.surface_labels import (
    ENDING,
    SurfaceLabels,
    is_surface,
    read_surface_labels,
    sides_of,
)
from inr_jax.errors import InputError
from inr_jax.files.cell_text import listed
from inr_jax.files.reading import user_path

BESIDE = (".csv", ".tsv")  # endings of a table that lies beside its image
SIDE = r"(^|[._-])(hemi-)?(lh|rh|left|right|L|R)(?=[._-]|$)"  # in a file's name


def read_atlases(atlas: str, info: str) -> dict[str, LabelImage | SurfaceLabels]:
    """Name of each atlas to its regions, a row a label, in the order given.

    Args:
        atlas: "desikan_killiany", label images or labels of vertices (the files of
            left and right one after the other), comma separated.
        info: Tables of the images, in this order; "" takes those beside them
            (LABELS.csv or .tsv). Without a table regions are called by their
            labels; labels of vertices name themselves.

    Raises:
        InputError: A bad image or table, tables that do not match the images in
            number, or two atlases of one name.
    """
    images, tables = names_in(atlas), names_in(info)
    on_surfaces = [image for image in images if is_surface(image)]
    images = [image for image in images if not is_surface(image)]
    given = [image for image in images if image != DESIKAN_KILLIANY]
    if not (images or on_surfaces) or (tables and len(tables) != len(given)):
        raise InputError(
            "config.regions.info" if tables else "config.regions.atlas",
            expected=f"a table for each of {len(given)} label images"
            if tables
            else f"{DESIKAN_KILLIANY} or label images",
            found=f"{len(tables)}" if tables else "none",
            fix="name one for each, in the order of the images, or none",
        )
    table_of = dict(zip(given, tables, strict=False))
    atlases: dict[str, LabelImage | SurfaceLabels] = {}
    for image in images:
        name = _new_name(image, atlases)
        atlases[name] = _read(image, table_of.get(image, ""))
    for sides in sides_of(on_surfaces):
        name = _new_name(str(next(iter(sides.values()))), atlases)
        paths = {hemi: user_path(path) for hemi, path in sides.items()}
        atlases[name] = read_surface_labels(paths)
    return atlases


def _new_name(image: str, atlases: Container[str]) -> str:
    """What files of an atlas are called; refused where another is called so."""
    name = file_name(image)
    if name in atlases:
        fix = "rename one of the files"
        raise InputError(image, expected="atlases of other names", found=name, fix=fix)
    return name


def names_in(text: str) -> list[str]:
    """Comma separated names; a path that holds a comma is one name if it is there."""
    if text and Path(text).exists():
        return [text]
    return listed(text)


def file_name(atlas: str) -> str:
    """What files of an atlas are called: its file's name without endings and side."""
    name = Path(atlas).name
    if is_surface(name):
        stem = re.sub(SIDE, "", ENDING.sub("", name)).lstrip("._-")
    else:
        stem = re.sub(r"\.(nii|hdr|img|mgz|gii|label)(\.gz)?$", "", name)
    return re.sub(r"[^\w.-]+", "_", stem).strip(".") or "atlas"


def _read(image: str, table: str) -> LabelImage:
    if image == DESIKAN_KILLIANY:
        return read_labels(*atlas_files(image, ""), whole=True)
    path = user_path(image)
    tables = [path.with_name(file_name(image) + ending) for ending in BESIDE]
    beside = next((str(other) for other in tables if other.exists()), "")
    if table or beside:
        return read_labels(path, user_path(table or beside))
    return unnamed_labels(path)
