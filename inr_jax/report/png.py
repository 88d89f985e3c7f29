"""Figures as PNG files; equal pictures are equal files."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from inr_jax.files import write_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOTS_PER_INCH = 130


def save(path: str | Path, figure: Figure) -> None:
    """Write a figure, whole or not at all.

    Raises:
        InputError: The file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    png = io.BytesIO()
    # Without matplotlib's version in it, equal pictures are equal files.
    figure.savefig(png, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    write_bytes(path, png.getvalue())
