"""A picture of the latents of genes: two numbers of each, coloured by held-out r.

Axis letters: G genes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAMED = 30  # genes of a picture that have room for their names


def draw_latents(
    vectors: np.ndarray,
    names: Sequence[str],
    *,
    r: np.ndarray,
    axes: tuple[str, str],
    title: str,
) -> Figure:
    """Genes as points; those far from the middle are named.

    Args:
        vectors: `(G, 2)`.
        names: G symbols.
        r: `(G,)` held-out r; NaN where a gene has none, which is grey.
        axes: What the two numbers are.
        title: Of the picture.
    """
    from matplotlib.figure import Figure

    figure = Figure((6.4, 5.2), layout="constrained")
    ax = figure.subplots()
    scored = np.isfinite(r)
    x, y = vectors.T
    ax.scatter(x[~scored], y[~scored], s=14, color="lightgrey")
    if scored.any():
        best = np.nanpercentile(np.abs(r), 98)
        points = ax.scatter(
            x[scored], y[scored], s=18, c=r[scored], cmap="viridis", vmin=0, vmax=best
        )
        figure.colorbar(points, ax=ax, label="held-out r", extend="min")
    far = np.linalg.norm(vectors - vectors.mean(0), axis=1)
    for row in np.argsort(-far, kind="stable")[:NAMED]:
        ax.annotate(
            names[row],
            vectors[row],
            xytext=(3, 3),
            textcoords="offset points",
            fontsize=6,
        )
    ax.set(xlabel=axes[0], ylabel=axes[1], title=title)
    return figure
