"""What does a model gain on a new donor from 1, 5 or 20 of its wells?

Donors are held out in turn; some of their wells are given, others predicted. How donors
differ is learned from predictions of the other donors, each made without itself and
without the new one. Beside it: the model as it was, shifted by the mean residual of the
wells given; kriging with these wells among its own; networks that have a latent of
each donor, averaged out, and adapted.

python benchmarks/new_donor.py --path=DIR_OR_ZIP [--json=FILE]
"""

from __future__ import annotations

import numpy as np
from lib import study_figures
from lib.donor_methods import (
    AS_IT_WAS,
    by_network,
    by_residuals,
    draws_of,
    network_parts,
)
from lib.held_out import beside, fold_predictions, rounded
from lib.settings import settings_of
from lib.study_files import study_flags, study_folder, write_table

from inr_jax.fitting.held_out_fit import make_predictor
from inr_jax.run import build
from inr_jax.stats import nested_cv

WELLS = (1, 5, 20)
# Cleaned targets are the same for all donors; latents of donors need the wells.
LATENTS = {"fit.targets": "wells", "fit.places": "wells"}
TINY = {"fit.steps": 2, "fit.members": 1, "field.hidden": 4, "field.depth": 1}
TINY |= {"phantom.n_wells": 200, "phantom.n_genes": 4, "fit.targets": "wells"}
FLAGS = {
    "folds": (int, 6, "donors to hold out"),
    "draws": (int, 10, "of so many wells"),
    "steps": (int, 600, "of a fit"),
    "members": (int, 3, "of an ensemble"),
    "width": (int, 4, "numbers of a donor's latent"),
}


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
    c.update_from_flattened_dict(LATENTS | {"conditioning.donor_width": flags.width})
    plan = build.make_model_recipe(c, samples, "place")
    parts = {d: network_parts(plan, samples, d) for d in donors[: flags.folds]}
    for count in WELLS:
        filled: dict = {}
        for donor, part in parts.items():
            how = {"draws": flags.draws, "most": max(WELLS)}
            draws = list(draws_of(samples, donor, count, **how))
            told = by_residuals(samples, made, donor, draws)
            for method, draw, mean in [*told, *by_network(samples, plan, part, draws)]:
                every = filled.setdefault(method, {})
                whole = np.full(samples.values.shape, np.nan)
                every.setdefault(draw.number, whole)[draw.rest] = mean
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
