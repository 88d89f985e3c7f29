"""Pictures are what they are whatever the user's machine, and names in them letters."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from given import score_row

from inr_jax.report import png, scatter, slices

SCRIPT = """
import sys
sys.path[:0] = ["tests"]
from given import score_row
from inr_jax.report import scatter
rows = [score_row("inr", f"G{g}", g / 9, g / 12) for g in range(9)]
scatter.draw(sys.argv[1], rows)
"""


@pytest.mark.slow
def test_a_backend_of_a_notebook_and_a_style_of_ones_own_change_no_byte(
    tmp_path, monkeypatch
):
    (tmp_path / "matplotlibrc").write_text("axes.facecolor: red\n")
    pictures = []
    for number, settings in enumerate(
        ({}, {"MPLBACKEND": "module://nowhere.inline", "MATPLOTLIBRC": str(tmp_path)})
    ):
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        path = tmp_path / f"{number}.png"
        subprocess.run([sys.executable, "-c", SCRIPT, path], check=True, timeout=120)
        pictures.append(path.read_bytes())
    assert pictures[0] == pictures[1]


def test_a_dollar_in_a_name_is_a_letter(tmp_path):
    rows = [score_row("inr", name, 0.5, 0.2) for name in ("A$", "$\\frac$", "B_{")]
    scatter.draw(tmp_path / "a.png", rows, "$x")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_places_of_axes_are_round_whatever_the_solver_says(tmp_path):
    rows = [score_row("inr", f"G{g}", g / 9, g / 12) for g in range(9)]
    figure = scatter.make_figure(rows)
    png.save(tmp_path / "a.png", figure)
    for axes in figure.axes:
        places = np.array(axes.get_position(original=True).extents)
        np.testing.assert_allclose(places, places.round(png.PLACES), atol=1e-12)


def test_words_of_slices_say_what_they_are_of():
    assert slices.NO_WORDS.scale == "expression (units of the source)"
