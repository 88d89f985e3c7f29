"""Maps on cortex: what they say at places, whose files go together, what is refused."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from inr_jax.brain import surface_values as module
from inr_jax.brain.surfaces import Cortex
from inr_jax.errors import InputError


@pytest.fixture
def sides(rng):
    """Two flat sides, 3 mm thick, with vertices 3 mm apart and a wall of ten."""
    y, z = np.meshgrid(np.arange(0, 60, 3.0), np.arange(0, 60, 3.0))
    white = np.stack([np.full(y.size, 20.0), y.ravel(), z.ravel()], axis=1)
    pial = white + np.array([3.0, 0, 0])
    pial[:10] = white[:10]  # the midline: white and pial are one
    turn = np.array([-1.0, 1, 1])
    faces = np.zeros((1, 3), np.int64)
    return [
        Cortex("L", white * turn, pial * turn, faces),
        Cortex("R", white, pial, faces),
    ]


def write(path, *arrays, **meta):
    made = [
        nib.gifti.GiftiDataArray(np.float32(a), "NIFTI_INTENT_SHAPE") for a in arrays
    ]
    image = nib.gifti.GiftiImage(darrays=made)
    for key, value in meta.items():
        image.meta[key] = value
    nib.save(image, path)
    return path


def linear(side):
    """A function of the place that a mean of near points follows."""
    return 0.1 * side.at(0.5)[:, 1] + 2.0


def read(paths, sides, zeros="auto"):
    return module.read_surface_map(paths, sides, "mine", zeros)


def test_through_cortex_it_is_the_vertices_value_and_beyond_nothing(sides, tmp_path):
    names = "t_hemi-L.func.gii", "t_hemi-R.func.gii"
    paths = [
        write(tmp_path / name, linear(side))
        for name, side in zip(names, sides, strict=True)
    ]
    surface_map = read(paths, sides)
    assert surface_map.name == "t"
    for side in sides:
        inner = side.is_cortex()
        for depth in (0.0, 0.4, 1.0):
            at = surface_map.at(side.at(depth)[inner])
            np.testing.assert_allclose(at, linear(side)[inner], atol=0.2)
    at = surface_map.at([[26.5, 30, 30], [10, 30, 30], [0, 0, 0], [21, 30, 30.5]])
    assert np.isnan(at).tolist() == [True, True, True, False]
    one_side = read(paths[:1], sides)  # of the other nothing is said
    assert np.isnan(one_side.at([[21.5, 30, 30]])).all()


def test_vertices_of_the_midline_and_without_a_number_say_nothing(sides, tmp_path):
    values = linear(sides[0])
    values[200], values[300] = np.nan, 0.0
    path = write(tmp_path / "lh.thing.shape.gii", values)
    kept = read([path], sides)
    assert len(kept.values) == 3 * (len(values) - 10 - 1)
    assert len(read([path], sides, "outside").values) == 3 * (len(values) - 10 - 2)


def test_two_files_that_differ_in_their_side_are_one_map():
    image = object()
    sources = ["a/lh.t.gii", "v.nii.gz", "a/rh.t.gii", image, "b/lh.t.gii"]
    assert module.paired(sources) == [
        ("a/lh.t.gii", "a/rh.t.gii"),
        "v.nii.gz",
        image,
        ("b/lh.t.gii",),
    ]
    assert module.paired(
        ["s_hemi-R_den-10k.func.gii", "s_hemi-L_den-10k.func.gii"]
    ) == [("s_hemi-R_den-10k.func.gii", "s_hemi-L_den-10k.func.gii")]


@pytest.mark.parametrize(
    ("name", "make", "words"),
    [
        ("lh.a.gii", lambda v: [v[:50]], "values of the 400 vertices of mine, L.*50"),
        ("lh.a.gii", lambda v: [v, v], r"arrays of shape \(400,\), \(400,\)"),
        ("lh.a.gii", lambda v: [np.ones(400)], "one value, 1, at every vertex"),
        ("lh.a.gii", lambda v: [v > 3], "two values, 0 and 1"),
        ("lh.a.gii", lambda v: [v * np.nan], "no vertex with a value"),
        ("a.gii", lambda v: [v], "that says its side"),
    ],
)
def test_what_is_no_map_of_the_surface_is_refused(sides, tmp_path, name, make, words):
    path = write(tmp_path / name, *make(linear(sides[0])))
    with pytest.raises(InputError, match=words):
        read([path], sides)


def test_the_side_is_told_by_metadata_first_and_given_once(sides, tmp_path):
    values = linear(sides[1])
    path = write(tmp_path / "a.gii", values, AnatomicalStructurePrimary="CortexRight")
    assert (read([path], sides).x_mm[:, 0] > 0).all()
    with pytest.raises(InputError, match=r"a file a side.*of R"):
        read([path, path], sides)
