"""Any table of samples: CSV, TSV or Parquet, a row a well, a column a gene.

The settings name the columns that hold no expression; every other column is a gene.
Coordinates are MNI mm.
"""

from __future__ import annotations

from pathlib import Path

from inr_jax.samples.columns import TableColumns, used_columns
from inr_jax.samples.samples import Samples
from inr_jax.samples.source import Source, counts, existing, sha256
from inr_jax.samples.sources.frame import SUFFIXES, read_frame


def fits(path: Path) -> bool:
    """Whether a path has the ending of a table."""
    return path.is_file() and path.name.lower().endswith(SUFFIXES)


def load(
    path: str | Path,
    *,
    genes: tuple[str, ...] = (),
    x: str = "x",
    y: str = "y",
    z: str = "z",
    well: str = "well",
    donor: str = "donor",
    structure: str = "structure",
    parent: str = "parent",
    grey: str = "grey",
    white: str = "white",
    separator: str = "",
    decimal: str = ".",
    encoding: str = "",
) -> Source:
    """Read a table.

    Args:
        path: A file that ends in one of `frame.SUFFIXES`.
        genes: Columns to keep as genes; none keeps every other column.
        x: Column of the first coordinate, MNI mm; the rest as in
            `Samples.from_frame`.
        y: Likewise.
        z: Likewise.
        well: Column of whole numbers.
        donor: Column of names.
        structure: Column of names.
        parent: Column of names.
        grey: Column of probabilities.
        white: Column of probabilities.
        separator: As `frame.read_frame` takes it, and so the next two.
        decimal: Likewise.
        encoding: Likewise.

    Returns:
        A `Source`; wells and genes in the order of the file.

    Raises:
        InputError: The file is missing, damaged or of another kind, or as for
            `Samples.from_frame`.
    """
    columns = TableColumns(x, y, z, well, donor, structure, parent, grey, white)
    path = existing(path, "a table")
    text = {"separator": separator, "decimal": decimal, "encoding": encoding}
    frame, data = read_frame(path, is_text=columns.is_text, **text)
    samples = Samples.from_frame(frame, genes, where=path, **columns._asdict())
    used = used_columns(list(frame.columns), columns, path)
    left_out = len(frame.columns) - len(used) - len(samples.genes)
    facts = {"columns": used, "n_columns_left_out": left_out, "warnings": []}
    notes = {**facts, **counts(samples)}
    return Source(samples, {path.name: sha256(data)}, "given in the table", notes)
