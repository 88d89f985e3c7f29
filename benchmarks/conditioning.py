"""How should a gene enter a field? Codes x injections at equal parameter counts.

Donors are held out; differences from the default have 95 % intervals, genes as units.
Cells are fitted donor by donor, all cells before the next donor, and kept in the
folder; the same command goes on from there. The table is written after each donor.

python benchmarks/conditioning.py [--path=DIR_OR_ZIP] [--seeds=3] [--out=DIR]
"""

from __future__ import annotations

import re
from functools import partial

from lib import grid
from lib.cells import DEFAULT, write_gene_table
from lib.grid_methods import methods_of
from lib.settings import settings_of, some_genes
from lib.study_files import study_flags, study_folder, write_table

from inr_jax.run import build
from inr_jax.stats.folds import donor_folds

TINY = {"fit.steps": 2, "fit.members": 1, "field.hidden": 16, "field.depth": 2}
TINY |= {"phantom.n_wells": 60, "phantom.n_genes": 4, "fit.targets": "wells"}
FLAGS = {
    "seeds": (int, 3, "of each cell, fitted side by side"),
    "steps": (int, 600, "of a fit"),
    "members": (int, 1, "of an ensemble"),
    "pairs": (int, 1024, "of well and gene a step, where a gene costs a network"),
    "folds": (int, 6, "donors to hold out"),
    "genes": (int, 0, "of the source, evenly; 0: all"),
    "cells": (str, "", "a regular expression of cells' names; all"),
    "modules": (str, "", "files of injections of your own, comma separated"),
    "paper": (int, 0, "steps of the paper's joint recipe, one seed; 0: without"),
}


def main(arguments: list[str] | None = None) -> None:
    """Write a row a cell and baseline, and print it."""
    flags = study_flags(__doc__, "conditioning", **FLAGS).parse_args(arguments)
    if flags.tiny:
        flags.seeds, flags.folds, flags.pairs = 2, 2, 16
        flags.cells = "^(gene mean|kriging|independent|film, (table|latent 16))$"
    out, c = study_folder(flags), settings_of(flags, TINY)
    if not flags.tiny:
        c.fit.steps, c.fit.members = flags.steps, flags.members
    samples = some_genes(build.load_source(c).samples, flags.genes)
    c.conditioning.table = str(out / "genes.npz")
    brain = None if flags.path else build.make_phantom(c)
    write_gene_table(out / "genes.npz", samples.genes, brain)
    folds = donor_folds(samples).first(flags.folds)
    methods = methods_of(flags, c, len(samples.genes), folds.largest_training())
    done: dict[str, dict[int, grid.Fold]] = {name: {} for name in methods}
    for number in folds.numbers():
        held = folds.of == number
        training, sites = samples.take(~held), samples.take(held).sites().unnamed()
        for name, (predict, made_from, seeds, size) in methods.items():
            slug = re.sub(r"\W+", "_", name)
            path = out / folds.names[number] / f"{slug}.npz"
            make = partial(predict, training, sites)
            told = made_from | {"genes": samples.genes}
            done[name][number] = grid.kept(path, told, seeds, make)
            row = grid.row_of(samples, folds, done[name], done[DEFAULT])
            print(folds.names[number], name, size, row, flush=True)
        rows = [
            {"cell": name, "parameters": size}
            | grid.row_of(samples, folds, done[name], done[DEFAULT])
            for name, (_, _, _, size) in methods.items()
        ]
        grid.draw(out / "conditioning.png", rows)
        write_table(flags, out, rows)


if __name__ == "__main__":
    main()
