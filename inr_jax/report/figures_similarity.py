"""Pictures of how alike genes are: in wells, in maps, and in spectral order.

Panels that are to be compared share one range of colours, -1 to 1 for correlations.

Axis letters: N wells, G genes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from inr_jax.report.styles import VERMILION

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CORRELATION: dict[str, Any] = {"cmap": "RdBu_r", "vmin": -1, "vmax": 1}
Z_LIMIT = 3.0  # ends of the scale of standardised expression


def correlations(values: np.ndarray) -> np.ndarray:
    """Pearson's r `(G, G)` of columns `(N, G)`; 0 where a column is constant."""
    with np.errstate(invalid="ignore", divide="ignore"):
        r = np.corrcoef(np.asarray(values, np.float64).T)
    return np.nan_to_num(np.atleast_2d(r))


def make_similarity(
    panels: dict[str, np.ndarray], order: np.ndarray, heading: str, by: str
) -> Figure:
    """Correlations of genes, a column a panel: in their own order, and sorted.

    Args:
        panels: Title -> `(N, G)` values.
        order: `(G,)` the genes in spectral order.
        heading: Over all.
        by: What the order was made of.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.1 * len(panels) + 1, 6.8), layout="constrained")
    axes = figure.subplots(2, len(panels), squeeze=False)
    image: Any = None
    for column, (title, values) in enumerate(panels.items()):
        r = correlations(values)
        rows = (r, "as given"), (r[np.ix_(order, order)], f"spectral order of {by}")
        for ax, (matrix, name) in zip(axes[:, column], rows, strict=True):
            image = _matrix(ax, matrix)
            ax.set_xlabel(name, fontsize=8)
        axes[0, column].set_title(title, fontsize=9)
    figure.colorbar(image, ax=axes, label="Pearson's r of two genes", shrink=0.6)
    figure.suptitle(heading, fontsize=9)
    return figure


def make_pipeline(
    values: np.ndarray, position: np.ndarray, genes: list[str], heading: str
) -> Figure:
    """From wells to the order of genes, on one page.

    Args:
        values: `(N, G)` expression, standardised by gene.
        position: `(G,)` spectral positions, 0 to 1.
        genes: G symbols.
        heading: Over all.
    """
    from matplotlib.figure import Figure

    order = np.argsort(position, kind="stable")
    r = correlations(values)
    figure = Figure(figsize=(9.5, 7.2), layout="constrained")
    axes = figure.subplots(2, 2)
    scale: dict[str, Any] = {"vmin": -Z_LIMIT, "vmax": Z_LIMIT, "cmap": "viridis"}
    frame: dict[str, Any] = {"aspect": "auto", "interpolation": "nearest"}
    wells = axes[0, 0].imshow(values, rasterized=True, **frame, **scale)
    axes[0, 0].set_title("1. expression of wells", fontsize=9, loc="left")
    axes[0, 0].set(xlabel="genes, as given", ylabel="wells", xticks=[])
    bar = figure.colorbar(wells, ax=axes[0, 0], extend="both", label="z-score")
    bar.ax.axhline(0, color="white", linewidth=1)
    first = _matrix(axes[0, 1], (1 + r) / 2, cmap="viridis", vmin=0, vmax=1)
    axes[0, 1].set_title("2. affinity (1 + r) / 2 of genes", fontsize=9, loc="left")
    figure.colorbar(first, ax=axes[0, 1], label="affinity")
    _positions(axes[1, 0], position[order], [genes[row] for row in order])
    last = _matrix(axes[1, 1], r[np.ix_(order, order)])
    axes[1, 1].set_title("4. genes in this order", fontsize=9, loc="left")
    figure.colorbar(last, ax=axes[1, 1], label="Pearson's r of two genes")
    figure.suptitle(heading, fontsize=9)
    return figure


def _positions(axes: Any, position: np.ndarray, genes: list[str]) -> None:
    """Genes by their position, the first and last few named."""
    axes.plot(position, ".", color=VERMILION, markersize=4)
    axes.set_title("3. second eigenvector of its Laplacian", fontsize=9, loc="left")
    axes.set(xlabel="genes, sorted", ylabel="spectral position, 0 to 1", xticks=[])
    few = min(3, len(genes) // 2)
    style: dict[str, Any] = {"transform": axes.transAxes, "fontsize": 7}
    axes.text(0.03, 0.9, "first: " + ", ".join(genes[:few]), **style)
    last = ", ".join(genes[-few:] if few else genes)
    axes.text(0.97, 0.06, "last: " + last, ha="right", **style)


def _matrix(axes: Any, matrix: np.ndarray, **how: Any) -> Any:
    axes.set(xticks=[], yticks=[])
    style = how or CORRELATION
    return axes.imshow(matrix, interpolation="nearest", rasterized=True, **style)
