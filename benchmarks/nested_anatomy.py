"""Which settings of the field that sees anatomy predict a new donor best?

For every donor left out, each candidate is scored by leaving out the other donors one
at a time (fits on the remaining four); the best by mean r predicts the donor. `nested`
is therefore the honest score of choosing.

python benchmarks/nested_anatomy.py --path=DIR_OR_ZIP [--json=FILE]
"""

from __future__ import annotations

import argparse
import itertools
import json
import time

import numpy as np

from inr_jax import build, config, evaluate, recipe
from inr_jax.anatomy_baselines import anatomy_baselines
from inr_jax.scores import score

CANDIDATES = [
    {"anatomy.steps": steps, "anatomy.omega": omega}
    for steps, omega in ((200, 4.0), (100, 4.0), (50, 4.0), (100, 2.5), (100, 6.0))
]


TINY = {"phantom.n_wells": 60, "phantom.n_genes": 3, "anatomy.steps": 2}


def settings(flags: argparse.Namespace, overrides: dict):
    """The default with a source and overrides."""
    c = config.default()
    c.phantom.named = True
    if flags.path:
        c.source.name, c.source.path = "allen_export", flags.path
    c.update_from_flattened_dict({**overrides, **(TINY if flags.tiny else {})})
    return c


def held_pairs(samples, predict) -> dict:
    """`(a, b)` to predictions of donor b from all donors but a and b."""
    held = {}
    for a, b in itertools.combinations(np.unique(samples.donor), 2):
        out = (samples.donor == a) | (samples.donor == b)
        mean = predict(samples.take(~out), samples.take(out).sites())
        donor = samples.donor[out]
        held[a, b], held[b, a] = mean[donor == b], mean[donor == a]
    return held


def inner_scores(samples, predict) -> list[float]:
    """Mean r for each donor left out, over the others left out one at a time."""
    held, donors = held_pairs(samples, predict), np.unique(samples.donor)
    values = {d: samples.values[samples.donor == d] for d in donors}
    scores = []
    for a in donors:
        rest = [b for b in donors if b != a]
        truth = np.concatenate([values[b] for b in rest])
        scores.append(score(truth, np.concatenate([held[a, b] for b in rest])).r.mean())
    return scores


def main(arguments: list[str] | None = None) -> None:
    """Print a line a candidate, then the honest score of choosing among them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--path", default="", help="an Allen export; else the phantom")
    parser.add_argument("--json", default="")
    parser.add_argument("--tiny", action="store_true", help="seconds, for the tests")
    flags = parser.parse_args(arguments)
    samples = build.load_source(settings(flags, {})).samples
    donors, inner, outer, rows = np.unique(samples.donor), [], [], []
    for overrides in CANDIDATES[: 2 if flags.tiny else None]:
        start = time.perf_counter()
        plan = build.make_anatomy_recipe(settings(flags, overrides), samples)
        predict = recipe.make_predictor(plan, len(samples.well))
        inner.append(inner_scores(samples, predict))
        outer.append(evaluate.leave_one_donor_out(predict, samples, named=True))
        r, r2 = (float(part.mean()) for part in score(samples.values, outer[-1])[:2])
        rows.append(
            overrides | {"inner_r": np.mean(inner[-1]).item(), "r": r, "r2": r2}
        )
        print(f"{rows[-1]}  {time.perf_counter() - start:.0f} s", flush=True)
    best, chosen = np.argmax(inner, axis=0), np.zeros_like(samples.values)
    for donor, row in zip(donors, best, strict=True):
        chosen[samples.donor == donor] = outer[row][samples.donor == donor]
        print(f"without {samples.donors[donor]}: chosen {CANDIDATES[row]}")
    found = {"nested": chosen}
    for name, predict in anatomy_baselines(True).items():
        found[name] = evaluate.leave_one_donor_out(predict, samples, named=True)
    for name, predicted in found.items():
        r, r2 = (float(part.mean()) for part in score(samples.values, predicted)[:2])
        rows.append({"method": name, "r": r, "r2": r2})
        print(f"{name}: r {r:.4f}, R2 {r2:.4f}")
    if flags.json:
        with open(flags.json, "w") as file:
            json.dump(rows, file, indent=2)


if __name__ == "__main__":
    main()
