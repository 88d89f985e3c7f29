"""Which settings predict a new donor best, chosen without looking at that donor?

For every donor left out, each candidate is scored by leaving out the other donors one
at a time (fits on the remaining four); the best one by mean r predicts the donor.
What is printed as `nested` is therefore the honest score of choosing.

python benchmarks/nested_settings.py --path=DIR_OR_ZIP [--json=FILE]
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from pathlib import Path

import numpy as np

from inr_jax import build, config, evaluate, recipe
from inr_jax.baselines import baselines
from inr_jax.scores import score

CANDIDATES = [
    {"fit.targets": targets, "fit.jitter_mm": jitter}
    for targets in ("effects", "wells")
    for jitter in (2.0, 3.0, 4.0, 6.0)
]
CANDIDATES += [{"fit.targets": "wells", "fit.jitter_mm": 0.0}]
BEST = {"fit.targets": "effects", "fit.jitter_mm": 3.0}
OTHERS = {"field.omega": 10.0, "field.hidden": 128, "fit.steps": 300}
OTHERS |= {"inputs.tissue": "soft", "fit.weight_decay": 0.1}
CANDIDATES += [{**BEST, key: value} for key, value in OTHERS.items()]


def settings(path: str, overrides: dict, small: bool):
    c = config.default()
    c.source.name, c.source.path = ("allen_export", path) if path else ("phantom", "")
    tiny = {"fit.steps": 2, "phantom.n_wells": 60, "phantom.n_genes": 3}
    with c.unlocked():
        c.update_from_flattened_dict({**(tiny if small else {}), **overrides})
    return c


def inner_scores(samples, predict) -> list[float]:
    """For each donor: mean r over the others, each predicted without both."""
    donors, held = np.unique(samples.donor), {}
    for a, b in itertools.combinations(donors, 2):
        out = np.isin(samples.donor, (a, b))
        mean = predict(samples.take(~out), samples.take(out).sites())
        held[a, b], held[b, a] = (mean[samples.donor[out] == d] for d in (b, a))
    truth = {b: samples.values[samples.donor == b] for b in donors}
    scores = []
    for a in donors:
        rest = [b for b in donors if b != a]
        found = np.concatenate([held[a, b] for b in rest])
        scores.append(means(np.concatenate([truth[b] for b in rest]), found)["r"])
    return scores


def means(truth: np.ndarray, found: np.ndarray) -> dict[str, float]:
    """Mean r and mean R2 over genes."""
    scores = score(truth, found)
    return {"r": round(float(scores.r.mean()), 4), "r2": round(scores.r2.mean(), 4)}


def main(arguments: list[str] | None = None) -> None:
    """Print a line a candidate, then the honest score of choosing among them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--path", default="", help="an Allen export; else the phantom")
    parser.add_argument("--json", default="")
    parser.add_argument("--tiny", action="store_true", help="seconds, for the tests")
    flags = parser.parse_args(arguments)
    samples = build.load_source(settings(flags.path, {}, flags.tiny)).samples
    inner, outer, rows = [], [], []
    for overrides in CANDIDATES[:2] if flags.tiny else CANDIDATES:
        start = time.perf_counter()
        chosen = settings(flags.path, overrides, flags.tiny)
        plan = build.make_recipe(chosen, len(samples.genes))
        predict = recipe.make_predictor(plan, len(samples.well))
        inner.append(inner_scores(samples, predict))
        outer.append(evaluate.leave_one_donor_out(predict, samples))
        inner_r = round(float(np.mean(inner[-1])), 4)
        rows.append(overrides | {"inner_r": inner_r} | means(samples.values, outer[-1]))
        print(f"{rows[-1]}  {time.perf_counter() - start:.0f} s", flush=True)
    chosen = np.zeros_like(samples.values)
    for donor, row in enumerate(np.argmax(inner, axis=0)):
        chosen[samples.donor == donor] = outer[row][samples.donor == donor]
        print(f"without {samples.donors[donor]}: chosen {CANDIDATES[row]}")
    kriging = evaluate.leave_one_donor_out(baselines(True)["kriging"], samples)
    for name, found in (("nested", chosen), ("kriging", kriging)):
        rows.append({"method": name} | means(samples.values, found))
        print(rows[-1])
    if flags.json:
        Path(flags.json).write_text(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
