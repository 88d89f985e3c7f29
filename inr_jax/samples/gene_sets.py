"""Gene sets of a GMT file, and the Entrez ids of an export's genes.

A GMT has a line a set: its name, a description, and its genes, separated by tabs;
genes are symbols or Entrez ids.

Axis letters: S sets, G genes.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from inr_jax.errors import InputError, shortlist
from inr_jax.files.cell_text import clean, encoding_of
from inr_jax.files.reading import read_bytes
from inr_jax.files.rows import read_csv
from inr_jax.samples.checks import repeated
from inr_jax.samples.sources.archive import read_members

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

log = logging.getLogger("inr_jax")
LEAST, MOST = 5, 500  # genes of a set that are in the model
EXPECTED = "a GMT: a line a set, with tabs between its name, description and genes"


class GeneSets(NamedTuple):
    """Sets of a model's genes.

    Attributes:
        names: S names.
        descriptions: S texts.
        mean: `(S, G)` sparse, rows sum to 1.
        listed: `(S,)` genes that the file lists.
        found: `(S,)` of them in the model.
    """

    names: tuple[str, ...]
    descriptions: tuple[str, ...]
    mean: csr_matrix
    listed: np.ndarray
    found: np.ndarray


def read_gene_sets(
    path: str | Path,
    genes: tuple[str, ...],
    entrez: dict[str, str],
    *,
    least: int = LEAST,
    most: int = MOST,
) -> GeneSets:
    """Read the sets of a GMT that have enough of a model's genes.

    Args:
        path: The file.
        genes: G symbols.
        entrez: Symbol to Entrez id, of those that are known.
        least: Genes of a set in the model at least.
        most: At most.

    Raises:
        InputError: No such file, no GMT, or no set with enough genes.
    """
    data = read_bytes(path, EXPECTED)
    text = data.decode(encoding_of(data, path, EXPECTED))
    lines = [line.split("\t") for line in text.splitlines() if line.strip()]
    _check_lines(path, lines)
    column = {gene.upper(): number for number, gene in enumerate(genes)}
    column |= {number: column[gene.upper()] for gene, number in entrez.items()}
    sets, unknown = {}, set()
    for name, description, *members in lines:
        listed = {clean(member).upper() for member in members} - {""}
        known = {column[member] for member in listed if member in column}
        unknown |= listed - set(column)
        sets[clean(name)] = (clean(description), len(listed), sorted(known))
    kept = {name: s for name, s in sets.items() if least <= len(s[2]) <= most}
    limits = least, most
    _tell(path, sets, kept, unknown, limits=limits, has_entrez=bool(entrez))
    return _as_sets(kept, len(genes))


def _check_lines(path: str | Path, lines: list[list[str]]) -> None:
    """Refuse lines that are no set, and a name that two sets have."""
    short = [number for number, line in enumerate(lines, 1) if len(line) < 3]
    if short or not lines:
        found = f"line {short[0]} without a tab or a gene" if short else "no line"
        fix = "is it separated by tabs?"
        raise InputError(path, expected=EXPECTED, found=found, fix=fix)
    twice = repeated([clean(line[0]) for line in lines])
    if twice:
        found = f"{len(twice)} there twice ({shortlist(twice)})"
        fix = "keep one of each"
        raise InputError(path, expected="each set once", found=found, fix=fix)


def _tell(
    path: str | Path,
    sets: dict,
    kept: dict,
    unknown: set[str],
    *,
    limits: tuple[int, int],
    has_entrez: bool,
) -> None:
    """Count what a file lists; refuse one of which nothing is left."""
    if unknown:
        text = "%s: %d genes that the model does not have, as %s"
        log.warning(text, path, len(unknown), shortlist(sorted(unknown)))
    if not kept:
        numbers = bool(unknown) and all(name.isdigit() for name in unknown)
        fix = (
            "take a GMT of symbols" if numbers and not has_entrez else "fit more genes"
        )
        raise InputError(
            path,
            expected=f"a set with {limits[0]} to {limits[1]} genes of the model",
            found=f"{len(sets)} sets, none of which has",
            fix=fix,
        )
    if len(kept) < len(sets):
        text = "%s: %d of %d sets have %d to %d genes of the model; others are left out"
        log.info(text, path, len(kept), len(sets), *limits)


def _as_sets(kept: dict, genes: int) -> GeneSets:
    from scipy.sparse import csr_matrix

    rows = np.repeat(np.arange(len(kept)), [len(s[2]) for s in kept.values()])
    columns = np.concatenate([s[2] for s in kept.values()])
    found = np.array([len(s[2]) for s in kept.values()])
    mean = csr_matrix((1 / found[rows], (rows, columns)), (len(kept), genes))
    listed = np.array([s[1] for s in kept.values()])
    descriptions = tuple(s[0] for s in kept.values())
    return GeneSets(tuple(kept), descriptions, mean, listed, found)


def entrez_of_export(path: str | Path) -> dict[str, str]:
    """Symbol to Entrez id of an Allen export's genes; those without one are left out.

    Raises:
        InputError: No export lies there.
    """
    member = read_members(path, ("Probes.csv",))["Probes.csv"]
    columns = ("gene-symbol", "entrez-id")
    rows = read_csv(member.where, columns, "download it again", data=member.data)
    pairs = ((row["gene-symbol"], row["entrez-id"]) for row in rows)
    return {symbol: number for symbol, number in pairs if number.isdigit()}
