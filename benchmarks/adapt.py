"""How good is a new gene on a trunk of other genes, from 5, 20, 100 or all wells?

Half of the genes are the trunk's, half are new. Donors are held out of trunk and heads.
Beside them kriging on the same wells, a fit from scratch, and a fit of all genes.

python benchmarks/adapt.py --path=DIR_OR_ZIP [--json=FILE]
"""

from __future__ import annotations

import time

import numpy as np
from lib import study_figures
from lib.settings import settings_of
from lib.study_files import study_flags, study_folder, write_table

from inr_jax.fitting.adapt import adapt
from inr_jax.fitting.held_out_fit import fitted
from inr_jax.fitting.recipe import make_model, predict_at
from inr_jax.run import build
from inr_jax.stats.kriging import kriging
from inr_jax.stats.scores import score

WELLS = (5, 20, 100, 0)  # 0: all
TINY = {"fit.steps": 2, "fit.members": 1, "field.hidden": 4, "field.depth": 1}
TINY |= {"phantom.n_wells": 60, "phantom.n_genes": 4, "fit.targets": "wells"}
FLAGS = {
    "folds": (int, 6, "donors to hold out"),
    "draws": (int, 3, "of so many wells"),
    "steps": (int, 600, "of a fit"),
    "members": (int, 3, "of an ensemble"),
    "scratch": (int, 1, "0: no fits from scratch"),
}


def drawn(training, count: int, draw: int):
    """So many wells of the training donors; all for 0."""
    rows = np.random.default_rng([count, draw]).permutation(len(training.well))
    return training.take(np.sort(rows[: count or None]))


def main(arguments: list[str] | None = None) -> None:
    """Write a row a number of wells and method, and print it."""
    flags = study_flags(__doc__, "adapt", **FLAGS).parse_args(arguments)
    c = settings_of(flags, TINY)
    if flags.tiny:
        flags.folds, flags.draws, flags.scratch = 1, 1, 0
    else:
        c.fit.steps, c.fit.members = flags.steps, flags.members
    samples = build.load_source(c).samples
    old, new = list(samples.genes[::2]), list(samples.genes[1::2])
    sizes = {"trunk": len(old), "new": len(new), "joint": len(samples.genes)}
    plans = {name: build.make_recipe(c, size) for name, size in sizes.items()}
    scores: dict = {}

    def note(count: int, method: str, wells, mean) -> None:
        kept = score(wells.values, mean)
        scores.setdefault((count, method), []).append((kept.r.mean(), kept.r2.mean()))

    for donor in range(flags.folds):
        held, start = samples.donor == donor, time.perf_counter()
        training, test = samples.take(~held), samples.take(held).keep_genes(new)
        rows, sites = len(training.well), test.sites().unnamed()
        trunk = make_model(*fitted(plans["trunk"], training.keep_genes(old), rows))
        for count in WELLS:
            for draw in range(flags.draws if count else 1):
                wells = drawn(training.keep_genes(new), count, draw)
                model = adapt(plans["new"], trunk, wells).model
                mean = predict_at(plans["new"].renderer, model, sites).mean
                note(count, "adapt", test, mean)
                note(count, "kriging", test, kriging(wells, sites, mirror=True).mean)
                if flags.scratch:
                    model = make_model(*fitted(plans["new"], wells))
                    mean = predict_at(plans["new"].renderer, model, sites).mean
                    note(count, "scratch", test, mean)
        if flags.scratch:
            model = make_model(*fitted(plans["joint"], training, rows))
            mean = predict_at(plans["joint"].renderer, model, sites).mean
            columns = [samples.genes.index(gene) for gene in new]
            note(0, "joint", test, mean[:, columns])
        print(f"donor {donor}, {time.perf_counter() - start:.0f} s", flush=True)
    table = []
    for (count, method), kept in scores.items():
        r, r2 = np.mean(kept, axis=0).round(4).tolist()
        table.append({"wells": count, "method": method, "r": r, "r2": r2})
        print(table[-1])
    out = study_folder(flags)
    ticks = dict(enumerate(["5", "20", "100", "all"]))
    lines = [{**row, "place": WELLS.index(row["wells"])} for row in table]
    panels = {f"{len(new)} genes on a trunk of {len(old)}": lines}
    study_figures.curves(
        out / "adapt.png", panels, along="place", label="wells", ticks=ticks
    )
    write_table(flags, out, table)


if __name__ == "__main__":
    main()
