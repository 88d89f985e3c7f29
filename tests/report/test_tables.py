"""Tables, files and pictures of scores and maps; what a reader would see in them."""

from __future__ import annotations

import io
import subprocess
import sys
import warnings

import matplotlib.image
import numpy as np
import pytest
import references

from inr_jax.brain.space import Grid
from inr_jax.errors import InputError
from inr_jax.report import cuts as planes
from inr_jax.report import png, scatter, slices, tables

GENES = ("HLA-DRA", "APOE", "CYP1A1")
PNG = b"\x89PNG\r\n\x1a\n"


def row(method, gene, r, r2, protocol="donor"):
    names = {"method": method, "protocol": protocol, "gene": gene}
    return names | {"n": 841, "r": r, "r2": r2, "mse": 1 / 3}


@pytest.fixture
def rows():
    return [
        row("kriging", "APOE", 0.2, 0.1),
        row("kriging", "HLA-DRA", 0.5, 0.3),
        row("kriging", "CYP1A1", 0.2, -1.5),
        row("inr", "APOE", 0.3, 0.05),
        row("inr", "HLA-DRA", 0.4, 0.35),
        row("inr", "CYP1A1", 0.8, 0.5),
    ]


def test_scores_survive_the_file(tmp_path, rows):
    tables.write_scores(tmp_path / "scores.csv", rows)
    text = (tmp_path / "scores.csv").read_text()
    assert text.splitlines()[0] == "method,protocol,gene,n,r,r2,mse"
    assert text.splitlines()[2] == "kriging,donor,HLA-DRA,841,0.5,0.3,0.33333333"
    for found, wrote in zip(
        tables.read_scores(tmp_path / "scores.csv"), rows, strict=True
    ):
        assert list(found) == list(wrote) and type(found["n"]) is int
        assert found == wrote | {"mse": pytest.approx(1 / 3, rel=1e-7)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "No such file"),
        ("", "found an empty file"),
        ("method,gene,r\ninr,APOE,1\n", "found method,gene,r"),
        ("method,protocol,gene,n,r,r2,mse\ninr,donor,A,9,x,0,0\n", "line 2"),
        ("method,protocol,gene,n,r,r2,mse\ninr,donor,A,9,.1\n", "line 2"),
        ("method,protocol,gene,n,r,r2,mse\ninr,donor,A,9,0,0,0,0\n", "too many"),
    ],
)
def test_a_broken_scores_file_is_refused_in_one_line(tmp_path, text, message):
    path = tmp_path / "scores.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match="run evaluate again") as caught:
        tables.read_scores(path)
    assert message in str(caught.value) and "scores.csv" in str(caught.value)


def test_the_table_shows_means_medians_and_wins_with_the_inr_first(rows):
    lines = tables.scores_table(rows).splitlines()
    assert lines[0] == "held-out donors: 3 genes, 841 wells"
    assert lines[2].split() == ["inr", "0.500", "0.300", "0.400", "0.350"]
    assert lines[3].split() == ["kriging", "0.300", "-0.367", "0.200", "0.100"]
    assert lines[4] == "inr beats kriging in 2 of 3 genes by r, in 2 by R2"
    assert len({len(line) for line in lines[1:4]}) == 1


def test_the_table_has_a_block_a_protocol(rows):
    rows += [row("nearest", "APOE", 0.1, 0.0, protocol="block")]
    blocks = tables.scores_table(rows).split("\n\n")
    assert len(blocks) == 2 and "protocol block: 1 genes" in blocks[1]
    assert "beats" not in blocks[1]


def test_maps_are_scored_by_donors_else_by_the_first_blocks(rows):
    blocks = [row("inr", "APOE", 0.6, 0.2, f"block{mm}") for mm in (30, 10)]
    rivals = [row("kriging", "APOE", 0.9, 0.8, "block40")]
    known = [row("inr", "APOE", 0.7, 0.4, "donor+anatomy")]
    words, scores = tables.of_maps(rivals + blocks + rows + known, anatomy=False)
    assert words == "leave one donor out" and scores["APOE"]["r"] == 0.3
    words, scores = tables.of_maps(rivals + blocks, anatomy=False)
    assert words.startswith("leave blocks of 30 mm out") and scores["APOE"]["r"] == 0.6
    words, scores = tables.of_maps(blocks + rows + known, anatomy=True)
    assert words == "leave one donor out, structures known"
    assert scores["APOE"]["r"] == 0.7
    for some, anatomy in ((rivals, False), (rows, True), ([], False)):
        assert tables.of_maps(some, anatomy=anatomy) == ("", {})


def test_a_block_of_blocks_says_what_is_in_training_and_names_the_rival():
    both = [row("inr", "APOE", 0.3, 0.2, "block20"), row("kriging", "APOE", 0, 0)]
    both[1]["protocol"] = "block20"
    lines = tables.scores_table(both).splitlines()
    assert lines[0].startswith("held-out blocks of 20 mm, donors and structures in")
    assert lines[-1] == "inr beats kriging in 1 of 1 genes by r, in 1 by R2"


def oblique_grid():
    c, s = np.cos(0.4), np.sin(0.4)
    affine = np.eye(4)
    affine[:3, :3] = np.array([[-c, s, 0], [s, c, 0], [0, 0, 1]]) * [3, 3, 3]
    affine[:3, 3] = [20, -60, -30]
    return Grid((27, 31, 21), affine)


def test_a_slice_of_a_linear_field_is_that_field_in_mm():
    grid = oblique_grid()
    x_mm = grid.mm(np.moveaxis(np.indices(grid.shape), 0, -1))
    low, high = np.array([-15.0, -30, -20]), np.array([5.0, 0, 10])
    for axis, (right, up) in enumerate(((1, 2), (0, 2), (0, 1))):
        plane = planes.Plane(axis, -7.0, low, high)
        points = plane.points_mm()
        assert points.shape[:2] == tuple((high - low)[[up, right]].astype(int))
        assert (np.diff(points[..., right], axis=1) > 0).all()
        assert (np.diff(points[..., up], axis=0) > 0).all()
        assert (points[..., axis] == -7).all()
        assert plane.extent() == (low[right], high[right], low[up], high[up])
        for k in range(3):
            found = planes.sampled(x_mm[..., k], grid, points, linear=True)
            np.testing.assert_allclose(found, points[..., k], atol=1e-9)
            found = planes.sampled(x_mm[..., k], grid, points, linear=False)
            assert abs(found - points[..., k]).max() < 1.5 * 3**0.5 + 1e-9


def test_outside_its_grid_a_volume_is_zero():
    grid = oblique_grid()
    far = np.array([[500.0, 0, 0], [0, 0, -200]])
    for linear in (False, True):
        ones = np.ones(grid.shape)
        assert (planes.sampled(ones, grid, far, linear=linear) == 0).all()


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
    figure = slices.slices_figure(far, {"APOE": volume}, {"APOE": values[:0]})
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
    figure = slices.slices_figure(
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
    figure = slices.slices_figure(scene, {"APOE": volume}, {"APOE": values})
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
    figure = slices.slices_figure(scene, {"APOE": with_nan}, {"APOE": values})
    for axes in figure.axes[:3]:
        shown = axes.images[-1].get_array()
        assert shown.mask.any() and np.isfinite(shown.compressed()).all()


def test_a_constant_map_is_drawn(scene, tmp_path):
    one = np.ones(scene.grid.shape)
    slices.slices(tmp_path / "a.png", scene, {"APOE": one}, {"APOE": np.ones(200)})
    assert (tmp_path / "a.png").read_bytes().startswith(PNG)


def test_pictures_are_whole_png_files_and_the_same_again(scene, rows, tmp_path):
    volume, values = field(scene, 1)
    for name in ("a", "b"):
        path = tmp_path / f"{name}.png"
        slices.slices(path, scene, {"APOE": volume}, {"APOE": values})
        scatter.held_out(tmp_path / f"{name}-scores.png", rows)
    assert len(list(tmp_path.iterdir())) == 4
    for kind in (".png", "-scores.png"):
        one, other = ((tmp_path / f"{name}{kind}").read_bytes() for name in "ab")
        assert one == other and one.startswith(PNG) and len(one) > 10_000


def test_scores_of_genes_stand_in_the_order_of_the_inr(rows):
    figure = scatter.held_out_figure(rows)
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
        "import sys; from inr_jax import figures\n"
        "assert 'matplotlib' not in sys.modules\n"
        f"figures.held_out({str(tmp_path / 'a.png')!r}, {rows!r})\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("count", [1, 3, 70])
def test_a_picture_of_few_genes_has_room_for_its_legend(tmp_path, count):
    methods = ["inr", "nearest", "idw10", "kriging", "abagen_interpolated_mirrored"]
    many = [row(m, f"G{gene}", 0.1, 0.1) for m in methods for gene in range(count)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scatter.held_out(tmp_path / "h.png", many)
    shape = matplotlib.image.imread(tmp_path / "h.png").shape
    figure = scatter.held_out_figure(many)
    figure.canvas.draw()
    boxes = [axes.get_legend().get_window_extent() for axes in figure.axes]
    assert all(b.x0 >= 0 and b.x1 <= figure.bbox.x1 for b in boxes) and shape[0] > 500
