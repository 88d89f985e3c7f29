"""Names of maps in the manner of BIDS, whose values hold letters and digits alone.

Nouns:
    desc: the value of a gene, made from its symbol.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

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


def map_name(
    desc: str,
    space: str,
    res: str,
    suffix: str = "feature",
    *,
    mask: str = "",
    source: str = "inrjax",
) -> str:
    """The file name of a map, without extension.

    Args:
        desc: Of the gene.
        space: Name of the space.
        res: Voxel size in words.
        suffix: What the map holds.
        mask: Name of a mask of the user's own, letters and digits.
        source: What the map was made by.

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
    within = f"_mask-{mask}" if mask else ""
    return f"source-{source}_desc-{desc}_space-{space}_res-{res}{within}_{suffix}"


def mask_name(path: str, mask: np.ndarray, affine: np.ndarray) -> str:
    """A name for a mask that no other mask has: of its file, and of its voxels.

    Args:
        path: Its file; "" for an image in memory.
        mask: `(I, J, K)` bool.
        affine: `(4, 4)` from voxels to mm.
    """
    stem = Path(path).name.split(".")[0] if path else "image"
    digest = hashlib.sha256(np.packbits(mask).tobytes())
    digest.update(f"{mask.shape} {np.asarray(affine, float).tolist()}".encode())
    return f"{_alphanumeric(stem)[:24]}{digest.hexdigest()[:8]}"


def _alphanumeric(text: str) -> str:
    return "".join(c for c in text if c.isascii() and c.isalnum())
