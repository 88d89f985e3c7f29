"""Pictures of one slice of many genes in spectral order, by two runs beside each other.

How alike two slices are is told by structural similarity (Wang et al. 2004, Image
quality assessment, IEEE TIP 13:600-612), with Gaussian windows of 1.5 pixels, inside of
the brain alone:

    (2 m_a m_b + c1)(2 s_ab + c2) / ((m_a^2 + m_b^2 + c1)(s_a^2 + s_b^2 + c2)),

c1 and c2 being .01 and .03 of the range of values, squared; its mean over pixels.

Axis letters: G genes, I, J rows and columns of pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from inr_jax.report.figures_brains import LIMIT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WINDOW, C1, C2 = 1.5, 0.01**2, 0.03**2
SHOWN, FRAME_MS = 6, 250  # slices of a run; time of a gene in the animation
STYLE: dict[str, Any] = {"vmin": -LIMIT, "vmax": LIMIT, "cmap": "viridis"}


def ssim(slices: np.ndarray, reach: float = 2 * LIMIT) -> np.ndarray:
    """Structural similarity `(G, G)` of slices.

    Args:
        slices: `(G, I, J)`; NaN outside the brain, the same pixels for all.
        reach: Range of their values.
    """
    from scipy.ndimage import gaussian_filter

    inside = np.isfinite(slices[0])
    weight = gaussian_filter(inside.astype(float), WINDOW)[inside]

    def blurred(picture: np.ndarray) -> np.ndarray:
        return gaussian_filter(picture, WINDOW)[inside] / weight

    filled = np.where(inside, slices, 0).astype(float)
    mean = [blurred(picture) for picture in filled]
    variance = [
        np.maximum(blurred(picture**2) - m**2, 0)
        for picture, m in zip(filled, mean, strict=True)
    ]
    c1, c2 = C1 * reach**2, C2 * reach**2
    table = np.eye(len(slices))
    for a in range(len(slices)):
        for b in range(a):
            common = blurred(filled[a] * filled[b]) - mean[a] * mean[b]
            above = (2 * mean[a] * mean[b] + c1) * (2 * common + c2)
            below = mean[a] ** 2 + mean[b] ** 2 + c1
            below *= variance[a] + variance[b] + c2
            table[a, b] = table[b, a] = (above / below).mean()
    return table


def neighbours(table: np.ndarray) -> float:
    """Mean similarity of genes that follow each other, of `(G, G)` in their order."""
    return float(np.diag(table, 1).mean())


def make_joint(
    runs: dict[str, np.ndarray],
    genes: list[str],
    extent: tuple[float, float, float, float],
    heading: str,
) -> Figure:
    """A row a run: how alike slices are, and some of them along the order.

    Args:
        runs: Title -> slices `(G, I, J)` in spectral order, z-scores, NaN outside.
        genes: G symbols, in this order.
        extent: Left, right, bottom, top of a slice, mm.
        heading: Over all.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

    picked = np.unique(np.linspace(0, len(genes) - 1, SHOWN).astype(int))
    figure = Figure(figsize=(1.45 * len(picked) + 3.6, 2.5 * len(runs) + 0.9))
    figure.set_layout_engine("constrained")
    widths = [1.5, 0.12] + [1] * len(picked)
    axes = figure.subplots(len(runs), len(widths), squeeze=False, width_ratios=widths)
    for row, (title, slices) in zip(axes, runs.items(), strict=True):
        table = ssim(slices)
        style: dict[str, Any] = {"vmin": 0, "vmax": 1, "cmap": "magma"}
        image = row[0].imshow(table, interpolation="nearest", rasterized=True, **style)
        row[0].set(xticks=[], yticks=[], ylabel="genes in spectral order")
        row[0].set_title(title, fontsize=8, loc="left")
        row[0].set_xlabel(f"neighbours: {neighbours(table):.2f}", fontsize=8)
        figure.colorbar(image, cax=row[1]).set_label("SSIM", fontsize=7)
        row[1].tick_params(labelsize=7)
        for ax, number in zip(row[2:], picked, strict=True):
            _slice(ax, slices[number], extent)
            ax.set_title(f"{number + 1}. {genes[number]}", fontsize=8)
    shade = ScalarMappable(Normalize(-LIMIT, LIMIT), "viridis")
    where: dict[str, Any] = {"location": "bottom", "shrink": 0.6, "extend": "both"}
    words = "z-score of the map over the slice"
    bar = figure.colorbar(shade, ax=axes[:, 2:], label=words, **where)
    bar.ax.axvline(0, color="white", linewidth=1.2)
    figure.suptitle(heading, fontsize=9)
    return figure


def _slice(axes: Any, values: np.ndarray, extent: tuple) -> Any:
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)
    style = STYLE | {"origin": "lower", "extent": extent, "interpolation": "nearest"}
    return axes.imshow(values, rasterized=True, **style)


def animation(
    runs: dict[str, np.ndarray],
    genes: list[str],
    extent: tuple[float, float, float, float],
    heading: str,
) -> bytes:
    """The same slices one after the other, as an endless GIF; arguments as above."""
    import io

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    figure = Figure(figsize=(2.8 * len(runs), 3.9), dpi=100)
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(runs), squeeze=False)[0]
    figure.subplots_adjust(0.02, 0.02, 0.98, 0.68, 0.05)
    images = []
    for ax, (title, slices) in zip(axes, runs.items(), strict=True):
        images.append(_slice(ax, slices[0], extent))
        ax.set_title(title, fontsize=8)
    scale = f"z-scores over the slice, {-LIMIT:g} (dark) to {LIMIT:g} (yellow)"
    words = f"{heading}\n{scale}"
    figure.text(0.5, 0.98, words, fontsize=7, ha="center", va="top")
    name = figure.text(0.5, 0.79, "", fontsize=10, ha="center", va="bottom")
    frames = []
    for number, gene in enumerate(genes):
        for image, slices in zip(images, runs.values(), strict=True):
            image.set_data(slices[number])
        name.set_text(f"{number + 1} of {len(genes)}: {gene}")
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())[..., :3]
        frames.append(Image.fromarray(pixels).quantize(128))
    data, more = io.BytesIO(), {"save_all": True, "append_images": frames[1:]}
    frames[0].save(data, "GIF", duration=FRAME_MS, loop=0, **more)
    return data.getvalue()
