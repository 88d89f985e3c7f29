"""Tissue samples: where they lie, whose they are, what was measured in them.

Nouns:
    well: one tissue sample of the Allen Human Brain Atlas, by its id.
    site: all that is known of a well besides expression; what a prediction may see.
    support: the points whose mean a value is (`samples.support`); one for most wells.
    donor, structure, parent: small integers into the tables `donors`, `structures`,
        `parents`; a parent is the top-level structure that a structure lies in.
    tissue: probabilities of grey and white matter.
    copy: a well mirrored to the other side; no evidence of its own.

Axis letters: N wells, G genes, D = 3.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import jax
import numpy as np

from inr_jax.brain.template import tissue_at
from inr_jax.errors import unknown_name
from inr_jax.files.cell_text import clean, is_missing
from inr_jax.samples.cells import as_numbers
from inr_jax.samples.checks import (
    check_coordinates,
    check_parents,
    check_shapes,
    check_sides,
    check_values,
    check_wells,
)
from inr_jax.samples.columns import TableColumns, as_frame, parts_of
from inr_jax.samples.region_rows import placed_rows
from inr_jax.samples.sites import UNNAMED, Sites
from inr_jax.samples.support import Support

if TYPE_CHECKING:
    import pandas as pd


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Samples:
    """The wells of one study; a pytree of arrays with static tables of names.

    Attributes:
        x_mm: `(N, 3)` float32, MNI mm; of the well that stands for a value.
        tissue: `(N, 2)` float32, probability of grey and of white matter there.
        donor: `(N,)` int32 into `donors`.
        well: `(N,)` int32 well ids, unique within a source.
        structure: `(N,)` int32 into `structures`, or `UNNAMED`.
        parent: `(N,)` int32 into `parents`, or `UNNAMED`; one for a structure.
        values: `(N, G)` float32 expression, in the units of the source.
        mirrored: `(N,)` bool, True for a copy; it has the id of its well.
        genes: G symbols.
        donors: Donor names.
        structures: Structure names.
        parents: Names of top-level structures.
        support: The points whose mean each value is; None where each is one well's.
        context: `(N, ...)` values of all genes, where a shard's mixtures are of them.
    """

    x_mm: np.ndarray
    tissue: np.ndarray
    donor: np.ndarray
    well: np.ndarray
    structure: np.ndarray
    parent: np.ndarray
    values: np.ndarray
    mirrored: np.ndarray
    genes: tuple[str, ...] = dataclasses.field(metadata={"static": True})
    donors: tuple[str, ...] = dataclasses.field(metadata={"static": True})
    structures: tuple[str, ...] = dataclasses.field(metadata={"static": True})
    parents: tuple[str, ...] = dataclasses.field(metadata={"static": True})
    support: Support | None = None
    context: np.ndarray | None = None

    def sites(self) -> Sites:
        """The samples without their expression."""
        return Sites(self.x_mm, self.tissue, self.structure, self.parent, self.support)

    def points(self) -> Support:
        """The support of every value, be it one point."""
        return self.sites().points()

    def take(self, rows: slice | np.ndarray) -> Samples:
        """The wells of `rows`, an index or a boolean mask `(N,)`."""
        alone = dataclasses.replace(self, support=None)
        taken = jax.tree.map(lambda leaf: leaf[rows], alone)
        if self.support is None:
            return taken
        return dataclasses.replace(taken, support=self.support.take(rows))

    def originals(self) -> Samples:
        """The wells without the copies."""
        return self.take(~self.mirrored) if self.mirrored.any() else self

    def keep_genes(self, genes: list[str]) -> Samples:
        """The samples with these genes alone, in this order."""
        number = {gene: column for column, gene in enumerate(self.genes)}
        values = self.values[:, [number[gene] for gene in genes]]
        return dataclasses.replace(self, values=values, genes=tuple(genes))

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame | dict,
        genes: Iterable[str] = (),
        *,
        where: object = "frame",
        atlas: str | Path = "",
        atlas_info: str | Path = "",
        region: str = "region",
        **columns: str,
    ) -> Samples:
        """Samples of a frame with a row a well, a column a gene.

        `Samples.from_frame(frame, genes=["APOE"], donor="subject")`

        Args:
            frame: A pandas frame, or a dict of columns of equal length.
            genes: Columns to keep as genes; none keeps all that hold nothing else.
            where: What to call the frame in an error.
            atlas: A NIfTI of labels, or "desikan_killiany", where a row is a region of
                it; then no coordinates are needed, see `region_rows`.
            atlas_info: Its table: id and label, or index and name.
            region: The column of ids or names of regions.
            **columns: The names of columns that hold no expression, "" for one not
                to look for. `x`, `y`, `z` (MNI mm) must be there. `well` (whole
                numbers, each once), `donor`, `structure` and `parent` (names, blank
                for none), `grey` and `white` (probabilities) may be absent; then
                wells are counted from 0, all are of one donor, no structure is
                known, and tissue is looked up in the template.

        Returns:
            Samples, wells and genes in the order of the frame.

        Raises:
            InputError: A column is missing or there twice, a cell is no number, a
                keyword is none of these, or as for `make_samples`.
        """
        for name in columns:
            if name not in TableColumns._fields:
                raise unknown_name("columns of samples", name, TableColumns._fields)
        names = TableColumns(**columns)
        frame = as_frame(frame, where)
        wanted = (genes,) if isinstance(genes, str) else tuple(map(str, genes))
        given = str(atlas), str(atlas_info)
        frame, support = placed_rows(frame, given, names, region=region, where=where)
        parts = parts_of(frame, names, wanted, where)
        return make_samples(**parts, where=where, support=support)


def make_samples(
    *,
    x_mm: np.ndarray,
    values: np.ndarray,
    genes: list[str],
    where: object,
    well: np.ndarray | None = None,
    donor: list | None = None,
    structure: list | None = None,
    parent: list | None = None,
    tissue: np.ndarray | None = None,
    mirrored: np.ndarray | None = None,
    support: Support | None = None,
) -> Samples:
    """Check what a source read, and number its names.

    Args:
        x_mm: `(N, 3)` MNI mm.
        values: `(N, G)` expression.
        genes: G symbols.
        where: The file to name in an error.
        well: `(N,)` ids; 0, 1, 2... when absent.
        donor: N names; one donor "unnamed" when absent.
        structure: N names, None or "" where a well has none.
        parent: N names of the top-level structures, likewise.
        tissue: `(N, 2)` grey and white probability; those of the template at a well
            with neither, and when absent.
        mirrored: `(N,)` True for copies of other rows; none when absent.
        support: The points whose mean each value is; the well itself when absent.

    Raises:
        InputError: Fewer than 2 wells, NaN, a coordinate outside the head, a gene
            or well named twice, a copy of no well, a gene with one value everywhere,
            a structure with two parents.
    """
    x_mm, n = as_numbers("x_mm", x_mm, where), len(x_mm)
    genes = [clean(str(gene)) for gene in genes]
    values = as_numbers("values", values, where)
    if tissue is not None:
        tissue = as_numbers("tissue", tissue, where)
    check_shapes(x_mm, values, tissue, genes, where)
    well = np.arange(n) if well is None else np.asarray(well)
    donor = ["unnamed"] * n if donor is None else [str(name) for name in donor]
    mirrored = np.zeros(n, bool) if mirrored is None else np.asarray(mirrored, bool)
    check_values(values, genes, well, where)
    check_coordinates(x_mm, well, where)
    check_wells(well, donor, mirrored, where)
    unnamed = [None] * n
    check_sides(x_mm, unnamed if structure is None else structure, mirrored, where)
    structures, structure_row = _numbered(unnamed if structure is None else structure)
    parents, parent_row = _numbered(unnamed if parent is None else parent)
    check_parents(structure_row, parent_row, structures, where)
    donors = tuple(dict.fromkeys(donor))
    donor_row = {name: row for row, name in enumerate(donors)}
    x_mm = x_mm.astype(np.float32)
    return Samples(
        x_mm=x_mm,
        tissue=_with_tissue(tissue, x_mm),
        donor=np.array([donor_row[name] for name in donor], np.int32),
        well=well.astype(np.int32),
        structure=structure_row,
        parent=parent_row,
        values=values.astype(np.float32),
        mirrored=mirrored,
        genes=tuple(genes),
        donors=donors,
        structures=structures,
        parents=parents,
        support=None if support is None or support.single else support,
    )


def _numbered(names: list) -> tuple[tuple[str, ...], np.ndarray]:
    """Sorted names and `(N,)` int32 into them; `UNNAMED` for none."""
    table = tuple(sorted({str(name) for name in names if _named(name)}))
    row = {name: number for number, name in enumerate(table)}
    numbers = [row[str(name)] if _named(name) else UNNAMED for name in names]
    return table, np.array(numbers, np.int32)


def _named(name: object) -> bool:
    return not is_missing(name)


def _with_tissue(tissue: np.ndarray | None, x_mm: np.ndarray) -> np.ndarray:
    """Tissue `(N, 2)` float32, from the template where it is (0, 0) or absent."""
    if tissue is None:
        return tissue_at(x_mm)
    tissue = np.array(tissue, np.float32)
    without = (tissue == 0).all(-1)
    tissue[without] = tissue_at(x_mm[without])
    return tissue
