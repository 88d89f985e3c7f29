"""The atlas as a source: values against a slow pipeline written from the papers,
mirrored copies, the cache, and what is said of bad input."""

from __future__ import annotations

import csv
import itertools
import json
import logging
import multiprocessing
import shutil
import time
import zipfile
from pathlib import Path

import fake_ahba
import numpy as np
import pandas as pd
import pytest
import references

from inr_jax.brain.shipped import package_file
from inr_jax.errors import InputError
from inr_jax.samples.ahba import cache, dropped_genes, folders, probes, wells
from inr_jax.samples.ahba.abagen import borrowed
from inr_jax.samples.ahba.options import AbagenOptions, checked, parse_donors
from inr_jax.samples.sources import ahba

DONORS = ("9861", "10021")
TWO = AbagenOptions(donors=DONORS)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return fake_ahba.write_atlas(tmp_path_factory.mktemp("ahba"), every=12, probes=60)


@pytest.fixture(autouse=True, scope="module")
def own_atlas_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("INR_JAX_CACHE", str(folder))
        yield folder


@pytest.fixture
def copy_of(data_dir, tmp_path):
    """A copy of the atlas, to damage."""
    return shutil.copytree(data_dir, tmp_path / "atlas")


def donor_file(data_dir, donor, kind):
    return fake_ahba.donor_folder(data_dir, donor) / folders.FILES[kind]


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.reader(file))


def slow_pipeline(data_dir):
    """Wells, genes and values of both donors, one number at a time.

    Arnatkeviciute et al. 2019: reannotate, keep probes above background in half of
    the samples, take the probe whose rank order of structures agrees best between
    the donors, robust sigmoids over genes and then over samples.
    """
    known = pd.read_csv(package_file("reannotated.csv.gz"))
    gene_of = dict(zip(known.probe_name, known.gene_symbol, strict=True))
    listed = rows_of(donor_file(data_dir, "9861", "probes"))[1:]
    gene = {row[0]: gene_of[row[1]] for row in listed if row[1] in gene_of}
    place = dict(zip(wells.wells().well.tolist(), wells.wells().x_mm, strict=True))
    donors, above, total = {}, dict.fromkeys(gene, 0), 0
    for donor in DONORS:
        side = {
            row[0]: row[4]
            for row in rows_of(donor_file(data_dir, donor, "ontology"))[1:]
        }
        header, *rows = rows_of(donor_file(data_dir, donor, "annotation"))
        structure = [row[header.index("structure_id")] for row in rows]
        well = [int(row[header.index("well_id")]) for row in rows]
        right = {"L": -1, "R": 1, "": 0}
        keep = [
            n
            for n, w in enumerate(well)
            if np.sign(place[w][0]) == right[side[structure[n]]]
        ]
        calls = {
            row[0]: row[1:] for row in rows_of(donor_file(data_dir, donor, "pacall"))
        }
        values = {
            row[0]: [float(row[n + 1]) for n in keep]
            for row in rows_of(donor_file(data_dir, donor, "microarray"))
        }
        for probe in gene:
            above[probe] += sum(calls[probe][n] == "1" for n in keep)
        total += len(keep)
        donors[donor] = values, [structure[n] for n in keep], [well[n] for n in keep]
    loud = [probe for probe in gene if above[probe] / total >= 0.5]
    stability = {probe: agreement(donors, probe) for probe in loud}
    chosen = {}
    for probe in loud:
        best = chosen.get(gene[probe])
        if best is None or stability[probe] > stability[best]:
            chosen[gene[probe]] = probe
    genes = sorted(chosen)
    blocks = []
    for values, _, _ in donors.values():
        block = np.array([values[chosen[name]] for name in genes]).T
        block = np.array([references.robust_sigmoid(row) for row in block])
        blocks.append(np.array([references.robust_sigmoid(c) for c in block.T]).T)
    return [w for _, _, some in donors.values() for w in some], genes, blocks, chosen


def agreement(donors, probe):
    """Spearman's correlation of the structures' means, over pairs of donors."""
    means = []
    for values, structure, _ in donors.values():
        of = {}
        for name, value in zip(structure, values[probe], strict=True):
            of.setdefault(name, []).append(value)
        means.append({name: np.mean(some) for name, some in of.items()})
    found = []
    for one, other in itertools.combinations(means, 2):
        both = sorted(set(one) & set(other))
        ranks = [
            np.argsort(np.argsort([m[name] for name in both])) for m in (one, other)
        ]
        found.append(np.corrcoef(*ranks)[0, 1])
    return np.mean(found)


def test_values_are_those_of_the_slow_pipeline(data_dir):
    source = ahba.load(data_dir, **TWO._asdict())
    well, genes, blocks, chosen = slow_pipeline(data_dir)
    samples = source.samples
    assert list(samples.genes) == genes and samples.well.tolist() == well
    np.testing.assert_allclose(samples.values, np.concatenate(blocks), atol=1e-6)
    fates = cache.open_atlas(data_dir, TWO).fates()
    used = fates[fates.fate == probes.USED]
    assert dict(zip(used.gene, used.probe_id.astype(str), strict=True)) == chosen
    assert source.coordinates == wells.COORDINATES
    place = dict(zip(wells.wells().well.tolist(), wells.wells().x_mm, strict=True))
    expected = np.array([place[w] for w in well])
    np.testing.assert_allclose(samples.x_mm, expected, rtol=1e-6)
    assert samples.donors == DONORS and not samples.mirrored.any()
    named = [samples.structures[row] for row in samples.structure]
    above = [samples.parents[row] for row in samples.parent]
    assert samples.parents == ("CbCx", "FL", "Str", "WM")
    for name, parent in zip(named, above, strict=True):
        assert name.startswith(parent)


@pytest.mark.parametrize(
    "options",
    [
        {"lr_mirror": "bidirectional"},
        {"lr_mirror": "leftright", "probe_selection": "max_variance"},
        {"reannotated": False, "probe_selection": "average", "gene_norm": "zscore"},
        {"sample_norm": "", "donor_probes": "common", "probe_selection": "pc_loading"},
    ],
)
def test_options_give_what_abagen_gives(data_dir, options):
    atlas = cache.open_atlas(data_dir, TWO._replace(**options))
    given = {name: value or None for name, value in options.items()}
    given["reannotated"] = options.get("reannotated", True)
    with borrowed(files=atlas.files) as abagen:
        values, x_mm = abagen.get_samples_in_mask(
            donors=DONORS, return_donors=True, **given
        )
    found = pd.DataFrame(atlas.values(atlas.genes), columns=atlas.genes)
    for donor in DONORS:
        rows = (atlas.samples.donor == donor).to_numpy()
        assert values[donor].index.tolist() == atlas.samples.well_id[rows].tolist()
        expected = values[donor][atlas.genes].to_numpy()
        np.testing.assert_allclose(found[rows].to_numpy(), expected, atol=1e-6)
        ours = atlas.samples[rows][["mni_x", "mni_y", "mni_z"]].to_numpy()
        # abagen has copies at their sources' places; ours are across.
        sign = np.where(atlas.samples.mirrored[rows], -1, 1)
        np.testing.assert_allclose(ours[:, 0] * sign, x_mm[donor].to_numpy()[:, 0])


def test_copies_lie_across_with_the_values_and_the_id_of_their_well(data_dir):
    options = TWO._replace(lr_mirror="bidirectional")
    samples = ahba.load(data_dir, **options._asdict()).samples
    own = samples.originals()
    row = {well: n for n, well in enumerate(own.well.tolist())}
    copies = samples.take(samples.mirrored)
    source = own.take(np.array([row[well] for well in copies.well.tolist()]))
    np.testing.assert_array_equal(copies.x_mm, source.x_mm * np.array([-1, 1, 1]))
    np.testing.assert_array_equal(copies.donor, source.donor)
    np.testing.assert_array_equal(copies.structure, source.structure)
    np.testing.assert_allclose(copies.values, source.values, atol=1e-6)
    assert ahba.load(data_dir, **options._asdict()).notes["n_wells"] == len(own.well)


def test_a_genes_values_do_not_depend_on_its_company(data_dir):
    everything = ahba.load(data_dir, **TWO._asdict()).samples
    for genes in (("MAPT", "APOE"), ("APOE",)):
        some = ahba.load(data_dir, genes=genes, **TWO._asdict()).samples
        assert some.genes == tuple(sorted(genes))
        for gene in genes:
            np.testing.assert_array_equal(
                some.values[:, some.genes.index(gene)],
                everything.values[:, everything.genes.index(gene)],
            )


def test_a_sample_alone_in_its_class_is_left_out_not_every_gene(data_dir):
    files = folders.locate(data_dir, DONORS)
    options = TWO._replace(norm_structures=True)
    atlas = cache.open_atlas(data_dir, options)
    assert len(atlas.genes) > 5
    for donor in DONORS:
        rows = atlas.samples[atlas.samples.donor == donor]
        assert rows.structure.value_counts().min() > 1
        assert len(rows) <= len(pd.read_csv(files[donor]["annotation"]))


def test_coordinates_are_a_named_choice(data_dir, tmp_path):
    released = ahba.load(data_dir, **TWO._replace(coordinates="released")._asdict())
    listed = pd.concat(
        pd.read_csv(donor_file(data_dir, donor, "annotation")) for donor in DONORS
    ).set_index("well_id")
    own = listed.loc[released.samples.well, ["mni_x", "mni_y", "mni_z"]]
    np.testing.assert_array_equal(released.samples.x_mm, own.to_numpy())
    assert "as released" in released.coordinates
    table = tmp_path / "mine.csv"
    known = wells.wells()
    frame = pd.DataFrame(known.x_mm + np.array([0, 1, 0]), columns=list("xyz"))
    frame.assign(well_id=known.well).to_csv(table, index=False)
    mine = ahba.load(data_dir, **TWO._replace(coordinates=str(table))._asdict())
    plain = ahba.load(data_dir, **TWO._asdict())
    np.testing.assert_allclose(
        mine.samples.x_mm, plain.samples.x_mm + np.float32([0, 1, 0]), atol=1e-4
    )
    assert "mine.csv" in mine.coordinates and "mine.csv" in mine.files
    frame.assign(well_id=known.well)[:9].to_csv(table, index=False)
    with pytest.raises(InputError, match=r"not in it .* take another"):
        ahba.load(data_dir, **TWO._replace(coordinates=str(table))._asdict())


def test_files_are_found_in_any_folder_and_in_zips(data_dir, tmp_path):
    flat = tmp_path / "flat"
    for donor, name in zip(DONORS, ("9861", "H0351.2002"), strict=True):
        shutil.copytree(fake_ahba.donor_folder(data_dir, donor), flat / name)
    found = folders.locate(flat, DONORS)
    assert {path.rpartition("/")[0] for path in found["10021"].values()} == {
        str(flat / "H0351.2002")
    }
    zips = tmp_path / "zips"
    zips.mkdir()
    for donor, name in zip(DONORS, ("178238387.zip", "any.zip"), strict=True):
        folder = fake_ahba.donor_folder(data_dir, donor)
        shutil.make_archive(str(zips / name[:-4]), "zip", folder)
    found = folders.locate(zips, DONORS)
    for donor in DONORS:
        for kind, path in found[donor].items():
            expected = donor_file(data_dir, donor, kind).read_bytes()
            assert Path(path).read_bytes() == expected
    assert not list(zips.glob(".unpacking*"))
    one = folders.locate(fake_ahba.donor_folder(data_dir, "9861"), ("9861",))
    assert set(one) == {"9861"}


def test_the_environment_says_where_the_atlas_is(data_dir, monkeypatch):
    monkeypatch.setenv("ABAGEN_DATA", str(data_dir))
    assert set(folders.locate("", DONORS)) == set(DONORS)
    # abagen would go on to look there when a path is mistyped.
    with pytest.raises(
        InputError, match=r"no such folder.*by hand .*178238373 \(donor 10021\)"
    ):
        folders.locate(data_dir / "mistyped", DONORS)


def test_a_second_look_is_quick_and_the_same(data_dir, monkeypatch):
    first = ahba.load(data_dir, genes=("APOE",), **TWO._asdict())
    monkeypatch.setattr(cache, "preprocess", None)
    monkeypatch.setattr(cache, "_sha256", None)
    start = time.perf_counter()
    again = ahba.load(data_dir, genes=("APOE",), **TWO._asdict())
    assert time.perf_counter() - start < 2
    np.testing.assert_array_equal(first.samples.values, again.samples.values)
    assert first.files == again.files and len(first.files) == 10


def test_changed_data_or_settings_are_another_entry(copy_of):
    one = cache.open_atlas(copy_of, TWO).path
    assert cache.open_atlas(copy_of, TWO._replace(missing="interpolate")).path == one
    assert cache.open_atlas(copy_of, TWO._replace(ibf_threshold=0.4)).path != one
    path = donor_file(copy_of, "9861", "microarray")
    path.write_text(path.read_text().replace(".1", ".2", 1))
    assert cache.open_atlas(copy_of, TWO).path != one


def test_a_cache_of_another_version_or_damaged_is_made_anew(
    copy_of, monkeypatch, caplog
):
    expected = ahba.load(copy_of, **TWO._asdict()).samples.values
    path = cache.open_atlas(copy_of, TWO).path
    monkeypatch.setattr(cache, "VERSION", 99)
    found = ahba.load(copy_of, **TWO._asdict()).samples.values
    assert "written by version 2 of the cache, this is 99" in caplog.text
    np.testing.assert_array_equal(found, expected)
    path.write_bytes(path.read_bytes()[:-100])
    np.testing.assert_array_equal(
        ahba.load(copy_of, **TWO._asdict()).samples.values, expected
    )
    assert "damaged, so it is made anew" in caplog.text


def fill(data_dir, queue):
    queue.put(ahba.load(data_dir, **TWO._asdict()).samples.values.sum(dtype=float))


def test_two_processes_that_fill_one_cache_both_end_right(
    data_dir, tmp_path, monkeypatch
):
    expected = ahba.load(data_dir, **TWO._asdict()).samples.values.sum(dtype=float)
    monkeypatch.setenv("INR_JAX_CACHE", str(tmp_path / "new"))
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    runs = [context.Process(target=fill, args=(data_dir, queue)) for _ in range(2)]
    for run in runs:
        run.start()
    sums = [queue.get(timeout=120) for _ in runs]
    for run in runs:
        run.join()
    assert sums == [expected] * 2
    assert not list((tmp_path / "new").glob(".*"))


@pytest.mark.parametrize(
    ("kind", "damage", "message"),
    [
        ("pacall", None, "found no PACall.csv"),
        ("annotation", lambda text: "", "SampleAnnot.csv empty"),
        (
            "microarray",
            lambda text: text[: len(text) // 2],
            "79 numbers in each row",
        ),
        ("microarray", lambda text: text[: text[:-9].rindex("\n") + 1], "cut short"),
        ("microarray", lambda text: "7" + text, "probes of Probes.csv, found"),
        (
            "microarray",
            lambda text: text.replace(",5.", ",x.", 1),
            "numbers in each row",
        ),
        ("pacall", lambda text: text.replace(",1\n", ",\n", 1), "no blank cell"),
        ("probes", lambda text: text[:2000], "probes of"),
        ("probes", lambda text: text.replace("probe_name", "name", 1), "no probe_name"),
        ("ontology", lambda text: text[:400], "structures that Ontology.csv has"),
    ],
)
def test_a_damaged_file_is_told_in_one_line(copy_of, kind, damage, message):
    path = donor_file(copy_of, "9861", kind)
    if damage is None:
        path.unlink()
    else:
        path.write_text(damage(path.read_text()))
    with pytest.raises(InputError, match=message) as caught:
        ahba.load(copy_of, **TWO._asdict())
    assert "\n" not in str(caught.value) and "inr-jax fetch" in str(caught.value)


def test_a_zip_cut_short_is_told_with_its_size_and_leaves_nothing(data_dir, tmp_path):
    for donor in DONORS:
        folder = fake_ahba.donor_folder(data_dir, donor)
        shutil.make_archive(str(tmp_path / f"donor{donor}"), "zip", folder)
    path = tmp_path / "donor9861.zip"
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError, match=f"{path.stat().st_size} bytes, cut short"):
        folders.locate(tmp_path, DONORS)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Probes.csv", "")
    with pytest.raises(InputError, match=r"found no MicroarrayExpression\.csv"):
        folders.locate(tmp_path, DONORS)
    assert not [item for item in tmp_path.iterdir() if item.name.endswith("9861")]


def test_wells_outside_the_coordinate_table_are_refused(copy_of):
    path = donor_file(copy_of, "9861", "annotation")
    frame = pd.read_csv(path)
    frame.loc[5, "well_id"] = 77
    frame.to_csv(path, index=False)
    with pytest.raises(InputError, match=r"found 1 of 79 not in it \(77\)"):
        ahba.load(copy_of, **TWO._asdict())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ibf_threshold": 1.5}, "a share, 0 to 1, found 1.5"),
        ({"ibf_threshold": -0.1}, "a share, 0 to 1"),
        ({"probe_selection": "rnaseq"}, "config.ahba.probe_selection"),
        ({"lr_mirror": "bidrectional"}, "did you mean 'bidirectional'"),
        ({"donors": ("9861",)}, "two donors or more for probe_selection"),
        ({"sim_threshold": -1.0}, "0 keeps all"),
        ({"missing": "interpolate", "region_agg": "samples"}, "region_agg donors"),
    ],
)
def test_options_that_abagen_cannot_use_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        checked(TWO._replace(**options))


def test_unknown_donors_are_refused_and_both_kinds_of_id_are_known():
    assert parse_donors("H0351.2002, 9861") == DONORS
    assert parse_donors("all") == parse_donors("") and len(parse_donors("all")) == 6
    with pytest.raises(InputError, match=r"found '986'; did you mean '9861'"):
        parse_donors("986")


def test_a_filter_that_leaves_nothing_says_so(copy_of):
    for donor in DONORS:
        path = donor_file(copy_of, donor, "pacall")
        path.write_text(path.read_text().replace(",1", ",0"))
    with pytest.raises(InputError, match=r"found 0\.5, the best of .* reaches 0\.000"):
        ahba.load(copy_of, **TWO._asdict())


def test_a_gene_that_is_not_there_is_told_with_the_reason(data_dir):
    fates = cache.open_atlas(data_dir, TWO).fates()
    lost = dropped_genes.dropped_genes(fates)
    quiet = lost[lost.fate == probes.BACKGROUND].gene.iloc[0]
    with pytest.raises(InputError, match=rf"{quiet}: below ibf_threshold, at best 0\."):
        ahba.load(data_dir, genes=("APOE", quiet), **TWO._asdict())
    with pytest.raises(InputError, match="MAPTT: unknown, did you mean MAPT"):
        ahba.load(data_dir, genes=("MAPTT",), **TWO._asdict())
    source = ahba.load(
        data_dir, genes=("APOE", quiet), **TWO._asdict(), skip_absent=True
    )
    assert source.samples.genes == ("APOE",)
    assert list(source.notes["genes_absent"]) == [quiet]
    assert quiet in source.notes["warnings"][0]
    with pytest.raises(InputError):
        ahba.load(data_dir, genes=(quiet,), **TWO._asdict(), skip_absent=True)


def test_the_setting_that_is_said_to_keep_a_gene_does(data_dir):
    fates = cache.open_atlas(data_dir, TWO).fates()
    lost = dropped_genes.dropped_genes(fates)
    gene = lost[lost.fate == probes.BACKGROUND].gene.iloc[-1]
    lines = "\n".join(dropped_genes.explain(fates, gene, TWO))
    assert f"{gene}: not in the data" in lines and "below ibf_threshold" in lines
    threshold = float(lines.split("ibf_threshold=")[1].split()[0])
    source = ahba.load(
        data_dir, genes=(gene,), **TWO._replace(ibf_threshold=threshold)._asdict()
    )
    assert source.samples.genes == (gene,)
    assert "in the data" in dropped_genes.explain(fates, "APOE", TWO)[0]
    assert "near names: MAPT" in dropped_genes.explain(fates, "MAPPT", TWO)[0]


def test_renamed_genes_are_found_by_either_name():
    fates = pd.DataFrame(
        [
            (1, "P1", "NEW", "OLD", 5, 0.9, probes.USED),
            (2, "P2", "NEW", "NEW", 5, 0.2, probes.BACKGROUND),
            (3, "P3", "A_3_P", "A_3_P", None, 0.9, probes.NOT_ANNOTATED),
            (4, "P4", "ORF", "ORF", 7, 0.9, probes.NOT_ANNOTATED),
        ],
        columns=list(probes.COLUMNS),
    )
    assert "now of NEW" in dropped_genes.explain(fates, "OLD", TWO)[0]
    assert "in the data, by 1 of 2" in dropped_genes.explain(fates, "OLD", TWO)[1]
    assert dropped_genes.explain(fates, "NEW", TWO)[-1] == "  also known as OLD"
    assert "no known gene" in dropped_genes.explain(fates, "A_3_P", TWO)[-1]
    assert "reannotated=False" in dropped_genes.explain(fates, "ORF", TWO)[-1]
    assert dropped_genes.dropped_genes(fates).gene.tolist() == ["A_3_P", "ORF"]


def test_notes_hold_counts_and_settings_fit_for_json(data_dir):
    notes = ahba.load(data_dir, genes=("APOE",), **TWO._asdict()).notes
    assert json.loads(json.dumps(notes))["options"]["ibf_threshold"] == 0.5
    filters = notes["filters"]
    order = ["probes", "probes_with_a_gene", "probes_above_background", "genes"]
    assert sorted((filters[name] for name in order), reverse=True) == [
        filters[name] for name in order
    ]
    assert notes["n_genes"] == 1 and filters["genes"] > 5


def test_loading_says_little(data_dir, caplog, monkeypatch, tmp_path):
    monkeypatch.setenv("INR_JAX_CACHE", str(tmp_path))
    caplog.set_level(logging.INFO)
    ahba.load(data_dir, **TWO._asdict())
    (record,) = caplog.records
    assert str(tmp_path) in record.getMessage()
    ahba.load(data_dir, **TWO._asdict())
    assert len(caplog.records) == 1
