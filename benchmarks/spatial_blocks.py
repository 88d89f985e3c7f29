"""How fast does each method fall off with the distance to the nearest sample?

Cubes of 10, 20 and 40 mm are held out, five folds of them (left and right folded
together), beside whole donors. Wells of the same donor and structure stay in training.

python benchmarks/spatial_blocks.py --path=DIR_OR_ZIP [--json=FILE]
"""

from __future__ import annotations

import time

import numpy as np
from lib import studies, study_figures
from lib.settings import settings_of
from lib.study_files import study_flags, study_folder, write_table

from inr_jax.fitting.held_out_fit import make_predictor
from inr_jax.run import build
from inr_jax.stats import hold_out
from inr_jax.stats.baselines import baselines
from inr_jax.stats.folds import block_folds, block_protocol, donor_folds
from inr_jax.stats.neighbours import nearest_distance_mm

SIDES_MM = (10.0, 20.0, 40.0)
TINY = {"fit.steps": 2, "fit.members": 1, "field.hidden": 4, "field.depth": 1}
TINY |= {"phantom.n_wells": 60, "phantom.n_genes": 2}


def distance_mm(samples, folds) -> float:
    """Median over held-out wells of the distance to the nearest training well, mm."""
    found = [
        nearest_distance_mm(
            samples.x_mm[folds.of != n], samples.x_mm[folds.of == n], mirror=True
        )
        for n in folds.numbers()
    ]
    return round(float(np.median(np.concatenate(found))), 1)


def main(arguments: list[str] | None = None) -> None:
    """Write a row a protocol and method, and print it."""
    flags = study_flags(__doc__, "spatial_blocks").parse_args(arguments)
    c = settings_of(flags, TINY)
    samples, rows = build.load_source(c).samples, []
    protocols = {
        block_protocol(side): block_folds(samples, side, mirror=True)
        for side in SIDES_MM
    }
    protocols["donor"] = donor_folds(samples)
    largest = max(folds.largest_training() for folds in protocols.values())
    plan = build.make_model_recipe(c, samples, "place")
    methods = {"inr": make_predictor(plan, largest)} | baselines(True)
    for protocol, folds in protocols.items():
        far = distance_mm(samples, folds)
        for name, predict in methods.items():
            start = time.perf_counter()
            prediction = hold_out.hold_out(predict, samples, folds)
            case = {"protocol": protocol, "method": name, "distance_mm": far}
            rows.append(case | studies.mean_scores(samples, folds, prediction.mean))
            print(f"{rows[-1]}  {time.perf_counter() - start:.0f} s", flush=True)
    out = study_folder(flags)
    order = ["donor", *(name for name in protocols if name != "donor")]
    drawn = [{**row, "place": order.index(row["protocol"])} for row in rows]
    # Donors are another question than cubes: no line from the one to the others.
    drawn += [{"method": m, "place": 0.5, "r": np.nan, "r2": np.nan} for m in methods]
    ticks = {
        row["place"]: f"{row['protocol']}\n{row['distance_mm']:g} mm"
        for row in drawn
        if "protocol" in row
    }
    label = "held out, and median distance to the nearest training well"
    panels = {f"{len(samples.genes)} genes, {len(samples.well)} wells": drawn}
    picture = out / "spatial_blocks.png"
    study_figures.curves(picture, panels, along="place", label=label, ticks=ticks)
    write_table(flags, out, rows)


if __name__ == "__main__":
    main()
