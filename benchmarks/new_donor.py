"""What does a model gain on a new donor from 1, 5 or 20 of its wells?

Donors are held out in turn; some of their wells are given, others predicted. How donors
differ is learned from predictions of the other donors, each made without itself and
without the new one. Beside it: the model as it was, shifted by the mean residual of the
wells given, and kriging with these wells among its own.

python benchmarks/new_donor.py --path=DIR_OR_ZIP [--json=FILE]
"""

from __future__ import annotations

import numpy as np
from lib import study_figures
from lib.held_out import beside, fold_predictions, rounded
from lib.settings import settings_of
from lib.study_files import study_flags, study_folder, write_table

from inr_jax.fitting.held_out_fit import make_predictor
from inr_jax.run import build
from inr_jax.samples.samples import Samples
from inr_jax.stats import nested_cv
from inr_jax.stats.kriging import kriging
from inr_jax.stats.new_donor import donor_latent, donor_prior

WELLS = (1, 5, 20)
AS_IT_WAS = "as it was"
TINY = {"fit.steps": 2, "fit.members": 1, "field.hidden": 4, "field.depth": 1}
TINY |= {"phantom.n_wells": 200, "phantom.n_genes": 4, "fit.targets": "wells"}
FLAGS = {
    "folds": (int, 6, "donors to hold out"),
    "draws": (int, 10, "of so many wells"),
    "steps": (int, 600, "of a fit"),
    "members": (int, 3, "of an ensemble"),
}


def by_method(samples: Samples, made: dict, donor: int, count: int, draws: int):
    """(method, draw, wells predicted, predictions of them) of a donor."""
    f, others = made[(donor,)], samples.donor != donor
    inner = np.full(samples.values.shape, np.nan)
    for other in np.unique(samples.donor[others]).tolist():
        rows = samples.donor == other
        inner[rows] = made[tuple(sorted((donor, other)))][rows]
    told = samples.values[others], inner[others], samples.donor[others]
    prior = donor_prior(*told, count)
    for draw in range(draws):
        order = np.random.default_rng(draw).permutation(np.flatnonzero(~others))
        known, rest = order[:count], order[max(WELLS) :]
        latent = donor_latent(prior, samples.values[known], f[known])
        yield AS_IT_WAS, draw, rest, f[rest]
        shift = (samples.values[known] - f[known]).mean(0)
        yield "mean residual", draw, rest, f[rest] + shift
        yield "latent", draw, rest, latent.adapted(f[rest])
        wells = samples.take(np.union1d(np.flatnonzero(others), known))
        sites = samples.take(rest).sites().unnamed()
        mean = kriging(wells, sites, mirror=True).mean
        yield "kriging, wells added", draw, rest, mean


def main(arguments: list[str] | None = None) -> None:
    """Write a row a number of wells and method, and print it."""
    flags = study_flags(__doc__, "new_donor", **FLAGS).parse_args(arguments)
    c = settings_of(flags, TINY)
    if flags.tiny:
        flags.folds, flags.draws = 1, 1
    else:
        c.fit.steps, c.fit.members = flags.steps, flags.members
    samples, table = build.load_source(c).samples, []
    donors = np.unique(samples.donor).tolist()
    plan = build.make_model_recipe(c, samples, "place")
    predict = make_predictor(plan, len(samples.well))
    folds = nested_cv.folds(donors, donors[: flags.folds])
    made = fold_predictions(predict, samples, folds)
    for count in WELLS:
        filled: dict = {}
        for donor in donors[: flags.folds]:
            parts = by_method(samples, made, donor, count, flags.draws)
            for method, draw, rows, mean in parts:
                every = filled.setdefault(method, {})
                whole = every.setdefault(draw, np.full(samples.values.shape, np.nan))
                whole[rows] = mean
        each = {method: list(draws.values()) for method, draws in filled.items()}
        for row in beside(samples.values, each, AS_IT_WAS):
            table.append(rounded({"wells": count} | row))
            print(table[-1], flush=True)
    out, ticks = study_folder(flags), {k: str(n) for k, n in enumerate(WELLS)}
    lines = {"": [{**row, "place": WELLS.index(row["wells"])} for row in table]}
    how = {"along": "place", "label": "wells of the new donor", "ticks": ticks}
    study_figures.curves(out / "new_donor.png", lines, **how)
    write_table(flags, out, table)


if __name__ == "__main__":
    main()
