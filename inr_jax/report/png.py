"""Figures as PNG files; equal pictures are equal files, in every process."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inr_jax.files import write_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOTS_PER_INCH = 130
PLACES = 4  # decimals of the places of axes, in shares of the figure


@contextlib.contextmanager
def plain() -> Iterator[None]:
    """Matplotlib as it is shipped: no style of the user's, `$` is a letter.

    MPLBACKEND of a notebook's kernel names what need not be installed here, and
    nothing is drawn on a screen.
    """
    backend = os.environ.pop("MPLBACKEND", None)
    try:
        import matplotlib
    finally:
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams["text.parse_math"] = False
        yield


def draw(path: str | Path, make: Callable[..., Figure], *args: Any, **how: Any) -> None:
    """Make a figure and write it, whole or not at all.

    Args:
        path: The PNG.
        make: Makes the figure, of what follows.
        *args: Passed on.
        **how: Passed on.

    Raises:
        InputError: The file cannot be written.
    """
    with plain():
        save(path, make(*args, **how))


def save(path: str | Path, figure: Figure) -> None:
    """Write a figure, whole or not at all.

    Raises:
        InputError: The file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    _settle(figure)
    png = io.BytesIO()
    # Without matplotlib's version in it, equal pictures are equal files.
    figure.savefig(png, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    write_bytes(path, png.getvalue())


def _settle(figure: Figure) -> None:
    """Lay the figure out once and round the places of its axes.

    The layout is a linear program whose solver orders what it solves for by its
    place in memory, so the last bits of a place differ from process to process.
    """
    figure.dpi = DOTS_PER_INCH
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        left, bottom, width, height = axes.get_position(original=True).bounds
        right, top = round(left + width, PLACES), round(bottom + height, PLACES)
        left, bottom = round(left, PLACES), round(bottom, PLACES)
        axes.set_position((left, bottom, right - left, top - bottom))
