"""Cells of a comparison of conditionings: what each changes, and how large it is.

Nouns:
    cell: an injection and a code, as wide as gives it the parameters of the default.
    table: of genes, for the code that needs no expression of them.
Axis letters: G genes, M columns.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import jax
import numpy as np
from ml_collections import ConfigDict

from inr_jax.fields.conditioning import CONDITIONINGS
from inr_jax.run import build
from inr_jax.run.networks import conditioning_maker, taken_by
from inr_jax.samples.phantom import Phantom
from lib.truths import loadings_of

CODES = {
    "spectral position": {"conditioning.code": "position"},
    "PC1 position": {"conditioning.code": "position", "conditioning.order": "pc1"},
    "spectral 16": {"conditioning.code": "spectral"},
    "PCA 16": {"conditioning.code": "pca"},
    "latent 16": {"conditioning.code": "latent"},
    "table": {"conditioning.code": "table"},
}
DEFAULT = "heads"
NEAR = 0.05  # share by which the parameters of a cell may differ from the default's
DEPTHS = (3, 2, 4, 5)  # tried in this order where no width comes so near


def cells(config: ConfigDict, pairs: int, modules: Iterable[str] = ()) -> dict:
    """Name of a cell to the settings that it changes; the default comes first.

    Injections are those of the registry, and files of one's own. Where a value costs
    as much for each gene, a step takes `pairs` of a well and a gene; the default is
    there a second time with as many, which tells what that costs.

    Args:
        config: Of the default, with the table of genes in it.
        pairs: 0 takes all wells and genes.
        modules: Python files with `make`.
    """
    made: dict = {DEFAULT: {}}
    taken = {"fit.pairs": pairs} if pairs else {}
    if pairs:
        made[f"{DEFAULT}, {pairs} pairs"] = taken
    names: dict = {name: {"conditioning.name": name} for name in CONDITIONINGS}
    names |= {Path(path).stem: {"conditioning.module": path} for path in modules}
    for name, changes in names.items():
        asked = config.copy_and_resolve_references()
        asked.update_from_flattened_dict(changes)
        if "code" in taken_by(conditioning_maker(asked)):
            for code, more in CODES.items():
                made[f"{name}, {code}"] = {**changes, **more, **taken}
        elif name != DEFAULT:
            made[name] = changes
    return made


def parameters_of(config: ConfigDict, genes: int) -> int:
    """Numbers of one member's networks."""
    made = build.make_recipe(config, genes).conditioning
    shapes = jax.eval_shape(made.init, jax.random.key(0))
    return made.networks * sum(leaf.size for leaf in jax.tree.leaves(shapes))


def of_equal_size(config: ConfigDict, genes: int, wanted: int) -> ConfigDict:
    """The settings at the width whose parameters come nearest to those wanted.

    Another depth where no width comes within `NEAR` of them.
    """
    best: tuple = (np.inf,)
    for depth in (config.field.depth, *DEPTHS):
        config.field.depth = depth
        width = _width(config, genes, wanted)
        config.field.hidden = width
        off = abs(parameters_of(config, genes) / wanted - 1)
        best = min(best, (off, depth, width))
        if off <= NEAR:
            break
    config.field.depth, config.field.hidden = best[1:]
    return config


def _width(config: ConfigDict, genes: int, wanted: int) -> int:
    def at(width: int) -> int:
        config.field.hidden = width
        return parameters_of(config, genes)

    low, high = 1, 2
    while at(high) < wanted:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if at(middle) < wanted else (low, middle)
    return min((low, high), key=lambda width: abs(at(width) - wanted))


def write_gene_table(
    path: Path, genes: tuple[str, ...], brain: Phantom | None, noise: float = 0.5
) -> None:
    """Write a table of genes that knows no expression of them.

    Of a phantom their true loadings and contrasts, with noise; of real genes the
    families that their symbols say: which of the beginnings of symbols, of 3 letters
    or more, a gene shares with another.

    Args:
        path: Where to.
        genes: Its rows.
        brain: The phantom.
        noise: Its sd over that of the true numbers.
    """
    if brain is not None:
        columns = [brain.genes.index(gene) for gene in genes]
        truth = loadings_of(brain)[columns]
        drawn = np.random.default_rng(0).normal(size=truth.shape)
        vectors = truth + noise * truth.std(0) * drawn
    else:
        starts = {gene[:n] for gene in genes for n in range(3, len(gene) + 1)}
        counts = {start: sum(g.startswith(start) for g in genes) for start in starts}
        shared = sorted(s for s, count in counts.items() if 1 < count < len(genes))
        rows = [[float(gene.startswith(start)) for start in shared] for gene in genes]
        vectors = np.array(rows).reshape(len(genes), -1)
    np.savez(path, genes=np.array(genes), vectors=vectors)
