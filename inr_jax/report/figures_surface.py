"""A picture of maps on the surface of cortex, seen from both sides of each half.

Triangles are painted from the farthest to the nearest, those that face away left out;
what is turned away from the viewer is darker, so folds can be seen. One range of
colours serves all views of a gene.

Axis letters: V vertices, T triangles. Frame: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure

COLOURS, SCALE_PERCENT = "viridis", (2, 98)
PALE = 0.72  # share of grey in what was not validated
GREY_LEVEL, WALL_LEVEL = 0.75, 0.55  # of that; of what is no cortex
DARKEST = 0.55  # of a triangle that is seen from its edge
PIXEL_MM, CHUNK = 0.4, 4096  # of a picture; triangles painted at a time
# Name of a view -> side, and where on the axis x the viewer stands.
VIEWS = {
    "left, from outside": ("L", -1),
    "left, from the midline": ("L", 1),
    "right, from the midline": ("R", -1),
    "right, from outside": ("R", 1),
}


class Shape(NamedTuple):
    """One side of cortex.

    Attributes:
        x_mm: `(V, 3)`.
        triangles: `(T, 3)` rows of vertices.
        validated: `(V,)` bool.
        cortex: `(V,)` bool; no values are shown elsewhere.
    """

    x_mm: np.ndarray
    triangles: np.ndarray
    validated: np.ndarray
    cortex: np.ndarray


def make_figure(
    shapes: dict[str, Shape],
    maps: dict[str, dict[str, np.ndarray]],
    titles: dict[str, str],
    heading: str,
    scale: str,
) -> Figure:
    """The picture: a row a gene, a column a view.

    Args:
        shapes: "L", "R" or both to their sides.
        maps: gene -> side -> values `(V,)`.
        titles: gene -> what stands over its row.
        heading: Over all rows.
        scale: Beside each colour scale.
    """
    from matplotlib.figure import Figure

    views = {name: view for name, view in VIEWS.items() if view[0] in shapes}
    columns = len(views)
    looks = {name: look_at(shapes[hemi], at) for name, (hemi, at) in views.items()}
    # As wide as two columns of a journal, 180 mm.
    figure = Figure(figsize=(1.6 * columns + 0.7, 1.4 * len(maps) + 0.6))
    figure.set_layout_engine("constrained")
    axes = figure.subplots(
        len(maps), columns + 1, squeeze=False, width_ratios=[1] * columns + [0.05]
    )
    for row, (gene, sides) in zip(axes, maps.items(), strict=True):
        shown = [values[shapes[hemi].cortex] for hemi, values in sides.items()]
        shade = _shade(np.concatenate(shown))
        for ax, (name, (hemi, _)) in zip(row, views.items(), strict=False):
            _draw(ax, looks[name], shapes[hemi], sides[hemi], shade)
        row[0].set_title(titles[gene], loc="left", fontsize=8)
        bar = figure.colorbar(shade, cax=row[-1], extend="both")
        bar.set_label(scale, fontsize=7)
        bar.ax.tick_params(labelsize=7)
    for ax, name in zip(axes[-1], views, strict=False):
        ax.set_xlabel(name, fontsize=7)
    figure.suptitle(heading, fontsize=8)
    return figure


def _shade(values: np.ndarray) -> ScalarMappable:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    low, high = np.nanpercentile(values, SCALE_PERCENT)
    return ScalarMappable(Normalize(low, high if high > low else low + 1), COLOURS)


def _draw(
    axes: Axes, view: View, shape: Shape, values: np.ndarray, shade: ScalarMappable
) -> None:
    colour = np.asarray(shade.to_rgba(values))[:, :3]
    untested = ~shape.validated
    colour[untested] += PALE * (GREY_LEVEL - colour[untested])
    colour[~shape.cortex] = WALL_LEVEL
    lit = colour * view.light[:, None]
    image = np.zeros((*view.share.shape[:2], 4), np.float32)
    for corner in range(3):
        share = view.share[..., corner, None]
        image[..., :3] += share * lit[view.corners[..., corner]]
    image[..., 3] = view.share.any(-1)
    axes.imshow(
        np.clip(image, 0, 1),
        extent=view.extent,
        origin="lower",
        interpolation="antialiased",
    )
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)


class View(NamedTuple):
    """What a viewer sees of a side of cortex, pixel by pixel.

    Attributes:
        corners: `(rows, columns, 3)` vertices of the triangle seen; the first row is
            the lowest.
        share: `(rows, columns, 3)` of these corners at the pixel; 0 beside the brain.
        light: `(V,)` of vertices, 1 where they face the viewer.
        extent: Left, right, bottom, top, mm.
    """

    corners: np.ndarray
    share: np.ndarray
    light: np.ndarray
    extent: tuple[float, float, float, float]


def look_at(shape: Shape, at: int) -> View:
    """A side of cortex as seen from x = -1 or 1 times infinity.

    Args:
        shape: The side.
        at: -1 or 1. From -1 the front is on the viewer's left, from 1 on their right.
    """
    outward = _outward(shape)
    light = DARKEST + (1 - DARKEST) * np.clip(
        _normals(shape)[:, 0] * at * outward, 0, 1
    )
    facing = _triangle_normals(shape)[:, 0] * at * outward > 0
    triangles = shape.triangles[facing]
    depth = at * shape.x_mm[triangles, 0].mean(1)
    triangles = triangles[np.argsort(depth, kind="stable")]  # the nearest last
    flat = np.stack([at * shape.x_mm[:, 1], shape.x_mm[:, 2]], axis=-1)
    low, high = flat.min(0) - 1, flat.max(0) + 1
    columns, rows = np.ceil((high - low) / PIXEL_MM).astype(int)
    corners = np.zeros((rows, columns, 3), np.int32)
    share = np.zeros((rows, columns, 3), np.float32)
    edge = np.linalg.norm(flat[triangles[:, 0]] - flat[triangles[:, 1]], axis=1)
    width = np.median(edge) if len(edge) else 0.0  # of a mesh that faces nobody here
    inner = _shares(int(np.clip(np.ceil(2 * width / PIXEL_MM), 1, 16)))
    for first in range(0, len(triangles), CHUNK):  # later ones lie before earlier
        part = triangles[first : first + CHUNK]
        points = (inner @ flat[part]).reshape(-1, 2)
        column, row = ((points - low) / PIXEL_MM).astype(int).T
        corners[row, column] = np.repeat(part, len(inner), axis=0)
        share[row, column] = np.tile(inner, (len(part), 1))
    return View(corners, share, light, (low[0], high[0], low[1], high[1]))


def _shares(steps: int) -> np.ndarray:
    """Points of a triangle, evenly spaced: shares `(S, 3)` of its corners."""
    grid = np.array([(i, j) for i in range(steps + 1) for j in range(steps + 1 - i)])
    first, second = (grid / steps).T
    return np.stack([first, second, 1 - first - second], axis=-1)


def _triangle_normals(shape: Shape) -> np.ndarray:
    """`(T, 3)`, as long as twice the triangles' areas."""
    a, b, c = (shape.x_mm[shape.triangles[:, corner]] for corner in range(3))
    return np.cross(b - a, c - a)


def _outward(shape: Shape) -> int:
    """1 where normals point outward, else -1: a closed surface has a volume above 0."""
    first = shape.x_mm[shape.triangles[:, 0]] - shape.x_mm.mean(0)
    return 1 if (first * _triangle_normals(shape)).sum() > 0 else -1


def _normals(shape: Shape) -> np.ndarray:
    """`(V, 3)` of length 1: the mean of the triangles' around a vertex."""
    normal, of = np.zeros_like(shape.x_mm, float), _triangle_normals(shape)
    for corner in range(3):
        np.add.at(normal, shape.triangles[:, corner], of)
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    return normal / np.maximum(length, 1e-9)
