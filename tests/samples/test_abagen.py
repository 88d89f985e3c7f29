"""abagen, mended: each of its faults, against values worked out without it."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import warnings

import fake_ahba
import numpy as np
import pandas as pd
import pytest
import references

from inr_jax.brain.shipped import package_file
from inr_jax.samples.ahba import folders
from inr_jax.samples.ahba.abagen import borrowed

DONORS = ("9861", "10021")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return fake_ahba.write_atlas(tmp_path_factory.mktemp("ahba"), every=25)


@pytest.fixture(scope="module")
def files(data_dir):
    return folders.locate(data_dir, DONORS)


@pytest.fixture
def dk(coarse_regions):
    return coarse_regions


def test_abagen_imports_without_setuptools_and_leaves_no_trace():
    code = (
        "import logging, sys\n"
        "sys.modules['pkg_resources'] = None\n"  # as if not installed
        "from inr_jax.samples.ahba.abagen import borrowed\n"
        "assert 'abagen' not in sys.modules\n"
        "with borrowed() as abagen: assert abagen.__version__ == '0.1.3'\n"
        "assert sys.modules['pkg_resources'] is None\n"
        "assert not logging.getLogger().handlers\n"
        "assert logging.getLogger().level == logging.WARNING\n"
        "assert not logging.getLogger('abagen').handlers\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=120)


def state(abagen):
    """What a call swaps, as it is now."""
    frame = pd.DataFrame
    return (
        {name: vars(frame).get(name) for name in ("append", "set_axis", "groupby")},
        abagen.matching.AtlasTree._assign_sample,
        abagen.allen._interpolate_missing,
        abagen.probes_.reannotate_probes,
        abagen.utils.AGG_FUNCS,
        abagen.datasets.fetch_microarray,
        vars(np).get("row_stack"),
        list(warnings.filters),
    )


def test_patches_end_with_the_block_even_when_it_fails(files):
    with borrowed() as abagen:
        pass
    before = state(abagen)
    with pytest.raises(KeyError), borrowed(files=files) as abagen:
        assert hasattr(pd.DataFrame, "append")
        with borrowed():
            pass
        assert hasattr(pd.DataFrame, "append")
        raise KeyError
    assert state(abagen) == before
    assert not hasattr(pd.DataFrame, "append")


def test_threads_take_turns_and_others_keep_their_pandas():
    frame = pd.DataFrame({"a": [1, 1, 2], "b": [1.0, 2.0, 4.0]})
    inside, failures = [], []
    stop = threading.Event()

    def lend():
        for _ in range(20):
            with borrowed():
                inside.append(1)
                if len(inside) > 1 or not hasattr(pd.DataFrame, "append"):
                    failures.append("two at once")
                inside.pop()

    def use():
        while not stop.is_set():
            means = frame.groupby("a").mean().set_axis(["m"], axis=1)
            if means.m.tolist() != [1.5, 4.0]:
                failures.append(means)

    user = threading.Thread(target=use)
    lenders = [threading.Thread(target=lend) for _ in range(3)]
    for thread in (user, *lenders):
        thread.start()
    for thread in lenders:
        thread.join()
    stop.set()
    user.join()
    assert not failures and not hasattr(pd.DataFrame, "append")


def test_its_words_go_through_our_log_and_its_warnings_nowhere(files, dk, caplog):
    caplog.set_level(logging.DEBUG, "inr_jax")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with borrowed(files=files) as abagen:
            logging.getLogger("abagen").warning("of %s", "note")
            abagen.probes_.filter_probes(
                {d: f["pacall"] for d, f in files.items()},
                {d: f["annotation"] for d, f in files.items()},
                files["9861"]["probes"],
            )
            warnings.warn("old", FutureWarning, stacklevel=1)
    names = {record.name for record in caplog.records}
    assert names == {"inr_jax.abagen"}
    assert "abagen: of note" in caplog.text and "survive" in caplog.text
    levels = {r.levelno for r in caplog.records if "survive" in r.getMessage()}
    assert levels == {logging.DEBUG}


def test_probes_that_the_file_lacks_do_not_disturb_the_reannotation(files):
    with borrowed() as abagen:
        probes = abagen.probes_.reannotate_probes(files["9861"]["probes"])
    known = pd.read_csv(package_file("reannotated.csv.gz")).set_index("probe_name")
    listed = pd.read_csv(files["9861"]["probes"]).set_index("probe_id")
    assert probes.index.dtype == int and set(probes.index) <= set(listed.index)
    expected = listed[listed.probe_name.isin(known.index)].probe_name
    assert sorted(probes.index) == sorted(expected.index)
    symbols = known.gene_symbol[expected[probes.index]].tolist()
    assert probes.gene_symbol.tolist() == symbols


def raw_samples(files, donor):
    """Expression `(P, S)` and annotation of the samples on their own side."""
    with borrowed() as abagen:
        rows = abagen.samples_.update_coords(files[donor]["annotation"])
        return abagen.samples_.drop_mismatch_samples(rows, files[donor]["ontology"])


@pytest.mark.slow
def test_every_call_that_we_use_runs_on_this_pandas_and_numpy(files, dk):
    with borrowed(files=files) as abagen:
        regions, counts, report = abagen.get_expression_data(
            *dk, donors=DONORS, return_counts=True, return_report=True
        )
        samples, x_mm = abagen.get_samples_in_mask(donors=DONORS)
    assert regions.shape[0] == 83 and regions.index.name == "label"
    assert {kind.kind for kind in regions.dtypes} == {"f"} and list(counts) == [
        "9861",
        "10021",
    ]
    n = sum(len(raw_samples(files, donor)) for donor in DONORS)
    assert len(samples) == len(x_mm) == n
    assert "Allen Human Brain Atlas" in report


def test_a_region_is_the_mean_over_donors_of_the_means_of_its_samples(files, dk):
    options = {"donors": DONORS, "sample_norm": None, "gene_norm": None}
    with borrowed(files=files) as abagen:
        table = abagen.get_expression_data(*dk, **options, probe_selection="average")
        by_donor = []
        for donor in DONORS:
            rows = raw_samples(files, donor)
            atlas = abagen.check_atlas(*dk)
            labels = atlas.label_samples(rows).label.to_numpy()
            by_donor.append((rows, labels))
    gene = table.columns[0]
    with borrowed(files=files) as abagen:
        kept = abagen.probes_.filter_probes(
            {d: files[d]["pacall"] for d in DONORS},
            {d: rows for d, (rows, _) in zip(DONORS, by_donor, strict=True)},
            abagen.probes_.reannotate_probes(files["9861"]["probes"]),
        )
    ids = kept.index[kept.gene_symbol == gene]
    means = {}
    for donor, (rows, labels) in zip(DONORS, by_donor, strict=True):
        path = files[donor]["microarray"]
        raw = np.loadtxt(path, delimiter=",")
        values = raw[np.isin(raw[:, 0], ids), 1:].mean(0)[rows.index.to_numpy() - 1]
        for label in set(labels) - {0}:
            means.setdefault(label, []).append(values[labels == label].mean())
    for label, row in table[gene].items():
        expected = np.mean(means[label]) if label in means else np.nan
        np.testing.assert_allclose(row, expected, rtol=1e-9)


def test_a_norm_of_a_gene_is_a_robust_sigmoid_then_its_range(rng):
    values = rng.normal(size=(30, 4))
    with borrowed() as abagen:
        found = abagen.normalize_expression(pd.DataFrame(values), norm="srs")
    for column in range(4):
        expected = references.robust_sigmoid(values[:, column])
        np.testing.assert_allclose(found[column], expected, rtol=1e-12)


def slow_interpolation(dk, label, rows, values):
    """sum_v w_v y_v / sum_v w_v, voxel by voxel, over the region's voxels."""
    with borrowed() as abagen:
        atlas = abagen.check_atlas(*dk)
        nearest, distance = atlas.fill_label(rows, label, return_dist=True)
    total = weight = 0
    for sample, d in zip(nearest, distance, strict=True):
        # A sample on a voxel counts as one 1 mm away (abagen.allen._get_weights).
        w = 1 if d == 0 else 0 if np.isinf(d) else 1 / d
        total, weight = total + w * values[sample], weight + w
    return total / weight


@pytest.mark.slow
def test_missing_regions_are_filled_from_the_nearest_samples(files, dk):
    options = {"donors": DONORS, "probe_selection": "average", "norm_matched": False}
    options |= {"sample_norm": None, "gene_norm": None, "return_donors": True}
    with borrowed(files=files) as abagen:
        plain = abagen.get_expression_data(*dk, **options)
        filled = abagen.get_expression_data(*dk, **options, missing="interpolate")
        values, _ = abagen.get_samples_in_mask(**options)
    rows = raw_samples(files, "9861")
    gene = plain["9861"].columns[0]
    of_sample = dict(zip(rows.index, values["9861"][gene], strict=True))
    gaps = plain["9861"].index[plain["9861"][gene].isna()]
    done = 0
    for label in gaps[:4]:
        if np.isnan(filled["9861"].loc[label, gene]):
            continue
        expected = slow_interpolation(dk, label, rows, of_sample)
        np.testing.assert_allclose(filled["9861"].loc[label, gene], expected, rtol=1e-9)
        done += 1
    assert done >= 2
    whole = plain["9861"][gene].dropna().index
    np.testing.assert_array_equal(
        filled["9861"].loc[whole, gene], plain["9861"].loc[whole, gene]
    )


def test_interpolation_survives_a_donor_that_lacks_no_region(files, tmp_path):
    """Two halves of a brain: "No objects to concatenate" in abagen as shipped."""
    import nibabel as nib

    data = np.ones((40, 48, 40), np.int32)
    data[20:] = 2
    affine = np.diag([5.0, 5, 5, 1])
    affine[:3, 3] = [-100, -130, -80]
    atlas = str(tmp_path / "halves.nii.gz")
    nib.save(nib.Nifti1Image(data, affine), atlas)
    with borrowed(files=files) as abagen:
        plain = abagen.get_expression_data(atlas, donors=DONORS)
        filled = abagen.get_expression_data(atlas, donors=DONORS, missing="interpolate")
    np.testing.assert_array_equal(plain.to_numpy(), filled.to_numpy())


@pytest.mark.slow
def test_abagen_itself_returns_mirrored_samples_where_their_sources_are(files):
    """The fault that `atlas.interpolate` names; ours put them on the other side."""
    with borrowed(files=files) as abagen:
        values, x_mm = abagen.get_samples_in_mask(
            donors=DONORS, lr_mirror="bidirectional", return_donors=True
        )
    places = x_mm["9861"].to_numpy()
    half = len(places) // 2
    assert values["9861"].index.tolist()[:half] != [] and len(places) == 2 * half
    assert len(np.unique(places, axis=0)) == half


def test_files_are_the_ones_given_and_nothing_is_fetched(files, monkeypatch):
    monkeypatch.setattr("urllib.request.urlopen", None)
    with borrowed(files={"9861": files["9861"]}) as abagen:
        assert abagen.datasets.fetch_microarray(data_dir="/nowhere", donors="all") == {
            "9861": files["9861"]
        }
