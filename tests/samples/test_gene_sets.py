"""Gene sets are read by symbol or Entrez id, and what is left out is counted."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from inr_jax.errors import InputError
from inr_jax.samples.gene_sets import entrez_of_export, read_gene_sets

GENES = tuple(f"GENE{k}" for k in range(12))


def gmt(tmp_path, *sets):
    path = tmp_path / "sets.gmt"
    path.write_text("".join("\t".join(line) + "\n" for line in sets))
    return path


def test_a_set_is_the_mean_of_its_genes_in_the_model(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    path = gmt(
        tmp_path,
        ("first", "about it", "gene0", "GENE3", "GENE3", "ELSE", "GENE5"),
        ("alone", "", "GENE1"),
    )
    sets = read_gene_sets(path, GENES, {}, least=3)
    assert sets.names == ("first",) and sets.descriptions == ("about it",)
    assert (sets.listed, sets.found) == (4, 3)
    expected = np.isin(np.arange(12), [0, 3, 5]) / 3
    np.testing.assert_allclose(sets.mean.toarray()[0], expected)
    assert "1 genes that the model does not have, as ELSE" in caplog.text
    assert "1 of 2 sets have 3 to 500 genes" in caplog.text


def test_genes_are_known_by_their_entrez_ids_too(tmp_path):
    path = gmt(tmp_path, ("s", "", "101", "102", "103", "GENE1"))
    entrez = {"GENE4": "101", "GENE5": "102", "GENE6": "103"}
    sets = read_gene_sets(path, GENES, entrez, least=4)
    assert sets.mean.toarray()[0].nonzero()[0].tolist() == [1, 4, 5, 6]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([("no tabs here",)], "line 1 without a tab"),
        ([("s", "", "101", "102")], "take a GMT of symbols"),
        ([("s", "", "GENE1")], "1 sets, none of which has"),
        ([], "found no line"),
    ],
)
def test_what_gives_no_set_is_told_in_one_line(tmp_path, lines, words):
    with pytest.raises(InputError, match=words):
        read_gene_sets(gmt(tmp_path, *lines), GENES, {})


def test_an_export_tells_entrez_ids(cyp):
    ids = entrez_of_export(cyp)
    assert ids["CYP11A1"] == "1583" and all(map(str.isdigit, ids.values()))
