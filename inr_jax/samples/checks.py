"""What every source must obey, checked in one place.

`where` names the file or setting in an error. Axis letters: N wells, G genes, D = 3.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable

import numpy as np

from inr_jax.brain.space import outside_head
from inr_jax.errors import InputError, shortlist

# A brain in MNI mm straddles the origin; voxel indices never go below 0. Of a few
# wells in one lobe that may be true by chance, so only many, far apart, count.
MANY, FAR_MM = 20, 60


def check_values(
    values: np.ndarray, genes: list[str], well: np.ndarray, where: object
) -> None:
    """Refuse too little, missing numbers `(N, G)`, genes twice or constant."""
    if len(values) < 2:
        _fail(where, "at least 2 wells", f"{len(values)}", "give more samples")
    if not genes:
        fix = "give a column or row for each gene"
        _fail(where, "at least one gene", "none", fix)
    bad = ~np.isfinite(values)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        found = f"{bad.sum()} missing, first at well {well[row]}, gene {genes[column]}"
        fix = "drop or fill those wells or genes"
        _fail(where, "a number in every cell", found, fix)
    _check_unique("gene", genes, where)
    spread = np.ptp(values, axis=0)
    flat = [gene for gene, width in zip(genes, spread, strict=True) if not width]
    if flat:
        found = f"{len(flat)} constant ({shortlist(flat)})"
        _fail(where, "genes that vary between wells", found, "leave them out")


def check_wells(
    well: np.ndarray, donor: list[str], mirrored: np.ndarray, where: object
) -> None:
    """Refuse a well twice, and a mirrored copy without its well."""
    _check_unique("well", well[~mirrored].tolist(), where)
    # In one donor, so that no fold parts a copy from its well.
    pairs = list(zip(well.tolist(), donor, strict=True))
    wells = {pair for pair, copy in zip(pairs, mirrored, strict=True) if not copy}
    lost = [pair[0] for pair in pairs if pair not in wells]
    if lost:
        expected = "a well of the same donor for each mirrored copy"
        found = f"{len(lost)} without ({shortlist(lost)})"
        _fail(where, expected, found, "leave them out")


def check_coordinates(x_mm: np.ndarray, well: np.ndarray, where: object) -> None:
    """Refuse points `(N, 3)` that cannot be MNI mm in a head."""
    out = outside_head(x_mm)
    if out.any():
        row = np.flatnonzero(out)[0]
        point = ", ".join(f"{value:.1f}" for value in x_mm[row])
        found = f"{out.sum()} of {len(out)} outside the head, well {well[row]}: {point}"
        fix = "are these voxel indices, or metres?"
        _fail(where, "MNI coordinates in mm", found, fix)
    many = len(x_mm) >= MANY
    if many and x_mm.min() >= 0 and np.ptp(x_mm, axis=0).min() > FAR_MM:
        found = f"no negative value, range 0 to {x_mm.max():.0f}"
        fix = "convert voxel indices by the affine"
        _fail(where, "MNI coordinates in mm", found, fix)


def check_parents(
    structure: np.ndarray, parent: np.ndarray, names: tuple[str, ...], where: object
) -> None:
    """Refuse a structure whose wells `(N,)` have several parents."""
    pairs = np.unique(np.stack([structure, parent])[:, structure >= 0], axis=1)
    several = [names[row] for row in np.flatnonzero(np.bincount(pairs[0]) > 1)]
    if several:
        found = f"{len(several)} with several ({shortlist(several)})"
        fix = "give structures that differ other names"
        _fail(where, "one parent for each structure", found, fix)


def repeated(names: Iterable) -> list:
    """The names that stand more than once, each once, in order."""
    return [name for name, count in Counter(names).items() if count > 1]


def pick_genes(known: Iterable[str], wanted: Iterable[str], where: object) -> list[str]:
    """The genes of a source that are wanted, in the source's order.

    Args:
        known: Symbols that the source has.
        wanted: Symbols to keep; none keeps all.
        where: The file to name in an error.

    Raises:
        InputError: A wanted gene is not there; names the nearest one that is.
    """
    known, wanted = list(known), set(wanted)
    absent = sorted(wanted.difference(known))
    if absent:
        upper = {symbol.upper(): symbol for symbol in known}
        near = difflib.get_close_matches(absent[0].upper(), upper, n=1, cutoff=0.0)
        raise InputError(
            where,
            expected=f"genes among the {len(known)} in it",
            found=f"{len(absent)} that are not ({shortlist(absent)})",
            fix=f"did you mean {upper[near[0]]!r}?" if near else "leave them out",
        )
    return [symbol for symbol in known if symbol in wanted] if wanted else known


def _check_unique(noun: str, names: list, where: object) -> None:
    several = Counter(names)
    twice = [name for name, count in several.items() for _ in range(count - 1)]
    if twice:
        found = f"{len(twice)} again ({shortlist(twice)})"
        _fail(where, f"each {noun} once", found, f"keep one of each {noun}")


def _fail(where: object, expected: str, found: str, fix: str) -> None:
    raise InputError(where, expected=expected, found=found, fix=fix)
