"""What is it worth to place values at all wells that they are the mean of?

Held-out donors with values at the named well and at their supports, in each set of
coordinates; kriging, and kriging on the networks' own targets. With --singles, an
export of single wells of the same genes: fitted to the averages of five donors, scored
at the single wells of the sixth, which no averaging can flatter.

python benchmarks/supports.py --path=EXPORT --wells=DIR [--singles=EXPORT] [--inr=1]
"""

from __future__ import annotations

import dataclasses

import numpy as np
from lib.machine import PATH, flags_of, write
from lib.settings import settings_of

from inr_jax.fitting.held_out_fit import make_predictor
from inr_jax.run import build
from inr_jax.samples import sources
from inr_jax.samples.averages import averaged
from inr_jax.samples.samples import Samples
from inr_jax.stats.baselines import baselines
from inr_jax.stats.hold_out import leave_one_donor_out
from inr_jax.stats.predictor import Predictor
from inr_jax.stats.scores import score

TINY = {"fit.steps": 2, "fit.members": 2, "phantom.n_wells": 120, "phantom.n_genes": 3}
METHODS = ("kriging", "kriging_targets", "kriging_local")
FLAGS = PATH | {
    "wells": (str, "", "a folder with the table of the atlas's wells"),
    "singles": (str, "", "an export of the same genes at single wells"),
    "coordinates": (str, "abagen,ants", "sets, with commas"),
    "inr": (int, 0, "1: the network, too (minutes)"),
}


def pairs_of(flags, config) -> dict[str, tuple[Samples, Samples]]:
    """Averages and single wells for each set of coordinates; of the phantom without."""
    if not flags.path:
        singles = build.load_source(config).samples
        return {"phantom": (averaged(singles, "structure"), singles)}
    pairs = {}
    for name in flags.coordinates.split(","):
        given = {"wells": flags.wells, "coordinates": name}
        means = sources.read(flags.path, "allen_export", **given).samples
        wells = means
        if flags.singles:
            wells = sources.read(flags.singles, "allen_export", **given).samples
        pairs[name] = (means, wells)
    return pairs


def at_single_wells(predict: Predictor, means: Samples, singles: Samples) -> np.ndarray:
    """Each donor's single wells `(N, G)`, predicted from the averages of the others."""
    predicted = np.empty(singles.values.shape)
    for number, name in enumerate(singles.donors):
        rows = singles.donor == number
        training = means.take(means.donor != means.donors.index(name))
        sites = singles.take(rows).sites().unnamed()
        predicted[rows] = predict(training, sites).mean
    return predicted


def main(arguments: list[str] | None = None) -> None:
    """Print mean r and R2 over genes, a line a method, support and coordinates."""
    flags = flags_of(__doc__, **FLAGS).parse_args(arguments)
    config, rows = settings_of(flags, TINY), []
    for coordinates, (means, singles) in pairs_of(flags, config).items():
        for support in ("named", "wells"):
            placed = means
            if support == "named":
                placed = dataclasses.replace(means, support=None)
            methods = {name: baselines(True)[name] for name in METHODS}
            if flags.inr or flags.tiny:
                plan = build.make_model_recipe(config, placed, "place")
                methods["inr"] = make_predictor(plan, len(placed.well))
            for method, predict in methods.items():
                held_out = leave_one_donor_out(predict, placed).mean
                scores = {"averages": score(placed.values, held_out)}
                if singles is not means:
                    predicted = at_single_wells(predict, placed, singles)
                    scores["single_wells"] = score(singles.values, predicted)
                for scored, of in scores.items():
                    row = {"coordinates": coordinates, "support": support}
                    row |= {"method": method, "scored": scored}
                    row |= {"r": float(of.r.mean()), "r2": float(of.r2.mean())}
                    rows.append(row)
                    print(*(str(value)[:15] for value in row.values()), sep="  ")
    write(flags.json, {"rows": rows})


if __name__ == "__main__":
    main()
