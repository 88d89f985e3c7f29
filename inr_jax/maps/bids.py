"""Names of maps in the manner of BIDS, whose values hold letters and digits alone.

Nouns:
    desc: the value of a gene, made from its symbol.
"""

from __future__ import annotations

from collections.abc import Iterable

from inr_jax.brain.space import Grid
from inr_jax.errors import InputError


def gene_desc(genes: Iterable[str]) -> dict[str, str]:
    """A desc for every symbol, no two the same, upper and lower case aside.

    A symbol of letters and digits is its own desc (HLADRA). Another symbol that would
    have the same one gets the first free number from 2 on (HLA-DRA: HLADRA2). The
    order of the genes does not matter.

    Returns:
        gene -> desc, in the order given.
    """
    genes = list(genes)
    clean = {gene: _alphanumeric(gene) or "GENE" for gene in genes}
    desc: dict[str, str] = {}
    taken: set[str] = set()
    for gene in sorted(clean, key=lambda gene: (clean[gene] != gene, gene)):
        name, number = clean[gene], 1
        while name.lower() in taken:
            number += 1
            name = f"{clean[gene]}{number}"
        taken.add(name.lower())
        desc[gene] = name
    return {gene: desc[gene] for gene in genes}


def resolution_name(grid: Grid) -> str:
    """Voxel size for a file name: "2mm", "1p5mm", or "2x2x3mm"."""
    sides = [f"{side:.2f}".rstrip("0").rstrip(".") for side in grid.voxel_mm()]
    sides = sides[:1] if len(set(sides)) == 1 else sides
    return "x".join(sides).replace(".", "p") + "mm"


def map_name(desc: str, space: str, res: str, suffix: str = "feature") -> str:
    """The file name of a map, without extension.

    Raises:
        InputError: `space` is empty or holds more than letters and digits.
    """
    if not space or _alphanumeric(space) != space:
        raise InputError(
            "name of the space",
            expected="letters and digits, as MNI152NLin6Asym",
            found=repr(space),
            fix="set render.space",
        )
    return f"source-inrjax_desc-{desc}_space-{space}_res-{res}_{suffix}"


def _alphanumeric(text: str) -> str:
    return "".join(c for c in text if c.isascii() and c.isalnum())
