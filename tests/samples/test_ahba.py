"""The atlas as a source: values against a slow pipeline written from the papers,
mirrored copies and coordinates."""

from __future__ import annotations

import csv
import itertools
import json

import numpy as np
import pandas as pd
import pytest
import references
from fake_ahba import BOTH_SIDES as DONORS
from fake_ahba import TWO, donor_file

from inr_jax.brain.shipped import package_file
from inr_jax.errors import InputError
from inr_jax.samples.ahba import cache, folders, probes, wells
from inr_jax.samples.ahba.abagen import borrowed
from inr_jax.samples.sources import ahba


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.reader(file))


def slow_pipeline(ahba_dir):
    """Wells, genes and values of both donors, one number at a time.

    Arnatkeviciute et al. 2019: reannotate, keep probes above background in half of
    the samples, take the probe whose rank order of structures agrees best between
    the donors, robust sigmoids over genes and then over samples.
    """
    known = pd.read_csv(package_file("reannotated.csv.gz"))
    gene_of = dict(zip(known.probe_name, known.gene_symbol, strict=True))
    listed = rows_of(donor_file(ahba_dir, "9861", "probes"))[1:]
    gene = {row[0]: gene_of[row[1]] for row in listed if row[1] in gene_of}
    place = dict(zip(wells.wells().well.tolist(), wells.wells().x_mm, strict=True))
    donors, above, total = {}, dict.fromkeys(gene, 0), 0
    for donor in DONORS:
        side = {
            row[0]: row[4]
            for row in rows_of(donor_file(ahba_dir, donor, "ontology"))[1:]
        }
        header, *rows = rows_of(donor_file(ahba_dir, donor, "annotation"))
        structure = [row[header.index("structure_id")] for row in rows]
        well = [int(row[header.index("well_id")]) for row in rows]
        right = {"L": -1, "R": 1, "": 0}
        keep = [
            n
            for n, w in enumerate(well)
            if np.sign(place[w][0]) == right[side[structure[n]]]
        ]
        calls = {
            row[0]: row[1:] for row in rows_of(donor_file(ahba_dir, donor, "pacall"))
        }
        values = {
            row[0]: [float(row[n + 1]) for n in keep]
            for row in rows_of(donor_file(ahba_dir, donor, "microarray"))
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


def test_values_are_those_of_the_slow_pipeline(ahba_dir):
    source = ahba.load(ahba_dir, **TWO._asdict())
    well, genes, blocks, chosen = slow_pipeline(ahba_dir)
    samples = source.samples
    assert list(samples.genes) == genes and samples.well.tolist() == well
    np.testing.assert_allclose(samples.values, np.concatenate(blocks), atol=1e-6)
    fates = cache.open_atlas(ahba_dir, TWO).fates()
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


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {"lr_mirror": "bidirectional"},
        {"lr_mirror": "leftright", "probe_selection": "max_variance"},
        {"reannotated": False, "probe_selection": "average", "gene_norm": "zscore"},
        {"sample_norm": "", "donor_probes": "common", "probe_selection": "pc_loading"},
    ],
)
def test_options_give_what_abagen_gives(ahba_dir, options):
    atlas = cache.open_atlas(ahba_dir, TWO._replace(**options))
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


def test_copies_lie_across_with_the_values_and_the_id_of_their_well(ahba_dir):
    options = TWO._replace(lr_mirror="bidirectional")
    samples = ahba.load(ahba_dir, **options._asdict()).samples
    own = samples.originals()
    row = {well: n for n, well in enumerate(own.well.tolist())}
    copies = samples.take(samples.mirrored)
    source = own.take(np.array([row[well] for well in copies.well.tolist()]))
    np.testing.assert_array_equal(copies.x_mm, source.x_mm * np.array([-1, 1, 1]))
    np.testing.assert_array_equal(copies.donor, source.donor)
    np.testing.assert_array_equal(copies.structure, source.structure)
    np.testing.assert_allclose(copies.values, source.values, atol=1e-6)
    assert ahba.load(ahba_dir, **options._asdict()).notes["n_wells"] == len(own.well)


def test_a_genes_values_do_not_depend_on_its_company(ahba_dir):
    everything = ahba.load(ahba_dir, **TWO._asdict()).samples
    for genes in (("MAPT", "APOE"), ("APOE",)):
        some = ahba.load(ahba_dir, genes=genes, **TWO._asdict()).samples
        assert some.genes == tuple(sorted(genes))
        for gene in genes:
            np.testing.assert_array_equal(
                some.values[:, some.genes.index(gene)],
                everything.values[:, everything.genes.index(gene)],
            )


def test_a_sample_alone_in_its_class_is_left_out_not_every_gene(ahba_dir):
    files = folders.locate(ahba_dir, DONORS)
    options = TWO._replace(norm_structures=True)
    atlas = cache.open_atlas(ahba_dir, options)
    assert len(atlas.genes) > 5
    for donor in DONORS:
        rows = atlas.samples[atlas.samples.donor == donor]
        assert rows.structure.value_counts().min() > 1
        assert len(rows) <= len(pd.read_csv(files[donor]["annotation"]))


def test_coordinates_are_a_named_choice(ahba_dir, tmp_path):
    released = ahba.load(ahba_dir, **TWO._replace(coordinates="released")._asdict())
    listed = pd.concat(
        pd.read_csv(donor_file(ahba_dir, donor, "annotation")) for donor in DONORS
    ).set_index("well_id")
    own = listed.loc[released.samples.well, ["mni_x", "mni_y", "mni_z"]]
    np.testing.assert_array_equal(released.samples.x_mm, own.to_numpy())
    assert "as released" in released.coordinates
    table = tmp_path / "mine.csv"
    known = wells.wells()
    frame = pd.DataFrame(known.x_mm + np.array([0, 1, 0]), columns=list("xyz"))
    frame.assign(well_id=known.well).to_csv(table, index=False)
    mine = ahba.load(ahba_dir, **TWO._replace(coordinates=str(table))._asdict())
    plain = ahba.load(ahba_dir, **TWO._asdict())
    np.testing.assert_allclose(
        mine.samples.x_mm, plain.samples.x_mm + np.float32([0, 1, 0]), atol=1e-4
    )
    assert "mine.csv" in mine.coordinates and "mine.csv" in mine.files
    frame.assign(well_id=known.well)[:9].to_csv(table, index=False)
    with pytest.raises(InputError, match=r"not in it .* take another"):
        ahba.load(ahba_dir, **TWO._replace(coordinates=str(table))._asdict())


def test_notes_hold_counts_and_settings_fit_for_json(ahba_dir):
    notes = ahba.load(ahba_dir, genes=("APOE",), **TWO._asdict()).notes
    assert json.loads(json.dumps(notes))["options"]["ibf_threshold"] == 0.5
    filters = notes["filters"]
    order = ["probes", "probes_with_a_gene", "probes_above_background", "genes"]
    assert sorted((filters[name] for name in order), reverse=True) == [
        filters[name] for name in order
    ]
    assert notes["n_genes"] == 1 and filters["genes"] > 5
