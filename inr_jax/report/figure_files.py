"""A figure for print: PNG at 300 dots an inch, and SVG; equal figures, equal files.

Text in the SVG is outlines of its letters, so it looks the same where the font is not
installed; slices and surfaces in it are pictures at the resolution of the PNG.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inr_jax.files import write_bytes
from inr_jax.report.png import plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOTS_PER_INCH = 300
PACKED = {"pil_kwargs": {"compress_level": 4}}  # half of 6's time, 3 % more bytes


def draw_both(stem: Path, make: Callable[..., Figure], *args: Any, **how: Any) -> None:
    """Make a figure and write STEM.png and STEM.svg.

    Args:
        stem: Path without ending.
        make: Makes the figure, of what follows.
        *args: Passed on.
        **how: Passed on.

    Raises:
        InputError: A file cannot be written.
    """
    with plain():
        import matplotlib
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        matplotlib.rcParams["svg.fonttype"] = "path"
        matplotlib.rcParams["svg.hashsalt"] = stem.name
        figure = make(*args, **how)
        FigureCanvasAgg(figure)
        _lay_out(figure)
        for ending, dropped, more in (("png", "Software", PACKED), ("svg", "Date", {})):
            data = io.BytesIO()
            how = {"dpi": DOTS_PER_INCH, "metadata": {dropped: None}, **more}
            figure.savefig(data, format=ending, **how)
            write_bytes(stem.with_name(f"{stem.name}.{ending}"), data.getvalue())


def _lay_out(figure: Figure) -> None:
    """Place axes once for both files; pictures in them take no part in that."""
    if figure.get_layout_engine() is None:
        return
    figure.set_dpi(DOTS_PER_INCH)
    pictures = [image for axes in figure.axes for image in axes.images]
    shown = [image.get_visible() for image in pictures]
    for image in pictures:
        image.set_visible(False)
    figure.draw_without_rendering()
    for image, visible in zip(pictures, shown, strict=True):
        image.set_visible(visible)
    figure.set_layout_engine(None)  # which asks for no drawing beside the file's own
