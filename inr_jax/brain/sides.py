"""Regions whose names carry a side: "Left-Amygdala", "AMY-lh", "7Networks_LH_Vis_1".

Where left and right are one, places are folded to the right, so a region of the left
alone would hold no place at all. Regions of one name but for the side are paired here;
others of the left, without a partner, are left out.

Frame: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

import logging
import re

import numpy as np

from inr_jax.brain.label_images import LabelImage
from inr_jax.errors import shortlist

log = logging.getLogger("inr_jax")
_EDGE = r"[\s_.\-()]"
# A word between edges of a name; a single letter only as a capital.
_SIDE = re.compile(rf"(?:^|(?<={_EDGE}))(?:(?i:left|right|lh|rh)|L|R)(?:{_EDGE}+|$)")


def side_of(name: str) -> tuple[str, str]:
    """A region's name without its side, and the side: "L", "R" or "" for none."""
    match = _SIDE.search(name)
    if match is None:
        return name, ""
    rest = name[: match.start()] + name[match.end() :]
    return rest.strip(" _.-()"), match.group()[0].upper()


def paired(image: LabelImage) -> LabelImage:
    """An image for folded places, whose x is never below 0, with sides joined.

    Args:
        image: Regions, one for all labels of one name.

    Returns:
        Regions that differ in the side of their names alone have the name without it;
        those of the left by name, without a partner or a voxel at x >= 0, are left
        out, which is logged.
    """
    sides = [side_of(name) for name in image.names]
    known: dict[str, set[str]] = {}
    for plain, side in sides:
        known.setdefault(plain, set()).add(side)
    names = [
        plain if plain and {"L", "R"} <= known[plain] else name
        for name, (plain, _) in zip(image.names, sides, strict=True)
    ]
    parents = [
        side_of(parent)[0] if name != old else parent
        for parent, name, old in zip(image.parents, names, image.names, strict=True)
    ]
    inside = image.region > 0
    right = image.grid.points_mm(inside)[:, 0] >= 0
    here = {*image.region[inside][right].tolist()}
    right_too = {name for row, name in enumerate(names) if row in here}
    left = {name for name, (_, side) in zip(names, sides, strict=True) if side == "L"}
    lost = [n for n in dict.fromkeys(names[1:]) if n in left - right_too]
    if lost:
        log.info(
            "atlas: %d regions of the left alone are left out, as left and right are "
            "one: %s",
            len(lost),
            shortlist(lost),
        )
    return _renamed(image, names, parents, {*names[1:]}.difference(lost))


def _renamed(
    image: LabelImage, names: list[str], parents: list[str], kept: set[str]
) -> LabelImage:
    """The regions by new names, those of one name joined, others than `kept` none."""
    parent = {
        name: above
        for name, above in zip(reversed(names), reversed(parents), strict=True)
        if name in kept
    }
    order = ("", *sorted(parent))
    row = {name: number for number, name in enumerate(order)}
    rows = np.array([row.get(name, 0) for name in names], np.int16)
    region = rows[image.region]
    region.flags.writeable = False
    above = ("", *(parent[name] for name in order[1:]))
    return LabelImage(region, image.grid, order, above, path=image.path)
