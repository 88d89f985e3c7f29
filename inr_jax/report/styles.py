"""Colours and marks that pictures share, so that a method looks the same in each.

Colours are those of Okabe and Ito, "Color universal design" (2008), which people with
a colour-blindness tell apart, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes

VERMILION, BLUE, GREEN = "#D55E00", "#0072B2", "#009E73"
GREY, BLACK = "#999999", "#000000"

# Method -> arguments of matplotlib's scatter.
METHODS: dict[str, dict[str, Any]] = {
    "inr": {"color": VERMILION, "marker": "o", "s": 26, "zorder": 4},
    "kriging": {"color": BLUE, "marker": "_", "s": 40, "zorder": 3},
    "idw10": {"color": GREEN, "marker": "x", "s": 14, "zorder": 2},
    "nearest": {"color": GREY, "marker": ".", "s": 16, "zorder": 1},
}
METHODS["kriging_targets"] = {"color": BLUE, "marker": "|", "s": 40, "zorder": 3}
METHODS["kriging_local"] = {"color": BLACK, "marker": "_", "s": 40, "zorder": 3}
METHODS |= {
    "kriging_anatomy": METHODS["kriging"],
    "kriging_anatomy_targets": METHODS["kriging_targets"],
    "structure_mean": METHODS["idw10"],
}
ANY_OTHER: dict[str, Any] = {"color": BLACK, "marker": "+", "s": 20, "zorder": 2}


def method_style(method: str) -> dict[str, Any]:
    """How matplotlib's scatter draws a method; all unlisted ones look alike."""
    return METHODS.get(method, ANY_OTHER)


def pale_grid(axes: Axes, axis: Literal["both", "x", "y"] = "both") -> None:
    """Draw pale lines below everything else."""
    axes.grid(axis=axis, color="0.92", linewidth=0.6)
    axes.set_axisbelow(True)
