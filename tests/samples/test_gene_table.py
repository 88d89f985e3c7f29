"""A user's table of genes: every form gives the same rows, and bad ones one line."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from given import input_error

from inr_jax.samples.gene_table import read_gene_table

GENES = ("APOE", "MAPT", "CLU")
ROWS = np.array([[1.0, 2.5], [3.0, -4.0], [0.5, 6.0]])


def written(folder, form):
    frame = pd.DataFrame(ROWS, columns=["a", "b"])
    frame.insert(0, "gene", GENES)
    path = folder / f"table.{form}"
    if form == "csv":
        frame.to_csv(path, index=False)
    elif form == "tsv":
        frame.to_csv(path, index=False, sep="\t")
    elif form == "parquet":
        frame.to_parquet(path, index=False)
    elif form == "npz":
        np.savez(path, genes=np.array(GENES), vectors=ROWS)
    else:
        path = folder / "matrix.csv"
        np.savetxt(path, ROWS, delimiter=",")
        (folder / "matrix.txt").write_text("\n".join(GENES))
    return path


@pytest.mark.parametrize("form", ["csv", "tsv", "parquet", "npz", "matrix"])
def test_rows_are_those_of_the_genes_in_their_order(tmp_path, form):
    rows = read_gene_table(written(tmp_path, form)).rows(("CLU", "APOE"))
    np.testing.assert_array_equal(rows, ROWS[[2, 0]])


def test_entrez_ids_are_found_by_symbol(tmp_path):
    path = tmp_path / "entrez.csv"
    path.write_text("id,a,b\n348,1,2\n4137,3,4\n")  # APOE, MAPT
    rows = read_gene_table(path).rows(("MAPT", "APOE"))
    np.testing.assert_array_equal(rows, [[3, 4], [1, 2]])


BAD = {
    "twice": ("gene,a,b\nAPOE,1,2\nAPOE,3,4\n", "1 there twice (APOE)"),
    "nan": ("gene,a,b\nAPOE,1,nan\nMAPT,3,4\n", "1 rows with others, first APOE"),
    "text": ("gene,a,b\nAPOE,1,x\n", "numbers in all columns but the first"),
    "one": ("gene,a\nAPOE,1\nMAPT,2\n", "two columns of numbers or more"),
    "missing": ("gene,a,b\nAPOE,1,2\nCLU,3,4\n", "1 of 2 missing (MAPT)"),
    "ids": ("gene,a,b\nENSG1,1,2\nENSG2,3,4\n", "none of them; its ids are as ENSG1"),
    "constant": ("gene,a,b\nAPOE,1,2\nMAPT,1,2\n", "the same numbers for all"),
}


@pytest.mark.parametrize(("text", "why"), BAD.values(), ids=BAD)
def test_a_bad_table_is_told_in_one_line(tmp_path, text, why):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    error = input_error(lambda: read_gene_table(path).rows(("APOE", "MAPT")))
    assert why in str(error) and "bad.csv" in str(error)


def test_a_pickle_is_refused_unread(tmp_path):
    path = tmp_path / "genept.pickle"
    path.write_bytes(pickle.dumps({"APOE": [1.0]}))
    assert "a pickle, which would run code" in str(input_error(read_gene_table, path))
    hidden = tmp_path / "objects.npz"
    np.savez(hidden, genes=np.array(["A", {}], object), vectors=ROWS[:2])
    assert "an NPZ of" in str(input_error(read_gene_table, hidden))
