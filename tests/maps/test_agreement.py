"""Region tables, abagen's interpolation and the agreement of maps."""

from __future__ import annotations

import csv
import json
import re

import fake_ahba
import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import references

from inr_jax import cli
from inr_jax.brain.atlas import DESIKAN_KILLIANY
from inr_jax.brain.label_images import region_at
from inr_jax.brain.shipped import package_file
from inr_jax.errors import InputError
from inr_jax.maps import agreement
from inr_jax.maps import regions as regions_module
from inr_jax.report import methods
from inr_jax.samples.ahba import cache, region_tables
from inr_jax.samples.ahba.abagen import borrowed
from inr_jax.samples.ahba.options import AbagenOptions
from inr_jax.samples.sources import ahba
from inr_jax.stats import baselines
from inr_jax.stats.scores import score

DONORS = ("9861", "10021")
TWO = AbagenOptions(donors=DONORS)
BOTH_SIDES = TWO._replace(lr_mirror="bidirectional")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return fake_ahba.write_atlas(tmp_path_factory.mktemp("ahba"), every=20)


@pytest.fixture(autouse=True, scope="module")
def own_atlas_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("INR_JAX_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="module")
def dk():
    return region_tables.read_labels(DESIKAN_KILLIANY)


def write_image(path, data, affine=None):
    affine = np.diag([2.0, 2, 2, 1]) if affine is None else affine
    nib.save(nib.Nifti1Image(np.asarray(data), affine), path)
    return str(path)


def test_shipped_is_what_abagen_itself_returns(data_dir, tmp_path):
    atlas = cache.open_atlas(data_dir, BOTH_SIDES)
    samples = ahba.from_atlas(atlas, (), False).samples
    affine = np.diag([17.0, 23, 19, 1])
    affine[:3, 3] = [-70, -100, -50]
    mask = write_image(tmp_path / "m.nii", np.ones((9, 7, 8), np.int32), affine)
    with borrowed(files=atlas.files) as abagen:
        genes = list(samples.genes)
        dense = abagen.get_interpolated_map(genes, mask, donors=DONORS)
    x_mm = np.argwhere(np.ones((9, 7, 8))) * np.diag(affine)[:3] + affine[:3, 3]
    found = baselines.abagen_map(samples, x_mm, mirrored=False)
    expected = np.stack([dense[gene].ravel() for gene in genes], axis=1)
    np.testing.assert_allclose(found, expected, atol=2e-6)


@pytest.mark.parametrize("mirrored", [False, True])
def test_interpolation_is_a_mean_weighted_by_inverse_distance(data_dir, rng, mirrored):
    samples = ahba.load(data_dir, **BOTH_SIDES._asdict()).samples
    x_mm = rng.uniform(-60, 60, (12, 3))
    own = samples.originals()
    x_mm[0] = own.x_mm[0]
    if mirrored:
        places, values = samples.x_mm, samples.values
    else:
        places = np.concatenate([own.x_mm, own.x_mm])
        values = np.concatenate([own.values, own.values])
    places = places.astype(float)
    expected = []
    for row, distance in enumerate(references.distances(x_mm, places)):
        near = np.argsort(distance, kind="stable")[:10]
        weight = 1 / np.where(distance[near] == 0, np.nan, distance[near])
        if row == 0:
            weight = (distance[near] == 0).astype(float)
        expected.append(weight @ values[near] / weight.sum())
    found = baselines.abagen_map(samples, x_mm, mirrored=mirrored)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_as_shipped_nothing_reaches_the_other_side_and_ten_are_five(data_dir):
    samples = ahba.load(data_dir, **BOTH_SIDES._asdict()).samples
    left = samples.take(samples.x_mm[:, 0] < 0).originals()
    far = np.array([[60.0, -20, 10]])
    shipped = baselines.abagen_map(left, far, mirrored=False)
    distance = np.linalg.norm(left.x_mm - far, axis=1)
    near = np.argsort(distance)[:5]
    expected = (1 / distance[near]) @ left.values[near] / (1 / distance[near]).sum()
    np.testing.assert_allclose(shipped[0], expected, rtol=1e-5)
    across = far * np.array([-1, 1, 1])
    mirrored = (baselines.abagen_map(left, s, mirrored=True) for s in (far, across))
    np.testing.assert_allclose(*mirrored, rtol=1e-5)
    assert abs(shipped - baselines.abagen_map(left, far, mirrored=True)).max() > 0.01


def test_agreement_with_zeros_is_that_with_the_zeros_written_out(rng):
    one, other = rng.normal(size=(2, 40, 3)) + 2
    other[:, 2] = one[:, 2]
    for zeros in (0, 160):
        found = agreement.agreement(one, other, zeros)
        padded = [np.concatenate([side, np.zeros((zeros, 3))]) for side in (one, other)]
        expected = score(*padded)
        assert found[0].tolist() == [40 + zeros] * 3
        np.testing.assert_allclose(found[1], expected.r, rtol=1e-10)
        np.testing.assert_allclose(found[2], expected.mse, rtol=1e-10)
    # Unrelated maps that share their background agree, in the paper's way.
    assert agreement.agreement(one, other, 160)[1][0] > 0.8
    one[3, 0] = np.nan
    n, r, _ = agreement.agreement(one, other)
    keep = np.arange(40) != 3
    assert n[0] == 39
    np.testing.assert_allclose(
        r[0], np.corrcoef(one[keep, 0], other[keep, 0])[0, 1], rtol=1e-10
    )
    flat = agreement.agreement(np.ones((5, 1)), rng.normal(size=(5, 1)))
    assert flat[1][0] == 0


def test_a_regions_value_is_the_mean_of_its_voxels(rng):
    ids = np.array([3, 7, 9])
    label = rng.choice([0, 3, 7, 11], 50)
    values = rng.normal(size=(50, 2)).astype(np.float32)
    means, counts = regions_module.region_means(values, label, ids)
    for row, region in enumerate(ids):
        inside = label == region
        assert counts[row] == inside.sum()
        if inside.any():
            np.testing.assert_allclose(means[row], values[inside].mean(0), rtol=1e-5)
    assert np.isnan(means[2]).all()
    painted = agreement.painted(means, label, ids)
    assert np.isnan(painted[(label == 0) | (label == 11)]).all()
    np.testing.assert_array_equal(painted[label == 7], means[[1] * (label == 7).sum()])


def test_a_label_image_is_the_file_and_its_table(dk):
    assert len(dk.table()) == 83 and dk.labels[1:] == tuple(sorted(dk.labels[1:]))
    image = np.asanyarray(nib.load(dk.path).dataobj)
    np.testing.assert_array_equal(np.array(dk.labels)[dk.region], image)
    shipped = pd.read_csv(package_file("atlas-desikankilliany.csv"), index_col="id")
    pd.testing.assert_frame_equal(dk.table(), shipped, check_dtype=False)
    inside = np.argwhere(dk.region > 0)[::5000]
    x_mm = dk.grid.mm(inside) + 0.4
    np.testing.assert_array_equal(region_at(dk, x_mm), dk.region[tuple(inside.T)])
    assert region_at(dk, np.array([[500.0, 0, 0], [0, 0, -500]])).tolist() == [0, 0]


def test_abagens_table_is_abagens_and_kept_for_the_next_time(data_dir, dk, monkeypatch):
    options = BOTH_SIDES._replace(missing="interpolate")
    atlas = cache.open_atlas(data_dir, options)
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


@pytest.mark.parametrize(
    "options",
    [
        {"region_agg": "samples"},
        {"missing": "centroids", "agg_metric": "median"},
        {"norm_matched": False, "gene_norm": "", "tolerance": 0.0},
    ],
)
def test_options_of_regions_reach_abagen(data_dir, dk, options):
    atlas = cache.open_atlas(data_dir, TWO._replace(**options))
    genes = atlas.genes[:3]
    table, donors = region_tables.abagen_tables(atlas, dk, genes)
    given = {name: None if v == "" else v for name, v in options.items()}
    with borrowed(files=atlas.files) as abagen:
        expected = abagen.get_expression_data(
            str(dk.path), dk.table().reset_index(), donors=DONORS, **given
        )
    np.testing.assert_allclose(table, expected[genes].to_numpy(), rtol=1e-12)
    assert bool(donors) == ("region_agg" not in options)


def test_a_users_coordinates_move_the_samples_of_abagens_table_too(data_dir, dk):
    plain = cache.open_atlas(data_dir, TWO)
    moved = cache.open_atlas(data_dir, TWO._replace(coordinates="released"))
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


def test_two_donors_are_compared_gene_by_gene_and_region_by_region(rng):
    one, other = rng.normal(size=(2, 5, 3))
    info = pd.DataFrame({"label": list("vwxyz")}, index=range(1, 6))
    lines = agreement.donors_table(one, other, ("A", "B", "C"), info)
    by = {(line["of"], line["name"]): line for line in lines}
    assert len(by) == 8
    np.testing.assert_allclose(
        by["gene", "B"]["r"], np.corrcoef(one[:, 1], other[:, 1])[0, 1]
    )
    np.testing.assert_allclose(
        by["region", "x"]["mse"], ((one[2] - other[2]) ** 2).mean()
    )


@pytest.mark.parametrize("options", [TWO, BOTH_SIDES._replace(norm_structures=True)])
def test_methods_have_settings_counts_and_only_works_that_are_listed(data_dir, options):
    atlas = cache.open_atlas(data_dir, options)
    text = methods.paragraph(atlas, 3, copies_used=True)
    assert "9861, 10021" in text and "diff_stability" in text
    assert f"{atlas.counts['probes_above_background']} left" in text
    assert ("copied across the midline" in text) == bool(options.lr_mirror)
    listed = methods.bibliography(options)
    keys = re.findall(r"@(\w+)\]", text)
    assert keys and all(f"@article{{{key}," in listed for key in keys)
    assert listed.count("{") == listed.count("}")


@pytest.mark.slow
def test_a_run_on_the_atlas_leaves_the_comparison(data_dir, tmp_path, capsys):
    small = [
        "--config.fit.steps=2 --config.fit.members=1 --config.field.hidden=8",
        "--config.render.resolution_mm=3 --config.source.genes=APOE,MAPT",
        "--config.ahba.skip_absent --config=configs/ad100.py",
    ]
    where = [f"--config.ahba.data_dir={data_dir}", f"--workdir={tmp_path}"]
    assert cli.main(["run", *" ".join(small).split(), *where]) == 0
    out = capsys.readouterr().out
    assert "abagen_mirrored" in out and "background included" in out
    with open(tmp_path / "abagen_comparison.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    assert tuple(lines[0]) == agreement.COLUMNS
    kinds = {(line["baseline"], line["over"]) for line in lines}
    assert {("abagen_regions", "paper_region"), ("abagen", "voxel")} <= kinds
    assert len(kinds) == 10
    summary = json.loads((tmp_path / "summary.json").read_text())
    for over in ("region", "voxel", "paper"):
        assert set(summary["abagen"][over]) == {"r_mean", "mse_mean"}
    scores = (tmp_path / "scores.csv").read_text()
    assert "\nabagen,donor,APOE," in scores and "\nabagen_mirrored," in scores
    table = pd.read_parquet(tmp_path / "regions" / "inr.parquet")
    assert table.shape == (83, 2) and table.notna().all(axis=None)
    assert (tmp_path / "donor_comparison.csv").read_text().startswith("of,name,n,r")
    text = (tmp_path / "methods.md").read_text()
    assert "abagen's own report" in text and "Allen Human Brain Atlas" in text
    assert (tmp_path / "dropped_genes.csv").read_text().startswith("gene,probes,fate")
    assert "@article{hawrylycz2012" in (tmp_path / "references.bib").read_text()
