"""How good is a gene that was never measured, told by a table of numbers of genes?

Genes are held out in turn, not wells: a trunk is fitted to the others, and their heads
are regressed on the table. Beside it: the mean map of the others, and that of those
nearest in the table. Of the phantom the table has true loadings with noise, scores are
against the truth over the brain, and an oracle kriges patterns and knows the loadings,
another one those of the table; of real genes the table has the families that their
symbols say, and scores are at the wells.

python benchmarks/unseen.py [--path=DIR_OR_ZIP] [--noise=0.5] [--json=FILE]
"""

from __future__ import annotations

import numpy as np
from lib.cells import write_gene_table
from lib.grid import draw
from lib.held_out import beside, rounded
from lib.settings import settings_of
from lib.study_files import study_flags, study_folder, write_table
from lib.truths import loadings_of, oracle, truth_of

from inr_jax.fitting.held_out_fit import fitted
from inr_jax.fitting.recipe import make_model, predict_at
from inr_jax.fitting.unseen import unseen_genes
from inr_jax.run import build
from inr_jax.samples.gene_table import read_gene_table

NEAREST, MEAN = 5, "mean gene"
TINY = {"fit.steps": 2, "fit.members": 1, "field.hidden": 4, "field.depth": 1}
TINY |= {"phantom.n_wells": 60, "phantom.n_genes": 12, "fit.targets": "wells"}
TINY |= {"render.resolution_mm": 3}
FLAGS = {
    "folds": (int, 6, "of genes to hold out"),
    "steps": (int, 600, "of a fit"),
    "members": (int, 3, "of an ensemble"),
    "genes": (int, 60, "of the phantom"),
    "wells": (int, 800, "of the phantom"),
    "noise": (float, 0.5, "of its table, over the loadings' sd"),
}


def nearest(known: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """`(U, NEAREST)` rows of known genes that are nearest in columns of one size."""
    spread = known.std(0) + 1e-12
    apart = np.sum(((wanted[:, None] - known[None]) / spread) ** 2, axis=2)
    return np.argsort(apart, axis=1, kind="stable")[:, :NEAREST]


def main(arguments: list[str] | None = None) -> None:
    """Write a row a method, and print it."""
    flags = study_flags(__doc__, "unseen", **FLAGS).parse_args(arguments)
    c, out = settings_of(flags, TINY), study_folder(flags)
    if flags.tiny:
        flags.folds = 2
    else:
        c.fit.steps, c.fit.members = flags.steps, flags.members
        c.phantom.n_genes, c.phantom.n_wells = flags.genes, flags.wells
    brain = None if flags.path else build.make_phantom(c)
    samples, predicted = build.load_source(c, brain).samples, {}
    write_gene_table(out / "genes.npz", samples.genes, brain, flags.noise)
    rows = read_gene_table(out / "genes.npz").rows(samples.genes)
    sites, values = truth_of(c, brain, samples)
    spread = values.std(0)
    values = (values - values.mean(0)) / spread
    for fold in range(flags.folds):
        held = np.arange(len(samples.genes)) % flags.folds == fold
        wells = samples.keep_genes([samples.genes[g] for g in np.flatnonzero(~held)])
        plan = build.make_model_recipe(c, wells, "place")
        trunk = make_model(*fitted(plan, wells))
        maps = predict_at(plan.renderer, trunk, sites).mean
        maps = trunk.standardiser.standard(maps)
        told = unseen_genes(trunk, rows[~held], rows[held])
        near = nearest(rows[~held], rows[held])
        made = {MEAN: np.tile(maps.mean(1)[:, None], held.sum())}
        made[f"{NEAREST} nearest genes"] = maps[:, near].mean(2)
        made["unseen"] = predict_at(plan.renderer, told.model, sites).mean
        if brain is not None:
            for who, known in (("", loadings_of(brain)), (" of the table", rows)):
                drawn = oracle(known, wells, held, sites)
                made[f"oracle{who}"] = drawn / spread[held]
        for method, mean in made.items():
            predicted.setdefault(method, np.zeros(values.shape))[:, held] = mean
        print(f"fold {fold}: the table tells {100 * told.gain:.0f} % of heads")
    each = {method: [mean] for method, mean in predicted.items()}
    table = [rounded(row) for row in beside(values, each, MEAN)]
    print(*table, sep="\n", flush=True)
    draw(
        out / "unseen.png", [{"cell": r["method"], "parameters": 1, **r} for r in table]
    )
    write_table(flags, out, table)


if __name__ == "__main__":
    main()
