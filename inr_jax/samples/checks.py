"""What every source must obey, checked in one place.

`where` names the file or setting in an error. Axis letters: N wells, G genes, D = 3.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterable

import numpy as np

from inr_jax.brain import placement
from inr_jax.brain.space import outside_head
from inr_jax.errors import InputError, did_you_mean, shortlist
from inr_jax.samples.gene_names import check_gene_names

log = logging.getLogger("inr_jax")

LARGEST = 1e15  # of values; their squares and inverses are numbers in float32, too
LEVELS = 50  # of a standard deviation that float32 must tell apart
# Share of wells in the template's brain, or almost so, below which they are refused or
# warned of; of the atlas's own it is .994 or more.
NONE_OF_IT, DOUBTFUL = 0.5, 0.8
SIDED = re.compile(r"(?<![a-z])(?:(left|lh)|(right|rh))(?![a-z])")
MIDDLE_MM, ENOUGH = 5, 10  # x that says no side; wells that do


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
    check_gene_names(genes, where)
    far = abs(values) > LARGEST
    if far.any():
        row, column = np.argwhere(far)[0]
        found = f"{values[row, column]:g} at well {well[row]}, gene {genes[column]}"
        fix = "correct or rescale it"
        _fail(where, f"values within {LARGEST:g}, as float32 maps hold", found, fix)
    spread = np.ptp(values, axis=0)
    flat = [gene for gene, width in zip(genes, spread, strict=True) if not width]
    if flat:
        found = f"{len(flat)} constant ({shortlist(flat)})"
        _fail(where, "genes that vary between wells", found, "leave them out")
    _check_reach(values, genes, where)


def _check_reach(values: np.ndarray, genes: list[str], where: object) -> None:
    """Refuse genes whose variation is lost in maps of float32."""
    sd, size = values.std(0), abs(values).max(0)
    step = np.finfo(np.float32).eps * size
    lost = np.flatnonzero((step > sd / LEVELS) | (sd < 1 / LARGEST))
    if len(lost):
        column = lost[0]
        found = f"gene {genes[column]} that varies by {sd[column]:.3g} about "
        found += f"{values[:, column].mean():.6g}"
        found += f", and {len(lost) - 1} more" if len(lost) > 1 else ""
        fix = "subtract a constant from each such gene, or rescale it"
        expected = "genes whose variation float32 maps hold (7 digits)"
        _fail(where, expected, found, fix)


def check_shapes(
    x_mm: np.ndarray,
    values: np.ndarray,
    tissue: np.ndarray | None,
    genes: list[str],
    where: object,
) -> None:
    """Refuse arrays that are not `(N, 3)`, `(N, G)` and `(N, 2)`."""
    n = len(x_mm)
    for name, array, shape in (
        ("x_mm", x_mm, (n, 3)),
        ("values", values, (n, len(genes))),
        ("tissue", tissue, (n, 2)),
    ):
        if array is not None and array.shape != shape:
            found = f"shape {array.shape}"
            _fail(where, f"{name} of shape {shape}", found, "give a row a well")
    if tissue is not None and not ((tissue >= 0) & (tissue <= 1)).all():
        found = "others, or NaN"
        fix = "divide percentages by 100; 0, 0 looks it up in the template"
        _fail(where, "probabilities of grey and white, 0 to 1", found, fix)


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
    """Refuse points `(N, 3)` that cannot be MNI mm in a brain; warn of doubtful."""
    if not len(x_mm):
        _fail(where, "at least 2 wells", "0", "give more samples")
    bad = ~np.isfinite(x_mm).all(-1)
    if bad.any():
        found = f"{bad.sum()} missing, first at well {well[bad.argmax()]}"
        fix = "drop or fill those wells"
        _fail(where, "three coordinates of each well", found, fix)
    expected = "MNI coordinates in mm"
    size = abs(x_mm).max(0)
    reading = placement.explanation(x_mm)
    if reading:
        reach = " x ".join(f"{value:.3g}" for value in np.ptp(x_mm, axis=0))
        fix = f"are these {reading}? convert them to MNI mm"
        _fail(where, expected, f"wells in a box of {reach} that fit {reading}", fix)
    out = outside_head(x_mm)
    if out.any():
        row = np.flatnonzero(out)[0]
        point = ", ".join(f"{value:.1f}" for value in x_mm[row])
        found = f"{out.sum()} of {len(out)} outside the head, well {well[row]}: {point}"
        micron = "micrometres" if size.max() > 1000 else "voxel indices"
        fix = f"are these {micron}, or another space than MNI152?"
        _fail(where, expected, found, fix)
    inside = placement.share(x_mm)
    if inside < (NONE_OF_IT if len(x_mm) >= placement.SOME else 0.01):
        found = f"{1 - inside:.0%} of {len(x_mm)} wells outside the template's brain"
        indices = x_mm.min() >= 0
        found += f", no negative value, range 0 to {size.max():.0f}" if indices else ""
        fix = "voxel indices by their affine" if indices else "them to MNI152 mm"
        _fail(where, expected, found, f"convert {fix}")
    if inside < DOUBTFUL:
        text = "%s: %.0f %% of the wells lie outside the template's brain; are x, y, z "
        text += "MNI mm, in this order?"
        log.warning(text, where, 100 * (1 - inside))


def check_sides(
    x_mm: np.ndarray, structure: list, mirrored: np.ndarray, where: object
) -> None:
    """Refuse points `(N, 3)` on the side that the names of N structures do not say.

    Points folded to one side are let be, and copies, which keep their well's name.
    """
    x = np.where(mirrored, 0, x_mm[:, 0])
    if x.min() > -MIDDLE_MM or x.max() < MIDDLE_MM:
        return
    said = [SIDED.search(str(name).lower()) for name in structure]
    side = np.array([0 if s is None else (-1 if s.group(1) else 1) for s in said])
    told = (side != 0) & (abs(x) > MIDDLE_MM)
    wrong = (np.sign(x) != side)[told]
    if len(wrong) >= ENOUGH and wrong.mean() > DOUBTFUL:
        found = f"{wrong.sum()} of {len(wrong)} wells on the side not in their names"
        fix = "turn the sign of x; in MNI152 mm (RAS) left is below 0"
        _fail(where, "structures of the left at x below 0", found, fix)


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
        raise InputError(
            where,
            expected=f"genes among the {len(known)} in it",
            found=f"{len(absent)} that are not ({shortlist(absent)})",
            fix=did_you_mean(absent[0], known) or f"choose of {shortlist(known)}",
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
