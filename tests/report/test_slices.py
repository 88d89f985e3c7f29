"""Slices: right is right, samples have the colours of the map, no voxel is lost."""

from __future__ import annotations

import io

import matplotlib.image
import numpy as np
import pytest
import references

from inr_jax.brain.space import Grid
from inr_jax.report import png, slices

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def scene(rng):
    """A ball of a brain, 5 mm voxels, whose i axis runs to the left."""
    affine = np.array([[-5.0, 0, 0, 60], [0, 5, 0, -70], [0, 0, 5, -50], [0, 0, 0, 1]])
    grid = Grid((25, 27, 23), affine)
    x_mm = grid.mm(np.moveaxis(np.indices(grid.shape), 0, -1))
    mask = np.linalg.norm(x_mm, axis=-1) < 50
    return slices.Scene(grid, mask, mask * 0.8, grid, rng.uniform(-30, 30, (200, 3)))


def field(scene, axis):
    """A map that rises along an axis, in -1..1 in the brain, and the wells' values."""
    x_mm = scene.grid.mm(np.moveaxis(np.indices(scene.grid.shape), 0, -1))
    return x_mm[..., axis] / 50, scene.x_mm[:, axis] / 50


def drawn(figure, tmp_path):
    """The picture's luminance, and a function from axes to their part of it."""
    png.save(tmp_path / "a.png", figure)
    image = matplotlib.image.imread(io.BytesIO((tmp_path / "a.png").read_bytes()))
    grey = image[..., :3] @ np.array([0.3, 0.6, 0.1])

    def part(axes):
        box = axes.get_position()
        rows, columns = grey.shape
        top, bottom = round((1 - box.y1) * rows), round((1 - box.y0) * rows)
        return grey[top:bottom, round(box.x0 * columns) : round(box.x1 * columns)]

    return part


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_right_is_right_front_is_front_and_up_is_up(scene, tmp_path, axis):
    volume, values = field(scene, axis)
    far = scene._replace(x_mm=scene.x_mm[:0])
    figure = slices.make_figure(far, {"APOE": volume}, {"APOE": values[:0]})
    part = drawn(figure, tmp_path)
    for cut, (right, up) in enumerate(((1, 2), (0, 2), (0, 1))):
        grey = part(figure.axes[cut])
        height, width = grey.shape
        # The middle half, as the brain is round and letters are in the corners.
        grey = grey[height // 4 : -height // 4, width // 4 : -width // 4]
        half_up, half_right = len(grey) // 2, grey.shape[1] // 2
        higher = grey[:half_up].mean() - grey[-half_up:].mean()
        righter = grey[:, -half_right:].mean() - grey[:, :half_right].mean()
        assert (higher > 0.1) == (axis == up) and (righter > 0.1) == (axis == right)
        assert higher > -0.05 and righter > -0.05


def test_slices_name_gene_score_sides_and_places(scene):
    volume, values = field(scene, 0)
    figure = slices.make_figure(
        scene,
        {"APOE": volume, "RELN": volume},
        {"APOE": values, "RELN": values},
        scores={"APOE": {"r": 0.412, "r2": 0.171}},
    )
    sagittal, coronal, axial, scale = figure.axes[:4]
    assert sagittal.get_title(loc="left") == "APOE: held-out r 0.41, R² 0.17"
    assert figure.axes[4].get_title(loc="left") == "RELN"
    cuts = slices.cuts_mm(scene)
    for axes, name, ends in zip(
        (sagittal, coronal, axial), "xyz", ("PA", "LR", "LR"), strict=True
    ):
        texts = {text.get_text(): text.get_position()[0] for text in axes.texts}
        assert f"{name} = {cuts['xyz'.index(name)]:.0f} mm" in texts
        assert texts[ends[0]] < 0 < texts[ends[1]]
    assert "units of the source" in scale.get_ylabel()


def test_samples_near_the_slice_are_drawn_where_they_lie_in_the_maps_colours(scene):
    volume, values = field(scene, 2)
    figure = slices.make_figure(scene, {"APOE": volume}, {"APOE": values})
    cuts = slices.cuts_mm(scene)
    low, high = np.percentile(volume[scene.mask], [2, 98])
    for axis, (right, up) in enumerate(((1, 2), (0, 2), (0, 1))):
        near = abs(scene.x_mm[:, axis] - cuts[axis]) <= 4
        dots = figure.axes[axis].collections[-1]
        np.testing.assert_allclose(dots.get_offsets(), scene.x_mm[near][:, [right, up]])
        image = figure.axes[axis].images[-1]
        assert image.norm.vmin == low and image.norm.vmax == high
        colours = image.cmap(image.norm(values[near]))
        np.testing.assert_allclose(dots.get_facecolors(), colours)
        assert near.any()


def test_cuts_have_the_number_of_samples_nearest_to_what_is_wanted(scene):
    for axis, cut in enumerate(slices.cuts_mm(scene)):
        plane = np.zeros((1, 3))
        counts = {}
        for place in range(-60, 61):
            plane[0, axis] = place
            gap = references.distances(plane[:, [axis]], scene.x_mm[:, [axis]])
            counts[place] = int((gap <= 4).sum())
        middle = [abs(counts[place] - 80) for place in range(-10, 11)]
        assert abs(counts[int(cut)] - 80) <= min(middle)


def test_voxels_outside_the_mask_or_nan_show_the_anatomy(scene):
    volume, values = field(scene, 0)
    with_nan = np.where(scene.mask, volume, np.nan)
    with_nan[12, 13, :] = np.nan
    figure = slices.make_figure(scene, {"APOE": with_nan}, {"APOE": values})
    for axes in figure.axes[:3]:
        shown = axes.images[-1].get_array()
        assert shown.mask.any() and np.isfinite(shown.compressed()).all()


def test_a_constant_map_is_drawn(scene, tmp_path):
    one = np.ones(scene.grid.shape)
    slices.draw(tmp_path / "a.png", scene, {"APOE": one}, {"APOE": np.ones(200)})
    assert (tmp_path / "a.png").read_bytes().startswith(PNG)


def test_pictures_are_whole_png_files_and_the_same_again(scene, tmp_path):
    volume, values = field(scene, 1)
    for name in "ab":
        slices.draw(tmp_path / name, scene, {"APOE": volume}, {"APOE": values})
    one, other = ((tmp_path / name).read_bytes() for name in "ab")
    assert len(list(tmp_path.iterdir())) == 2
    assert one == other and one.startswith(PNG) and len(one) > 10_000
