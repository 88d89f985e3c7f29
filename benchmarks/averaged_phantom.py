"""Averages over structures instead of wells: how much of the truth at voxels is left?

A phantom whose values are means over all wells of a donor in a structure, or in a
parent as at Coarse resolution of a web search; fitted at the named well, and at all
wells that they are the mean of. Scored against the truth at every so many voxels.

python benchmarks/averaged_phantom.py [--genes=20] [--voxels=5000]
"""

from __future__ import annotations

import dataclasses

from lib.machine import flags_of, write
from lib.settings import settings_of
from lib.truths import truth_of

from inr_jax.fitting.held_out_fit import make_predictor
from inr_jax.run import build
from inr_jax.samples.averages import averaged
from inr_jax.stats.baselines import baselines
from inr_jax.stats.scores import score

TINY = {"fit.steps": 2, "fit.members": 2, "phantom.n_wells": 120}
METHODS = ("nearest", "kriging", "kriging_targets", "kriging_local")
FLAGS = {
    "genes": (int, 20, "G"),
    "voxels": (int, 5000, "of the brain, about, evenly spaced"),
    "path": (str, "", "none: this is the phantom's alone"),
}


def main(arguments: list[str] | None = None) -> None:
    """Print r and R2 at voxels, a line a method, average and support."""
    flags, rows = flags_of(__doc__, **FLAGS).parse_args(arguments), []
    if flags.tiny:
        flags.genes, flags.voxels = 3, 300
    config = settings_of(flags, TINY)
    config.phantom.n_genes = flags.genes
    brain = build.make_phantom(config)
    wells = build.load_source(config).samples
    sites, true = truth_of(config, brain, wells, flags.voxels)
    for averages in ("none", "structure", "parent"):
        values = averaged(wells, averages)
        for support in ("named well", "all wells"):
            named = support == "named well"
            placed = dataclasses.replace(values, support=None) if named else values
            methods = {name: baselines(True)[name] for name in METHODS}
            plan = build.make_model_recipe(config, placed, "place")
            methods["inr"] = make_predictor(plan, len(placed.well))
            for name, predict in methods.items():
                scores = score(true, predict(placed, sites).mean)
                row = {"averages": averages, "support": support, "method": name}
                row |= {"values": len(placed.well)}
                row |= {"r": float(scores.r.mean()), "r2": float(scores.r2.mean())}
                rows.append(row)
                print(
                    *(str(value)[:15] for value in row.values()), sep="  ", flush=True
                )
            if values.support is None:
                break  # wells are one point each
    write(flags.json, {"rows": rows})


if __name__ == "__main__":
    main()
