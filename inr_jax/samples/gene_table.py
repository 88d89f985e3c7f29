"""Tables of numbers of genes from anywhere: a row a gene, a column a number.

CSV, TSV or Parquet with a column of ids first, NPZ with arrays `genes` and `vectors`,
or a headerless matrix (CSV) beside a list of ids (the same name, .txt, an id a line).
Ids are symbols, or Entrez ids throughout. Pickles are refused: they would run code.

Axis letters: T genes of the table, M columns.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np

from inr_jax.brain.shipped import package_file
from inr_jax.errors import InputError, first_line, shortlist
from inr_jax.files.stored import contents
from inr_jax.samples.checks import repeated
from inr_jax.samples.sources.frame import read_frame

EXPECTED = "a table of genes: ids, then numbers (.csv, .tsv, .parquet, .npz)"
MOST_BYTES = 2 << 30  # of an archive; 33,837 genes x 3,072 numbers are .8 GiB
PICKLES = (".pkl", ".pickle", ".p", ".joblib", ".pt", ".pth")


class GeneTable(NamedTuple):
    """Numbers of genes.

    Attributes:
        path: The file, to name in an error.
        ids: T symbols or Entrez ids.
        vectors: `(T, M)` float64, finite.
    """

    path: Path
    ids: tuple[str, ...]
    vectors: np.ndarray

    def vectors_of(self, genes: tuple[str, ...]) -> np.ndarray:
        """The rows `(G, M)` of genes by symbol.

        Raises:
            InputError: A gene is not in the table; names those.
        """
        row = {name: number for number, name in enumerate(self.ids)}
        names = dict(zip(genes, genes, strict=True))
        if all(name.isdigit() for name in self.ids):
            names = entrez_of(genes)
        absent = [gene for gene in genes if names[gene] not in row]
        if absent:
            found = f"{len(absent)} of {len(genes)} missing ({shortlist(absent)})"
            if len(absent) == len(genes):
                found = f"none of them; its ids are as {shortlist(self.ids, 3)}"
            fix = "add them, or leave them out with --config.source.genes"
            _fail(self.path, "a row for each gene, by symbol or Entrez id", found, fix)
        return self.vectors[[row[names[gene]] for gene in genes]]

    def rows(self, genes: tuple[str, ...]) -> np.ndarray:
        """The same, where they tell genes apart.

        Raises:
            InputError: A gene is missing, or all genes have the same numbers.
        """
        rows = self.vectors_of(genes)
        constant = not np.ptp(rows, axis=0).any()
        if constant and len(genes) > 1:
            found = "the same numbers for all of these genes"
            _fail(self.path, "columns that tell genes apart", found, "take another")
        return rows


def read_gene_table(path: Path) -> GeneTable:
    """Read a table of genes.

    Raises:
        InputError: It is missing, of another kind or a pickle; an id is there twice, or
            a number is none.
    """
    suffix = path.suffix.lower()
    if suffix in PICKLES:
        fix = "write its rows as CSV, Parquet or NPZ"
        _fail(path, EXPECTED, "a pickle, which would run code", fix)
    ids, vectors = (_npz if suffix == ".npz" else _columns)(path)
    if vectors.ndim != 2 or len(ids) != len(vectors):
        found = f"{len(ids)} ids and numbers of shape {vectors.shape}"
        _fail(path, EXPECTED, found, "give one row a gene")
    if vectors.shape[1] < 2:
        _fail(path, "two columns of numbers or more", "one", "take another table")
    twice = repeated(ids)
    if twice:
        found = f"{len(twice)} there twice ({shortlist(twice)})"
        _fail(path, "each gene once", found, "keep one row of each")
    bad = ~np.isfinite(vectors).all(1)
    if bad.any():
        found = f"{bad.sum()} rows with others, first {ids[int(bad.argmax())]}"
        _fail(path, "finite numbers", found, "fill or drop these rows")
    return GeneTable(path, tuple(ids), vectors)


def _npz(path: Path) -> tuple[list[str], np.ndarray]:
    data = io.BytesIO(contents(path))
    try:
        with zipfile.ZipFile(data) as archive:
            if sum(member.file_size for member in archive.infolist()) > MOST_BYTES:
                raise ValueError(f"more than {MOST_BYTES >> 30} GiB when unpacked")
        with np.load(data, allow_pickle=False) as arrays:
            genes, vectors = arrays["genes"], arrays["vectors"]
        return list(map(str, genes)), np.asarray(vectors, np.float64)
    except Exception as error:  # a damaged archive fails in many ways
        fix = "write it by numpy.savez(FILE, genes=..., vectors=...), plain arrays"
        _fail(path, "an NPZ of `genes` and `vectors`", first_line(error), fix)


def _columns(path: Path) -> tuple[list[str], np.ndarray]:
    beside = path.with_suffix(".txt")
    if path.suffix.lower() == ".csv" and beside.exists():
        ids = contents(beside).decode(errors="replace").split()
        try:
            text = io.BytesIO(contents(path))
            return ids, np.loadtxt(text, delimiter=",", ndmin=2)
        except ValueError as error:
            fix = f"remove {beside.name} where the table has ids and a header"
            _fail(path, f"a matrix beside {beside.name}", first_line(error), fix)
    frame, _ = read_frame(path, is_text=lambda name: name == "")
    ids = [str(name).strip().removesuffix(".0") for name in frame.iloc[:, 0]]
    try:
        vectors = frame.iloc[:, 1:].to_numpy(np.float64)
    except (TypeError, ValueError) as error:
        found, fix = first_line(error), "leave other columns out"
        _fail(path, "numbers in all columns but the first", found, fix)
    return ids, vectors


def entrez_of(genes: Sequence[str]) -> dict[str, str]:
    """Symbol -> Entrez id, as probes were reannotated (Arnatkeviciute et al. 2019).

    "" for a symbol that is not among them.
    """
    import pandas as pd

    table = pd.read_csv(package_file("reannotated.csv.gz")).dropna()
    ids = table.entrez_id.astype(np.int64).astype(str)
    known = dict(zip(table.gene_symbol, ids, strict=True))
    return {gene: known.get(gene, "") for gene in genes}


def _fail(path: Path, expected: str, found: str, fix: str) -> NoReturn:
    raise InputError(path, expected=expected, found=found, fix=fix)
