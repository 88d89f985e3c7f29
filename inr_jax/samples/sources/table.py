"""Any table of samples: CSV, TSV or Parquet, a row a well, a column a gene.

The settings name the columns that hold no expression; every other column is a gene.
Coordinates are MNI mm.
"""

from __future__ import annotations

from pathlib import Path

from inr_jax.brain.atlas import atlas_files
from inr_jax.files.reading import sha256_of
from inr_jax.samples.columns import TableColumns, parts_of, used_columns
from inr_jax.samples.region_rows import placed_rows
from inr_jax.samples.samples import make_samples
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
    atlas: str | Path = "",
    atlas_info: str | Path = "",
    region: str = "region",
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
        atlas: Where a row is a region: the atlas, as `Samples.from_frame` takes it, and
            so the next two.
        atlas_info: Likewise.
        region: Likewise.

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
    files, places = {path.name: sha256(data)}, (str(atlas), str(atlas_info))
    frame, support = placed_rows(frame, places, columns, region=region, where=path)
    if str(atlas):
        files |= {p.name: sha256_of(p) for p in atlas_files(*places)}
    parts = parts_of(frame, columns, genes, path)
    samples = make_samples(**parts, where=path, support=support)
    used = used_columns(list(frame.columns), columns, path)
    left_out = len(frame.columns) - len(used) - len(samples.genes)
    facts = {"columns": used, "n_columns_left_out": left_out, "warnings": []}
    notes = {**facts, **counts(samples)}
    given = f"regions of {Path(atlas).name}" if str(atlas) else "given in the table"
    return Source(samples, files, given, notes)
