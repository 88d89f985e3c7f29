"""How good is a new gene after 0, 1, 3, 10, 50 steps, where no closed form gives it?

A trunk whose genes are learned codes (`--injection`), fitted to half of the genes; the
other half starts at the mean code. Donors are held out of trunk and codes.

python benchmarks/adapt_steps.py [--path=DIR_OR_ZIP] [--json=FILE]
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

STEPS = (0, 1, 3, 10, 50)
TINY = {"fit.steps": 2, "fit.members": 1, "field.hidden": 4, "field.depth": 1}
TINY |= {"phantom.n_wells": 60, "phantom.n_genes": 4, "fit.targets": "wells"}
FLAGS = {
    "injection": (str, "film", "shift, film, hyper or concat"),
    "folds": (int, 2, "donors to hold out"),
    "steps": (int, 600, "of the fit of the trunk"),
    "pairs": (int, 1024, "of well and gene a step of that fit"),
}


def main(arguments: list[str] | None = None) -> None:
    """Write a row a number of steps, and one for kriging; print them."""
    flags = study_flags(__doc__, "adapt_steps", **FLAGS).parse_args(arguments)
    c = settings_of(flags, TINY)
    c.conditioning.name, c.conditioning.code = flags.injection, "latent"
    if flags.tiny:
        flags.folds = 1
    else:
        c.fit.steps, c.fit.members, c.fit.pairs = flags.steps, 1, flags.pairs
    samples = build.load_source(c).samples
    old, new = list(samples.genes[::2]), list(samples.genes[1::2])
    plans = {
        size: build.make_recipe(c, len(genes)) for size, genes in enumerate([old, new])
    }
    scores: dict[str, list] = {}

    def note(method: str, wells, mean) -> None:
        kept = score(wells.values, mean)
        scores.setdefault(method, []).append((kept.r.mean(), kept.r2.mean()))

    for donor in range(flags.folds):
        held, start = samples.donor == donor, time.process_time()
        training, test = samples.take(~held), samples.take(held).keep_genes(new)
        sites, wells = test.sites().unnamed(), training.keep_genes(new)
        trunk = make_model(*fitted(plans[0], training.keep_genes(old)))
        for steps in STEPS:
            model = adapt(plans[1], trunk, wells, steps=steps).model
            note(str(steps), test, predict_at(plans[1].renderer, model, sites).mean)
        note("kriging", test, kriging(wells, sites, mirror=True).mean)
        print(f"donor {donor}, {time.process_time() - start:.0f} CPU s", flush=True)
    table = []
    for method, kept in scores.items():
        r, r2 = np.mean(kept, axis=0).round(4).tolist()
        table.append({"steps": method, "method": flags.injection, "r": r, "r2": r2})
        print(table[-1])
    out = study_folder(flags)
    lines = [{**row, "place": place} for place, row in enumerate(table[: len(STEPS)])]
    ticks = dict(enumerate(map(str, STEPS)))
    title = f"{len(new)} genes on a trunk of {len(old)}"
    study_figures.curves(
        out / "adapt_steps.png",
        {title: lines},
        along="place",
        label="steps",
        ticks=ticks,
    )
    write_table(flags, out, table)


if __name__ == "__main__":
    main()
