"""Labels of vertices, as other programs write them."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest
from given import input_error

from inr_jax.brain.surface_labels import read_surface_labels, sides_of

LABEL = {"L": np.int32([0, 1, 1, 2, 3]), "R": np.int32([3, 3, 0, 2, 2, 2])}
NAMES = {0: "???", 1: "front", 2: "Medial_wall", 3: "back, upper"}


def gifti_bytes(label, names=NAMES, kind="NIFTI_INTENT_LABEL"):
    table = nib.gifti.GiftiLabelTable()
    for key, name in names.items():
        row = nib.gifti.GiftiLabel(key, 0.1, 0.2, 0.3, 1)
        row.label = name
        table.labels.append(row)
    array = nib.gifti.GiftiDataArray(label, kind)
    return nib.gifti.GiftiImage(labeltable=table, darrays=[array]).to_bytes()


@pytest.fixture
def pair(tmp_path):
    paths = {}
    for hemi, label in LABEL.items():
        paths[hemi] = tmp_path / f"my.{hemi}.label.gii"
        paths[hemi].write_bytes(gifti_bytes(label))
    return paths


def test_regions_of_both_sides_have_labels_of_their_own_and_no_medial_wall(pair):
    read = read_surface_labels(pair)
    assert read.labels == (0, 1001, 1003, 2003)
    assert read.names == ("", "front", "back, upper", "back, upper")
    assert read.sides == ("", "L", "L", "R")
    np.testing.assert_array_equal(read.vertices["L"], [0, 1, 1, 0, 2])
    np.testing.assert_array_equal(read.vertices["R"], [3, 3, 0, 0, 0, 0])
    assert list(read.table().structure) == ["cortex"] * 3


def test_labels_that_differ_between_sides_stay_as_they_are(tmp_path):
    paths = {"L": tmp_path / "lh.label.gii", "R": tmp_path / "rh.label.gii"}
    for shift, path in zip((0, 10), paths.values(), strict=True):
        names = {1 + shift: f"region {shift}"}
        path.write_bytes(gifti_bytes(np.int32([0, 1 + shift]), names))
    assert read_surface_labels(paths).labels == (0, 1, 11)


@pytest.mark.parametrize("first", ["unknown", "bankssts"])
def test_an_annot_file_is_read_as_its_writer_meant_it(tmp_path, rng, first):
    names = [first, "insula", "cuneus"]
    colours = np.c_[rng.integers(1, 255, (3, 3)), np.zeros((3, 1), int)]
    row = rng.integers(-1, 3, 40)
    path = tmp_path / "lh.aparc.annot"
    nib.freesurfer.write_annot(path, row, colours, names, fill_ctab=True)
    read = read_surface_labels({"L": path})
    there = [read.names[number] for number in read.vertices["L"]]
    expected = ["" if number < 0 else names[number] for number in row]
    assert there == ["" if name == "unknown" else name for name in expected]


def test_files_that_follow_each_other_are_the_sides_of_one_atlas():
    paths = ["lh.a.annot", "rh.a.annot", "x.L.label.gii", "hemi-L_y.label.gii"]
    sides = [sorted(atlas) for atlas in sides_of(paths)]
    assert sides == [["L", "R"], ["L"], ["L"]]
    assert "hemi-L" in str(input_error(sides_of, ["both.label.gii"]))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"no labels", "GIFTI or .annot"),
        (gifti_bytes(np.float32([0, 1.5]), kind="NIFTI_INTENT_SHAPE"), "float32"),
        (gifti_bytes(np.int32([0, 2])), "1 to 32767 regions, found 0 (Medial_wall)"),
        (gifti_bytes(np.int32([0, 0])), "all labels are 0"),
    ],
)
def test_what_has_no_region_is_refused(tmp_path, data, told):
    path = tmp_path / "lh.label.gii"
    path.write_bytes(data)
    assert told in str(input_error(read_surface_labels, {"L": path}))


@pytest.mark.parametrize("length", [3, 40, 200])
def test_an_annot_file_that_ends_too_early_is_refused(tmp_path, length):
    path = tmp_path / "lh.annot"
    colours = np.array([[1, 2, 3, 0], [4, 5, 6, 0]])
    nib.freesurfer.write_annot(path, np.arange(40) % 2, colours, ["a", "b"])
    path.write_bytes(path.read_bytes()[:length])
    assert "lh.annot" in str(input_error(read_surface_labels, {"L": path}))
