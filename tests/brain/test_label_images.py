"""Label images of one's own: what is read, what is said, what is refused."""

from __future__ import annotations

import logging

import nibabel as nib
import numpy as np
import pytest

from inr_jax import cli
from inr_jax.brain.atlas import (
    DESIKAN_KILLIANY,
    atlas_files,
    desikan_killiany,
    read_image,
    read_labels,
    read_regions,
    read_table,
)
from inr_jax.brain.label_images import region_at
from inr_jax.errors import InputError
from inr_jax.run import build, config, regions

AFFINE = np.array([[-2.0, 0, 0, 20], [0, 2, 0, -30], [0, 0, 2, 5], [0, 0, 0, 1]])
DATA = np.zeros((7, 8, 9), np.int16)
DATA[1:3, 2:6, 3:7], DATA[4:6, 2:6, 3:7] = 4, 7
TABLE = "id,label,structure\n4,four,A\n7,seven,B\n"


def saved(folder, data=DATA, affine=AFFINE, name="atlas.nii.gz"):
    nib.save(nib.Nifti1Image(np.asarray(data), affine), folder / name)
    return folder / name


def table(folder, text=TABLE, name="atlas.csv"):
    (folder / name).write_text(text)
    return folder / name


def test_every_voxel_has_the_name_of_its_label(tmp_path):
    labels = read_regions(saved(tmp_path), table(tmp_path))
    assert labels.names == ("", "four", "seven") and labels.parents == ("", "A", "B")
    ijk = np.argwhere(DATA >= 0)
    x_mm = nib.affines.apply_affine(AFFINE, ijk)
    exact = np.searchsorted([0, 4, 7], DATA.ravel())
    np.testing.assert_array_equal(region_at(labels, x_mm), exact)


def test_the_default_atlas_joins_both_sides_of_the_shipped_labels():
    sides, atlas = read_labels(*atlas_files(DESIKAN_KILLIANY, "")), desikan_killiany()
    assert len(sides.names) == 84 and len(atlas.names) == 43
    assert set(sides.sides) == {"", "L", "R", "B"}
    for row, name in enumerate(sides.names):
        inside = np.unique(atlas.region[sides.region == row])
        assert [atlas.names[region] for region in inside] == [name]


@pytest.mark.parametrize(
    "text",
    [
        "id\tLabel\tparent\themisphere\n4\tfour\tA\tL\n7\tseven\tB\tR\n",
        "hemisphere,label,id,structure\nL,four,4.0,A\nR,seven,7,B\n,outside,0,\n",
    ],
)
def test_tables_of_other_shapes_say_the_same(tmp_path, text):
    expected = {4: ("four", "A", "L"), 7: ("seven", "B", "R")}
    assert read_table(table(tmp_path, text)) == expected


def test_labels_of_one_name_are_one_region(tmp_path):
    labels = read_regions(saved(tmp_path), table(tmp_path, "id,label\n4,x\n7,x\n"))
    assert labels.names == ("", "x") and labels.parents == ("", "")
    np.testing.assert_array_equal(labels.region > 0, DATA > 0)


def test_floats_and_a_fourth_axis_of_one_are_taken_and_said(tmp_path, caplog):
    path = saved(tmp_path, DATA[..., None].astype(np.float32))
    with caplog.at_level(logging.INFO, "inr_jax"):
        image, grid = read_image(path)
    np.testing.assert_array_equal(image, DATA)
    assert grid.shape == DATA.shape
    (line,) = caplog.messages
    assert line.endswith("labels stored as float32, taken as whole")


def test_labels_that_only_one_of_the_two_has_are_said(tmp_path, caplog):
    text = TABLE.replace("7,seven", "9,nine")
    labels = read_regions(saved(tmp_path), table(tmp_path, text))
    assert labels.names == ("", "four")
    one, other = caplog.messages
    assert one.endswith(
        "1 labels of the image that the table lacks, taken as outside: 7"
    )
    assert other.endswith("1 rows of the table that the image lacks: 9")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (DATA + np.float32(0.5), r"fractions as 0\.5"),
        (np.zeros_like(DATA), "values up to 0"),
        (-DATA, "values from -7"),
        (np.stack([DATA, DATA], -1), "an image of 7 x 8 x 9 x 2 voxels"),
        (np.where(DATA == 4, np.inf, DATA), "values from -1"),
    ],
)
def test_what_is_no_label_image_is_refused_in_one_line(tmp_path, data, message):
    with pytest.raises(InputError, match=message) as error:
        read_image(saved(tmp_path, data))
    assert "\n" not in str(error.value)


def test_broken_and_missing_files_are_refused_in_one_line(tmp_path):
    (tmp_path / "cut.nii.gz").write_bytes(saved(tmp_path).read_bytes()[:60])
    (tmp_path / "text.nii").write_text("no image")
    for name in ("cut.nii.gz", "text.nii", "none.nii.gz"):
        with pytest.raises(InputError, match="expected a 3-D label image"):
            read_image(tmp_path / name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "found an empty file"),
        ("id,title\n4,four\n", "found no label"),
        ("id,label\nfour,4\n", "line 2: expected an id above 0 and a name, found four"),
        ("id,label\n4,four\n4,five\n", "line 3: .* found 4, five again"),
        ("id,label\n4,\n", "line 2"),
        ("id,label\n4.5,four\n", "line 2"),
        ("id,label,parent\n4,x,A\n7,x,B\n", "x in A and B"),
        ("id,label\n8,eight\n", "expected labels of .* found 4, 7 and 8; give"),
    ],
)
def test_a_bad_table_is_refused_in_one_line(tmp_path, text, message):
    with pytest.raises(InputError, match=message) as error:
        read_regions(saved(tmp_path), table(tmp_path, text))
    assert "\n" not in str(error.value)
    with pytest.raises(InputError, match="no such file"):
        read_table(tmp_path / "none.csv")


def settings(tmp_path, affine, data=DATA):
    c = config.default()
    c.anatomy.atlas = str(saved(tmp_path, data, affine))
    c.anatomy.atlas_info = str(table(tmp_path))
    c.render.resolution_mm = 3
    return c


def labels_of(c):
    return regions.make_labels(c, build.make_canvas(c))


def test_another_grid_is_read_by_its_affine_and_that_is_said(tmp_path, caplog):
    affine = np.array([[8.0, 0, 0, -20], [0, 8, 0, -40], [0, 0, 8, -20], [0, 0, 0, 1]])
    with caplog.at_level(logging.INFO, "inr_jax"):
        labels = labels_of(settings(tmp_path, affine))
    assert "labels of 8 x 8 x 8 mm, read by its affine" in caplog.text
    assert "voxels of 3 x 3 x 3 mm; they cover" in caplog.text
    assert region_at(labels, np.array([[-10.0, -16, 12]])) == [1]


@pytest.mark.parametrize("shift", [300.0, 90.0])
def test_labels_that_lie_elsewhere_are_refused(tmp_path, shift):
    c = settings(tmp_path, np.array(AFFINE) + shift * np.eye(4, k=3))
    with pytest.raises(InputError, match="expected labels in the brain"):
        labels_of(c)


def test_an_image_without_its_table_is_refused(tmp_path):
    c = settings(tmp_path, AFFINE)
    c.anatomy.atlas_info = ""
    with pytest.raises(InputError, match=r"config\.anatomy\.atlas_info: expected"):
        labels_of(c)


def test_an_atlas_of_ones_own_is_printed(tmp_path, capsys):
    affine = np.array([[8.0, 0, 0, -20], [0, 8, 0, -40], [0, 0, 8, -20], [0, 0, 0, 1]])
    c = settings(tmp_path, affine)
    keys = [f"--config.anatomy.{k}={c.anatomy[k]}" for k in ("atlas", "atlas_info")]
    keys += ["--config.phantom.n_wells=200", "--config.phantom.n_genes=2"]
    keys += ["--config.render.resolution_mm=3", f"--workdir={tmp_path / 'out'}"]
    assert cli.main(["crosswalk", *keys]) == 0
    told = capsys.readouterr().out
    assert told.splitlines()[2].startswith("four") and " wells " in told
    assert build.load_source(c).samples.parents[0] == "cortex"
