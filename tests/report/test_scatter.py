"""Held-out scores as a picture: every dot, its order, and room for the legend."""

from __future__ import annotations

import subprocess
import sys
import warnings

import matplotlib.image
import numpy as np
import pytest
from given import score_row as row

from inr_jax.report import scatter

PNG = b"\x89PNG\r\n\x1a\n"


def test_equal_scores_give_equal_whole_files(rows, tmp_path):
    for name in "ab":
        scatter.draw(tmp_path / name, rows)
    one, other = ((tmp_path / name).read_bytes() for name in "ab")
    assert len(list(tmp_path.iterdir())) == 2
    assert one == other and one.startswith(PNG) and len(one) > 10_000


def test_scores_of_genes_stand_in_the_order_of_the_inr(rows):
    figure = scatter.make_figure(rows)
    r, r2 = figure.axes
    names = [label.get_text() for label in r2.get_xticklabels()]
    assert names == ["CYP1A1", "HLA-DRA", "APOE"]
    texts = [text.get_text() for text in r.get_legend().get_texts()]
    assert texts == ["inr, mean 0.500", "kriging, mean 0.300"]
    inr, kriging = (dots.get_offsets()[:, 1] for dots in r.collections)
    np.testing.assert_allclose(sorted(inr), [0.3, 0.4, 0.8])
    np.testing.assert_allclose(sorted(kriging), [0.2, 0.2, 0.5])
    lowest = min(dots.get_offsets()[:, 1].min() for dots in r2.collections)
    assert lowest == scatter.LOWEST_DRAWN and "drawn at" in r2.get_ylabel()


def test_drawing_needs_no_display_and_leaves_pyplot_alone(rows, tmp_path):
    script = (
        "import sys; from inr_jax.report import scatter\n"
        "assert 'matplotlib' not in sys.modules\n"
        f"scatter.draw({str(tmp_path / 'a.png')!r}, {rows!r})\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("count", [1, 3, 70])
def test_a_picture_of_few_genes_has_room_for_its_legend(tmp_path, count):
    methods = ["inr", "nearest", "idw10", "kriging", "abagen_interpolated_mirrored"]
    many = [row(m, f"G{gene}", 0.1, 0.1) for m in methods for gene in range(count)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scatter.draw(tmp_path / "h.png", many)
    shape = matplotlib.image.imread(tmp_path / "h.png").shape
    figure = scatter.make_figure(many)
    figure.canvas.draw()
    boxes = [axes.get_legend().get_window_extent() for axes in figure.axes]
    assert all(b.x0 >= 0 and b.x1 <= figure.bbox.x1 for b in boxes) and shape[0] > 500


def test_names_of_more_genes_than_can_be_read_are_left_out(rows):
    genes = [f"G{number}" for number in range(scatter.NAMED + 1)]
    figure = scatter.make_figure([row("inr", gene, 0.1, 0.1) for gene in genes])
    below = figure.axes[1]
    assert "251 genes" in below.get_xlabel() and len(below.get_xticks()) < 20
