"""Samples, their standardisation and the atlas's wells."""

from __future__ import annotations

import csv

import jax
import numpy as np
import pytest

from inr_jax.brain.template import tissue_at
from inr_jax.errors import InputError
from inr_jax.samples.ahba import wells
from inr_jax.samples.samples import make_samples
from inr_jax.samples.sites import UNNAMED
from inr_jax.samples.standardise import standardiser


def parts(rng, n: int = 7, g: int = 3) -> dict:
    """What a source might hand to `make_samples`."""
    return {
        "x_mm": rng.uniform(-60, 60, (n, 3)),
        "values": rng.normal(size=(n, g)),
        "genes": [f"G{i}" for i in range(g)],
        "where": "wells.csv",
    }


def test_names_are_numbered_and_an_absent_structure_stays_unnamed(rng):
    donor = ["b", "a", "b", "a", "a", "b", "c"]
    structure = ["V1", None, "", "CA1", "V1", float("nan"), "CA1"]
    samples = make_samples(**parts(rng), donor=donor, structure=structure)
    assert samples.donors == ("b", "a", "c")
    assert [samples.donors[row] for row in samples.donor] == donor
    assert samples.structures == ("CA1", "V1")
    u = UNNAMED
    np.testing.assert_array_equal(samples.structure, [1, u, u, 0, 1, u, 0])


def test_arrays_have_the_types_a_device_takes(rng):
    samples = make_samples(**parts(rng))
    assert {leaf.dtype.name for leaf in jax.tree.leaves(samples)} == {
        "float32",
        "int32",
        "bool",
    }
    np.testing.assert_array_equal(samples.well, np.arange(7))
    np.testing.assert_array_equal(samples.tissue, tissue_at(samples.x_mm))


def test_wells_without_tissue_get_it_and_the_others_keep_theirs(rng):
    given = np.array([[0, 0], [0.25, 0.5], [0, 0], [0, 0.125]])
    samples = make_samples(**parts(rng, n=4), tissue=given)
    np.testing.assert_array_equal(samples.tissue[[1, 3]], given[[1, 3]])
    expected = tissue_at(samples.x_mm[[0, 2]])
    np.testing.assert_array_equal(samples.tissue[[0, 2]], expected)
    np.testing.assert_array_equal(given[0], [0, 0])


def test_samples_survive_a_round_trip_as_a_pytree(rng):
    samples = make_samples(**parts(rng))
    leaves, tree = jax.tree.flatten(samples)
    again = jax.tree.unflatten(tree, leaves)
    assert len(leaves) == 8
    assert again.genes == samples.genes
    for one, other in zip(leaves, jax.tree.leaves(again), strict=True):
        np.testing.assert_array_equal(one, other)


def test_genes_are_static_so_other_genes_are_another_tree(rng):
    kwargs = parts(rng)
    one = jax.tree.structure(make_samples(**kwargs))
    other = jax.tree.structure(make_samples(**kwargs | {"genes": ["A", "B", "C"]}))
    assert one != other


def test_take_keeps_whole_wells_in_the_order_asked(rng):
    kwargs = parts(rng)
    samples = make_samples(**kwargs, well=np.arange(10, 17))
    taken = samples.take(np.array([5, 0]))
    np.testing.assert_array_equal(taken.well, [15, 10])
    np.testing.assert_allclose(taken.x_mm, kwargs["x_mm"][[5, 0]], rtol=1e-6)
    np.testing.assert_allclose(taken.values, kwargs["values"][[5, 0]], rtol=1e-6)
    mask = np.array([False, True, True, False, False, False, False])
    np.testing.assert_array_equal(samples.take(mask).well, [11, 12])
    assert samples.take(mask).genes == samples.genes


def test_sites_hold_no_expression(rng):
    kwargs = parts(rng)
    sites = make_samples(**kwargs).sites()
    assert set(sites._fields) == {"x_mm", "tissue", "structure", "parent", "support"}
    np.testing.assert_allclose(sites.x_mm, kwargs["x_mm"], rtol=1e-6)


def one_well(kwargs):
    kwargs["x_mm"], kwargs["values"] = kwargs["x_mm"][:1], kwargs["values"][:1]


def no_genes(kwargs):
    kwargs["genes"], kwargs["values"] = [], kwargs["values"][:, :0]


def nan_value(kwargs):
    kwargs["values"][2, 1] = np.nan


def infinite_value(kwargs):
    kwargs["values"][2:, 1] = np.inf


def gene_twice(kwargs):
    kwargs["genes"] = ["A", "B", "A"]


def well_twice(kwargs):
    kwargs["well"] = [4, 5, 6, 7, 4, 9, 4]


def metres(kwargs):
    kwargs["x_mm"] = kwargs["x_mm"] * 1000


def nan_coordinate(kwargs):
    kwargs["x_mm"][3, 0] = np.nan


def constant_gene(kwargs):
    kwargs["values"][:, 2] = 5.0


BAD = [
    (one_well, ["at least 2 wells", "found 1"]),
    (no_genes, ["at least one gene", "found none"]),
    (nan_value, ["1 missing, first at well 2, gene G1"]),
    (infinite_value, ["5 missing, first at well 2, gene G1"]),
    (gene_twice, ["each gene once", "1 again (A)"]),
    (well_twice, ["each well once", "2 again (4, 4)"]),
    (metres, ["MNI coordinates in mm", "7 of 7 outside the head"]),
    (nan_coordinate, ["three coordinates of each well", "1 missing, first at well 3"]),
    (constant_gene, ["1 constant (G2)", "leave them out"]),
]


@pytest.mark.parametrize("spoil, says", BAD, ids=[spoil.__name__ for spoil, _ in BAD])
def test_bad_samples_are_refused_in_one_line_that_says_why(rng, spoil, says):
    kwargs = parts(rng)
    spoil(kwargs)
    with pytest.raises(InputError) as caught:
        make_samples(**kwargs)
    message = str(caught.value)
    assert message.startswith("wells.csv: expected ")
    assert "\n" not in message
    for words in says:
        assert words in message


def test_voxel_indices_that_all_fit_in_a_head_are_refused_still(rng):
    kwargs = parts(rng, n=40)
    kwargs["x_mm"] = rng.uniform(0, 100, (40, 3))
    with pytest.raises(InputError, match="no negative value"):
        make_samples(**kwargs)


def test_a_standardiser_and_its_inverse_cancel(rng):
    values = rng.normal(3.0, 2.0, (50, 4)).astype(np.float32)
    for kind in ("zscore", "minmax"):
        scale = standardiser(values, kind)
        again = scale.values(scale.standard(values))
        np.testing.assert_allclose(again, values, rtol=1e-5, atol=1e-5)


def test_a_zscore_has_mean_0_and_standard_deviation_1(rng):
    values = rng.gamma(2.0, 5.0, (200, 4))
    standard = standardiser(values).standard(values)
    np.testing.assert_allclose(standard.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(np.sqrt((standard**2).mean(0)), 1, rtol=1e-6)


def test_minmax_spans_0_to_1(rng):
    values = rng.normal(size=(30, 4))
    standard = standardiser(values, "minmax").standard(values)
    np.testing.assert_allclose(standard.min(0), 0, atol=1e-6)
    np.testing.assert_allclose(standard.max(0), 1, rtol=1e-6)


@pytest.mark.parametrize("kind", ["zscore", "minmax"])
def test_a_gene_constant_in_training_is_shifted_and_not_divided_by_zero(kind):
    values = np.full((5, 1), 7.0)
    scale = standardiser(values, kind)
    np.testing.assert_array_equal(scale.standard(values), 0)
    np.testing.assert_array_equal(scale.standard(values + 2), 2)


def test_an_unknown_kind_of_standardiser_is_refused():
    with pytest.raises(ValueError, match="'zscore' or 'minmax', found 'rank'"):
        standardiser(np.eye(3), "rank")


def test_a_structure_lies_in_one_parent(rng):
    structure = ["V1", "V1", "CA1", None, "CA1", "V1", "CA1"]
    parent = ["occipital", "occipital", "limbic", "limbic", "limbic", "occipital", None]
    with pytest.raises(InputError, match=r"1 with several \(CA1\)"):
        make_samples(**parts(rng), structure=structure, parent=parent)
    parent[6] = "limbic"
    samples = make_samples(**parts(rng), structure=structure, parent=parent)
    assert samples.parents == ("limbic", "occipital")
    np.testing.assert_array_equal(samples.parent, [1, 1, 0, 0, 0, 1, 0])


def test_the_atlas_has_3702_wells_within_the_head_in_six_donor_blocks():
    known = wells.wells()
    assert known.well.shape == (3702,)
    assert len(set(known.well.tolist())) == 3702
    assert known.x_mm.shape == (3702, 3)
    make_samples(
        x_mm=known.x_mm,
        values=known.x_mm,
        genes=["A", "B", "C"],
        well=known.well,
        where="atlas",
    )
    names, counts = np.unique(known.donor, return_counts=True)
    assert dict(zip(names.tolist(), counts.tolist(), strict=True)) == {
        "9861": 946,
        "10021": 893,
        "12876": 363,
        "14380": 529,
        "15496": 470,
        "15697": 501,
    }


def test_the_donor_blocks_agree_with_every_well_of_a_real_export(cyp):
    known = wells.wells()
    donor = dict(zip(known.well.tolist(), known.donor.tolist(), strict=True))
    with (cyp / "Columns.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["sample_well"] != "-1"]
    assert len(rows) == 841
    assert [donor[int(row["sample_well"])] for row in rows] == [
        row["donor_id"] for row in rows
    ]


def test_a_copy_shares_its_wells_id_and_is_no_second_well(rng):
    x_mm = rng.uniform(-60, 60, (4, 3))
    made = make_samples(
        x_mm=np.concatenate([x_mm, x_mm[:2] * [-1, 1, 1]]),
        values=rng.normal(size=(6, 2)),
        genes=["A", "B"],
        where="here",
        well=np.array([7, 8, 9, 10, 7, 8]),
        donor=["a", "a", "b", "b", "a", "a"],
        mirrored=np.array([0, 0, 0, 0, 1, 1]),
    )
    assert made.mirrored.tolist() == [False] * 4 + [True] * 2
    assert made.originals().well.tolist() == [7, 8, 9, 10]
    assert made.take(made.donor == 0).well.tolist() == [7, 8, 7, 8]
    plain = made.originals()
    assert plain.originals() is plain


@pytest.mark.parametrize(
    ("well", "donor", "mirrored"),
    [
        ([7, 8, 9, 9], "aaaa", [0, 0, 0, 1]),  # the well's copy: allowed
        ([7, 8, 9, 6], "aaaa", [0, 0, 0, 1]),
        ([7, 8, 9, 9], "aaab", [0, 0, 0, 1]),
        ([7, 8, 9, 9], "aaaa", [0, 0, 0, 0]),
    ],
)
def test_a_copy_needs_its_well_in_the_same_donor(rng, well, donor, mirrored):
    given = {
        "x_mm": rng.uniform(-60, 60, (4, 3)),
        "values": rng.normal(size=(4, 1)),
        "genes": ["A"],
        "where": "here",
        "well": np.array(well),
        "donor": list(donor),
        "mirrored": np.array(mirrored),
    }
    if well[3] == 9 and donor == "aaaa" and mirrored[3]:
        assert make_samples(**given).mirrored.sum() == 1
        return
    with pytest.raises(InputError, match=r"for each mirrored copy|each well once"):
        make_samples(**given)
