"""Pictures for print: what is in them, and that equal ones are equal files."""

from __future__ import annotations

import numpy as np
import pytest

from inr_jax.brain.space import Grid
from inr_jax.report import figures_brains, figures_similarity
from inr_jax.report.figure_files import draw_both
from inr_jax.report.slices import Scene

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
