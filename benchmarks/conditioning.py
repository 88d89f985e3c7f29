"""How should a gene enter a field? Codes x injections at equal parameter counts.

Donors are held out; differences from the default have 95 % intervals, genes as units.
What is done lies in the folder; the same command goes on from there.

python benchmarks/conditioning.py [--path=DIR_OR_ZIP] [--seeds=3] [--out=DIR]
"""

from __future__ import annotations

import time

import numpy as np
from lib.cells import (
    BASELINES,
    CODES,
    cells,
    draw,
    interval,
    of_equal_size,
    parameters_of,
)
from lib.settings import settings_of, some_genes
from lib.study_files import study_flags, study_folder, write_table

from inr_jax.fitting.held_out_fit import make_predictor
from inr_jax.run import build
from inr_jax.stats import hold_out
from inr_jax.stats.folds import donor_folds
from inr_jax.stats.scores import score

TINY = {"fit.steps": 2, "fit.members": 1, "field.hidden": 16, "field.depth": 2}
TINY |= {"phantom.n_wells": 60, "phantom.n_genes": 4, "fit.targets": "wells"}
FLAGS = {
    "seeds": (int, 3, "of each cell"),
    "steps": (int, 600, "of a fit"),
    "members": (int, 2, "of an ensemble"),
    "folds": (int, 6, "donors to hold out"),
    "genes": (int, 0, "of the source, evenly; 0: all"),
    "cells": (str, "", "names of injections, comma separated; all"),
}


def main(arguments: list[str] | None = None) -> None:
    """Write a row a cell and baseline, and print it."""
    flags = study_flags(__doc__, "conditioning", **FLAGS).parse_args(arguments)
    if flags.tiny:
        flags.seeds, flags.folds, flags.cells = 1, 2, "film"
    c = settings_of(flags, TINY)
    if not flags.tiny:
        c.fit.steps, c.fit.members = flags.steps, flags.members
    samples = some_genes(build.load_source(c).samples, flags.genes)
    folds, out, rows = donor_folds(samples).first(flags.folds), study_folder(flags), []
    held, genes = folds.of >= 0, len(samples.genes)
    wanted = parameters_of(c, genes)
    methods = cells(flags.cells, 1 if flags.tiny else len(CODES)) | BASELINES
    default = None
    for cell, method in methods.items():
        kept, size = [], 0
        for seed in range(1 if callable(method) else flags.seeds):
            path, predict = out / f"{cell}-{seed}.npz", method
            if not callable(method):
                changed = c.copy_and_resolve_references()
                changed.update_from_flattened_dict({**method, "seed": seed})
                of_equal_size(changed, genes, wanted)
                size, plan = (
                    parameters_of(changed, genes),
                    build.make_recipe(changed, genes),
                )
                predict = make_predictor(plan, folds.largest_training())
            if not path.exists():
                start = time.perf_counter()
                mean = hold_out.hold_out(predict, samples, folds).mean[held]
                r, r2, _ = score(samples.values[held], mean)
                np.savez(path, r=r, r2=r2, seconds=time.perf_counter() - start)
            kept.append(np.load(path))
        seconds = sum(float(seed["seconds"]) for seed in kept)
        means, r2 = (np.mean([seed[k] for seed in kept], 0) for k in ("r", "r2"))
        default = means if default is None else default
        difference, half = interval(means, default)
        row = {"cell": cell, "r": means.mean(), "r2": r2.mean(), "parameters": size}
        row |= {"difference": difference, "half_interval": half, "seconds": seconds}
        rows.append(row | {k: round(float(row[k]), 4) for k in list(row)[1:]})
        print(rows[-1], flush=True)
    draw(out / "conditioning.png", rows)
    write_table(flags, out, rows)


if __name__ == "__main__":
    main()
