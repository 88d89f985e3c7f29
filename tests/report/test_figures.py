"""Pictures for print: what is in them, and that equal ones are equal files."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from PIL import Image

from inr_jax.brain.space import Grid
from inr_jax.report import figures_brains, figures_joint, figures_similarity
from inr_jax.report.cuts import Plane
from inr_jax.report.figure_files import draw_both
from inr_jax.report.slices import Scene, draw_slice

GENES = ["A", "B", "C", "D"]


def images_of(axes):
    return [np.asarray(image.get_array()) for image in axes.get_images()]


def test_sorted_panels_are_the_unsorted_ones_in_that_order(rng):
    values = {"donor 1": rng.normal(size=(30, 4)), "donor 2": rng.normal(size=(20, 4))}
    order = np.array([2, 0, 3, 1])
    figure = figures_similarity.make_similarity(values, order, "h", "all wells")
    above = [images_of(axes)[0] for axes in figure.axes[:2]]
    below = [images_of(axes)[0] for axes in figure.axes[2:4]]
    for first, last, table in zip(above, below, values.values(), strict=True):
        np.testing.assert_allclose(first, np.corrcoef(table.T))
        np.testing.assert_array_equal(last, first[np.ix_(order, order)])
    limits = {image.get_clim() for axes in figure.axes[:4] for image in axes.images}
    assert limits == {(-1, 1)}  # one range for panels that are compared


def test_a_constant_gene_correlates_with_nothing():
    r = figures_similarity.correlations(np.array([[1.0, 2], [1, 3], [1, 5]]))
    np.testing.assert_array_equal(r[0], 0)


def test_the_pipeline_is_four_panels_that_name_the_first_and_last_genes(rng):
    figure = figures_similarity.make_pipeline(
        rng.normal(size=(9, 4)), np.array([0.0, 1.0, 0.3, 0.6]), GENES, "h"
    )
    told = [text.get_text() for text in figure.axes[2].texts]
    assert told == ["first: A, C", "last: D, B"]


@pytest.fixture
def scene(rng):
    grid = Grid((20, 24, 18), np.diag([8.0, 8, 8, 1]))
    grid.affine[:3, 3] = [-76, -104, -60]
    mask = np.zeros(grid.shape, bool)
    mask[3:17, 3:20, 3:15] = True
    x_mm = rng.uniform(-40, 40, (60, 3))
    return Scene(grid, mask, mask.astype(np.float32), grid, x_mm, mask)


def test_slices_share_one_range_with_a_mark_at_zero(scene, rng):
    maps = {
        gene: figures_brains.z_scores(rng.normal(5, 2, scene.mask.shape), scene.mask)
        for gene in GENES[:3]
    }
    for z in maps.values():
        assert np.nanmean(z) == pytest.approx(0, abs=1e-5)
        assert np.nanstd(z) == pytest.approx(1, abs=1e-5)
    figure = figures_brains.make_slices(scene, maps, {g: g for g in maps}, "h")
    limits = {axes.images[1].get_clim() for axes in figure.axes[:6]}
    assert limits == {(-figures_brains.LIMIT, figures_brains.LIMIT)}
    assert [axes.get_title(loc="left") for axes in figure.axes[:6:2]] == GENES[:3]
    words = {text.get_text() for axes in figure.axes[:6] for text in axes.texts}
    assert {"L", "R", "P", "A"} < words


def test_violins_stand_beside_abagens_where_there_are_any(rng):
    ours = rng.normal(size=(20, 4))
    ours[3] = np.nan  # a region without a voxel
    for theirs, bodies in ((None, 4), (rng.normal(size=(20, 4)), 8)):
        figure = figures_brains.make_violins(ours, theirs, GENES, "h")
        (axes,) = figure.axes
        found = [c for c in axes.collections if type(c).__name__ != "LineCollection"]
        assert len(found) == bodies
        assert [tick.get_text() for tick in axes.get_xticklabels()] == GENES


def test_equal_figures_are_equal_files(tmp_path, rng):
    values = rng.normal(size=(20, 4))
    for name in ("a/x", "b/x"):
        (tmp_path / name).parent.mkdir()
        draw_both(
            tmp_path / name, figures_brains.make_violins, values, None, GENES, "h"
        )
    for ending in ("png", "svg"):
        first, second = (tmp_path / f"{n}/x.{ending}" for n in "ab")
        assert first.read_bytes() == second.read_bytes()
    assert b"<text" not in (tmp_path / "a/x.svg").read_bytes()  # letters are outlines


def test_one_range_holds_nearly_all_of_all_maps(rng):
    wide, narrow = 1.6 * rng.normal(size=5000), rng.normal(size=5000)
    limit = figures_brains.limit_of({"A": narrow, "B": wide})
    assert 1.6 * 2.33 < limit < 1.6 * 2.33 + 0.7 and 2 * limit == int(2 * limit)
    assert figures_brains.limit_of({"A": narrow}) == figures_brains.LIMIT


def test_stripes_cover_what_was_not_validated_and_nothing_else(scene, rng):
    tested = np.ones_like(scene.mask)
    tested[:, :, 9:] = False
    volume = np.where(scene.mask, rng.normal(size=scene.mask.shape), np.nan)
    high = np.array([70.0, 80, 70])
    shade = ScalarMappable(Normalize(-1, 1), "viridis")
    shown = {}
    for name, validated in (("all", np.ones_like(tested)), ("below", tested)):
        axes = Figure().subplots()
        part = scene._replace(validated=validated)
        draw_slice(axes, part, Plane(0, 4.0, -high, high), volume, shade)
        shown[name] = ~np.ma.getmaskarray(axes.images[1].get_array())
    height = -high[2] + 0.5 + np.arange(len(shown["all"]))
    above = height > 8  # half of a voxel of 8 mm, whose middle lies at 12
    np.testing.assert_array_equal(shown["below"][~above], shown["all"][~above])
    left = shown["below"][above].sum() / shown["all"][above].sum()
    assert 0.3 < left < 0.8  # striped, neither hidden nor whole


def test_structural_similarity_is_the_formula_of_its_paper(rng):
    slices = rng.normal(size=(3, 40, 36))
    slices[1] = slices[0]
    slices[:, :3] = np.nan
    table = figures_joint.ssim(slices, reach=5.0)
    assert table[0, 1] == pytest.approx(1)
    np.testing.assert_allclose(table, table.T)
    # By hand, window after window, far from the edge of the brain.
    reach = int(4 * figures_joint.WINDOW + 0.5)
    bell = np.exp(-(np.arange(-reach, reach + 1.0) ** 2) / 2 / figures_joint.WINDOW**2)
    weight = np.outer(bell, bell) / bell.sum() ** 2
    values = []
    for row in range(3, 40):
        for column in range(36):
            top, left = row - reach, column - reach
            if top < 3 or left < 0 or row + reach >= 40 or column + reach >= 36:
                continue
            a, b = (
                slices[k, top : row + reach + 1, left : column + reach + 1]
                for k in (0, 2)
            )
            m_a, m_b = (weight * a).sum(), (weight * b).sum()
            s_a, s_b = (weight * a**2).sum() - m_a**2, (weight * b**2).sum() - m_b**2
            s_ab = (weight * a * b).sum() - m_a * m_b
            top = (2 * m_a * m_b + 0.0025) * (2 * s_ab + 0.0225)
            values.append(top / ((m_a**2 + m_b**2 + 0.0025) * (s_a + s_b + 0.0225)))
    assert table[0, 2] == pytest.approx(np.mean(values), abs=0.02)


def test_two_runs_stand_in_two_rows_and_move_together(rng):
    slices = rng.normal(size=(4, 12, 10))
    runs = {"jointly": slices, "each by itself": slices[::-1]}
    box = (-5.0, 5.0, -6.0, 6.0)
    figure = figures_joint.make_joint(runs, GENES, box, "h")
    titles = [axes.get_title() for axes in figure.axes]
    assert [title for title in titles if title[:2] in ("1.", "4.")] == [
        "1. A",
        "4. D",
    ] * 2
    limits = {axes.images[0].get_clim() for axes in figure.axes if axes.images}
    assert limits == {(0, 1), (-figures_brains.LIMIT, figures_brains.LIMIT)}
    movie = Image.open(io.BytesIO(figures_joint.animation(runs, GENES, box, "h")))
    assert movie.n_frames == 4 and movie.info["loop"] == 0
