"""Tissue samples: where they lie, whose they are, what was measured in them.

Nouns:
    well: one tissue sample of the Allen Human Brain Atlas, by its id.
    site: all that is known of a well besides expression; what a prediction may see.
    donor, structure: small integers into the tables `donors`, `structures`.
    tissue: probabilities of grey and white matter.
    copy: a well mirrored to the other side; no evidence of its own.

Axis letters: N wells, G genes, D = 3.
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import jax
import numpy as np

from inr_jax.errors import InputError, shortlist
from inr_jax.space import outside_head

UNNAMED = -1  # the structure of a well that has no name


class Sites(NamedTuple):
    """Places to predict at; holds no expression, so a predictor cannot peek.

    Attributes:
        x_mm: `(N, 3)` float32, MNI mm.
        tissue: `(N, 2)` float32, probability of grey and of white matter.
        structure: `(N,)` int32 into `Samples.structures`, or `UNNAMED`.
    """

    x_mm: np.ndarray
    tissue: np.ndarray
    structure: np.ndarray


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Samples:
    """The wells of one study; a pytree of arrays with static tables of names.

    Attributes:
        x_mm: `(N, 3)` float32, MNI mm.
        tissue: `(N, 2)` float32, probability of grey and of white matter.
        donor: `(N,)` int32 into `donors`.
        well: `(N,)` int32 well ids, unique within a source.
        structure: `(N,)` int32 into `structures`, or `UNNAMED`.
        values: `(N, G)` float32 expression, in the units of the source.
        mirrored: `(N,)` bool, True for a copy; it has the id of its well.
        genes: G symbols.
        donors: Donor names.
        structures: Structure names.
    """

    x_mm: np.ndarray
    tissue: np.ndarray
    donor: np.ndarray
    well: np.ndarray
    structure: np.ndarray
    values: np.ndarray
    mirrored: np.ndarray
    genes: tuple[str, ...] = dataclasses.field(metadata={"static": True})
    donors: tuple[str, ...] = dataclasses.field(metadata={"static": True})
    structures: tuple[str, ...] = dataclasses.field(metadata={"static": True})

    def sites(self) -> Sites:
        """The samples without their expression."""
        return Sites(self.x_mm, self.tissue, self.structure)

    def take(self, rows: np.ndarray) -> Samples:
        """The wells of `rows`, an index or a boolean mask `(N,)`."""
        return jax.tree.map(lambda leaf: leaf[rows], self)

    def originals(self) -> Samples:
        """The wells without the copies."""
        return self.take(~self.mirrored) if self.mirrored.any() else self

    def keep_genes(self, genes: list[str]) -> Samples:
        """The samples with these genes alone, in this order."""
        columns = [self.genes.index(gene) for gene in genes]
        values = self.values[:, columns]
        return dataclasses.replace(self, values=values, genes=tuple(genes))


def make_samples(
    *,
    x_mm: np.ndarray,
    values: np.ndarray,
    genes: list[str],
    where: object,
    well: np.ndarray | None = None,
    donor: list | None = None,
    structure: list | None = None,
    tissue: np.ndarray | None = None,
    mirrored: np.ndarray | None = None,
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
        tissue: `(N, 2)` grey and white probability; zeros when absent, for
            `template.with_tissue` to fill.
        mirrored: `(N,)` True for copies of other rows; none when absent.

    Raises:
        InputError: Fewer than 2 wells, NaN, a coordinate outside the head, a gene
            or well named twice, a copy of no well, a gene with one value everywhere.
    """
    n = len(x_mm)
    well = np.arange(n) if well is None else np.asarray(well)
    donor = ["unnamed"] * n if donor is None else [str(name) for name in donor]
    structure = [None] * n if structure is None else list(structure)
    x_mm, values = np.asarray(x_mm, np.float64), np.asarray(values, np.float64)
    mirrored = np.zeros(n, bool) if mirrored is None else np.asarray(mirrored, bool)
    _check(x_mm, values, list(genes), well, where)
    _check_wells(well, donor, mirrored, where)
    donors = tuple(dict.fromkeys(donor))
    structures = tuple(sorted({str(name) for name in structure if _named(name)}))
    donor_row = {name: row for row, name in enumerate(donors)}
    structure_row = {name: row for row, name in enumerate(structures)}
    return Samples(
        x_mm=x_mm.astype(np.float32),
        tissue=np.zeros((n, 2), np.float32)
        if tissue is None
        else np.asarray(tissue, np.float32),
        donor=np.array([donor_row[name] for name in donor], np.int32),
        well=well.astype(np.int32),
        structure=np.array(
            [structure_row[str(s)] if _named(s) else UNNAMED for s in structure],
            np.int32,
        ),
        values=values.astype(np.float32),
        mirrored=mirrored,
        genes=tuple(str(gene) for gene in genes),
        donors=donors,
        structures=structures,
    )


def _named(name: object) -> bool:
    return name is not None and name == name and str(name) not in ("", "nan")


def _check(x_mm: np.ndarray, values: np.ndarray, genes: list, well, where) -> None:
    def fail(expected: str, found: str, fix: str) -> None:
        raise InputError(where, expected=expected, found=found, fix=fix)

    if len(x_mm) < 2:
        fail("at least 2 wells", f"{len(x_mm)}", "give more samples")
    if not genes:
        fail("at least one gene", "none", "give a column or row for each gene")
    bad = ~np.isfinite(values)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        found = f"{bad.sum()} missing, first at well {well[row]}, gene {genes[column]}"
        fail("a number in every cell", found, "drop or fill those wells or genes")
    _check_unique("gene", genes, fail)
    _check_coordinates(x_mm, well, fail)
    flat = [
        gene
        for gene, spread in zip(genes, np.ptp(values, axis=0), strict=True)
        if not spread
    ]
    if flat:
        fail(
            "genes that vary between wells",
            f"{len(flat)} constant ({shortlist(flat)})",
            "leave them out",
        )


def _check_wells(well, donor: list, mirrored: np.ndarray, where) -> None:
    def fail(expected: str, found: str, fix: str) -> None:
        raise InputError(where, expected=expected, found=found, fix=fix)

    _check_unique("well", well[~mirrored].tolist(), fail)
    # In one donor, so that no fold parts a copy from its well.
    pairs = list(zip(well.tolist(), donor, strict=True))
    own = {pair for pair, copy in zip(pairs, mirrored, strict=True) if not copy}
    lost = [pair[0] for pair in pairs if pair not in own]
    if lost:
        found = f"{len(lost)} without ({shortlist(lost)})"
        fail("a well of the same donor for each mirrored copy", found, "leave them out")


def _check_unique(noun: str, names: list, fail) -> None:
    seen: set = set()
    twice = [name for name in names if name in seen or seen.add(name)]
    if twice:
        fix = f"keep one of each {noun}"
        fail(f"each {noun} once", f"{len(twice)} again ({shortlist(twice)})", fix)


def _check_coordinates(x_mm: np.ndarray, well: np.ndarray, fail) -> None:
    out = outside_head(x_mm)
    if out.any():
        row = np.flatnonzero(out)[0]
        point = ", ".join(f"{value:.1f}" for value in x_mm[row])
        found = f"{out.sum()} of {len(out)} outside the head, well {well[row]}: {point}"
        fail("MNI coordinates in mm", found, "are these voxel indices, or metres?")
    # A brain in MNI mm straddles the origin; voxel indices never go below 0. Of
    # a few wells in one lobe that may be true by chance, so only many count.
    if len(x_mm) >= 20 and x_mm.min() >= 0 and np.ptp(x_mm, axis=0).min() > 60:
        found = f"no negative value, range 0 to {x_mm.max():.0f}"
        fail("MNI coordinates in mm", found, "convert voxel indices by the affine")
