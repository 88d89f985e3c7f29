"""Which settings predict a new donor best, chosen without looking at that donor?

For every donor left out, each candidate is scored by leaving out the other donors one
at a time (fits on the remaining four); the best one by mean r predicts the donor.
What is printed as `nested` is therefore the honest score of choosing.

python benchmarks/nested_settings.py --path=DIR_OR_ZIP [--anatomy] [--json=FILE]
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

from inr_jax import build, config, evaluate, recipe
from inr_jax.anatomy_baselines import anatomy_baselines
from inr_jax.baselines import baselines
from inr_jax.scores import score

PLACES = [
    {"fit.targets": targets, "fit.jitter_mm": jitter}
    for targets in ("effects", "wells")
    for jitter in (2.0, 3.0, 4.0, 6.0)
]
PLACES += [{"fit.targets": "wells", "fit.jitter_mm": 0.0}]
OTHERS = {"field.omega": 10.0, "field.hidden": 128, "fit.steps": 300}
OTHERS |= {"inputs.tissue": "soft", "fit.weight_decay": 0.1}
PLACES += [{**PLACES[1], key: value} for key, value in OTHERS.items()]
NAMES = [
    {"anatomy.steps": steps, "anatomy.omega": omega}
    for steps, omega in ((200, 4.0), (100, 4.0), (50, 4.0), (100, 2.5), (100, 6.0))
]
TINY = {"fit.steps": 2, "anatomy.steps": 2}
TINY |= {"phantom.n_wells": 60, "phantom.n_genes": 3}


def settings(flags: argparse.Namespace, overrides: dict):
    c = config.default()
    c.phantom.named = flags.anatomy
    if flags.path:
        c.source.name, c.source.path = "allen_export", flags.path
    c.update_from_flattened_dict({**overrides, **(TINY if flags.tiny else {})})
    return c


def inner_score(samples, predict, donor: int, named: bool) -> float:
    """Mean r without `donor`: its fellows, each predicted from the other four."""
    rest = samples.take(samples.donor != donor)
    found = evaluate.leave_one_donor_out(predict, rest, named=named)
    return means(rest.values, found)["r"]


def means(truth: np.ndarray, found: np.ndarray) -> dict[str, float]:
    """Mean r and mean R2 over genes."""
    scores = score(truth, found)
    return {"r": round(float(scores.r.mean()), 4), "r2": round(scores.r2.mean(), 4)}


def main(arguments: list[str] | None = None) -> None:
    """Print a line a candidate, then the honest score of choosing among them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--path", default="", help="an Allen export; else the phantom")
    parser.add_argument("--anatomy", action="store_true", help="structures are known")
    parser.add_argument("--json", default="")
    parser.add_argument("--tiny", action="store_true", help="seconds, for the tests")
    flags = parser.parse_args(arguments)
    samples, named = build.load_source(settings(flags, {})).samples, flags.anatomy
    donors, inner, outer, rows = np.unique(samples.donor), [], [], []
    candidates = NAMES if named else PLACES
    for overrides in candidates[:1] if flags.tiny else candidates:
        start, c = time.perf_counter(), settings(flags, overrides)
        plan = build.make_recipe(c, len(samples.genes))
        plan = build.make_anatomy_recipe(c, samples) if named else plan
        predict = recipe.make_predictor(plan, len(samples.well))
        inner.append([inner_score(samples, predict, d, named) for d in donors])
        outer.append(evaluate.leave_one_donor_out(predict, samples, named=named))
        inner_r = {"inner_r": round(float(np.mean(inner[-1])), 4)}
        rows.append(overrides | inner_r | means(samples.values, outer[-1]))
        print(f"{rows[-1]}  {time.perf_counter() - start:.0f} s", flush=True)
    found = {"nested": np.zeros_like(samples.values)}
    for donor, row in enumerate(np.argmax(inner, axis=0)):
        held = samples.donor == donor
        found["nested"][held] = outer[row][held]
        print(f"without {samples.donors[donor]}: chosen {candidates[row]}")
    for name, predict in (anatomy_baselines if named else baselines)(True).items():
        found[name] = evaluate.leave_one_donor_out(predict, samples, named=named)
    for name, predicted in found.items():
        rows.append({"method": name} | means(samples.values, predicted))
        print(rows[-1])
    if flags.json:
        Path(flags.json).write_text(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
