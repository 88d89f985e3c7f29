"""How long until a field predicts a new donor as well as the paper's recipe ever does?

The paper's recipe (configs/paper_per_gene.py, one network a gene) is scored on donors
left out every `every` steps; its best mean r over genes, and the seconds to it, stand
against the seconds that the default takes to the same score. Seconds are those of
preparing targets and of steps, for all folds, without compiling and scoring.

python benchmarks/time_to_score.py --path=DIR_OR_ZIP [--genes=20] [--json=FILE]
"""

from __future__ import annotations

import time

import numpy as np
from lib.machine import PATH, about, flags_of, write
from lib.settings import PAPER, settings_of, some_genes

from inr_jax.fields import model as render
from inr_jax.fitting import fit, fitted_data, recipe
from inr_jax.run import build
from inr_jax.run.flags import load_config
from inr_jax.stats.scores import score

TINY = {"phantom.n_wells": 60, "phantom.n_genes": 3}


def curve(settings, samples, donors, *, every: int, steps: int) -> list[dict]:
    """Step, seconds and mean r on donors left out; a row every `every` steps."""
    plan = build.make_model_recipe(settings, samples, "place")
    recipe.first_state(plan)  # compiles
    own = np.isin(samples.donor, donors)
    pooled = np.zeros((steps // every, *samples.values.shape), np.float32)
    seconds = np.zeros(steps // every)
    for donor in donors:
        held = samples.donor == donor
        training, sites = samples.take(~held), samples.take(held).sites()
        start = time.perf_counter()
        preprocessing = recipe.make_preprocessing(plan, training)
        data = fitted_data.make_data(plan, preprocessing, training, len(samples.well))
        state, spent = recipe.first_state(plan), time.perf_counter() - start
        for row in range(steps // every):
            state, info = fit.fit(
                plan.trainer, state, data, steps=(row + 1) * every, chunk=every
            )
            spent += info.seconds
            seconds[row] += spent
            model, places = (
                recipe.make_model(preprocessing, state),
                recipe.places_of(preprocessing, sites),
            )
            pooled[row, held] = render.render(plan.renderer, model, places)[0]
    rows = []
    for row, found in enumerate(pooled):
        r = float(score(samples.values[own], found[own]).r.mean())
        rows.append({"step": (row + 1) * every, "seconds": float(seconds[row]), "r": r})
    return rows


def main(arguments: list[str] | None = None) -> None:
    """Print both curves, then the two times and their ratio."""
    more = {"genes": (int, 20, "how many; 0: all"), "folds": (int, 0, "donors; 0: all")}
    more |= {"steps": (int, 1000, "of the paper's recipe")}
    flags = flags_of(__doc__, **PATH, **more).parse_args(arguments)
    ours, paper = settings_of(flags, TINY), load_config(PAPER)
    sizes, paper_sizes = ({"every": 5, "steps": n} for n in (100, flags.steps))
    if flags.tiny:
        sizes = paper_sizes = {"every": 2, "steps": 4}
        paper.field.hidden, flags.folds = 8, 2
    samples = some_genes(build.load_source(ours).samples, flags.genes)
    donors = np.unique(samples.donor)[: flags.folds or None]
    print(about(), f"{len(samples.genes)} genes, {len(donors)} donors left out")
    curves = {
        "paper": curve(paper, samples, donors, **paper_sizes),
        "ours": curve(ours, samples, donors, **sizes),
    }
    for name, rows in curves.items():
        for row in rows:
            print(f"{name:6} {row['step']:5} {row['seconds']:8.2f} s  r {row['r']:.4f}")
    best = max(curves["paper"], key=lambda row: row["r"])
    there = [row for row in curves["ours"] if row["r"] >= best["r"]]
    numbers = {"paper_s": best["seconds"], "score": best["r"], "ours_s": None}
    for row in there[:1]:
        numbers |= {"ours_s": row["seconds"], "ratio": best["seconds"] / row["seconds"]}
    print(numbers)
    write(flags.json, {**numbers, "curves": curves})


if __name__ == "__main__":
    main()
