"""What do heads of mixtures of the genes cost in held-out score, beside one a gene?

Leave one donor out, with places alone and with structures known: mean r and R2 over
genes, and the processor seconds of the folds' fits and predictions.

python benchmarks/mixtures.py [--path=EXPORT] [--mixtures=0,16,32] [--genes=300]
    [--wells=1851] [--json=FILE]
"""

from __future__ import annotations

import time

import numpy as np
from lib.machine import PATH, flags_of, write
from lib.settings import settings_of

from inr_jax.fitting.held_out_fit import make_predictor
from inr_jax.run import build
from inr_jax.run import config as settings
from inr_jax.samples.samples import Samples
from inr_jax.stats.folds import donor_folds
from inr_jax.stats.hold_out import leave_one_donor_out, why_no_structures
from inr_jax.stats.scores import score

TINY = {"fit.steps": 2, "fit.members": 2, "field.hidden": 4, "anatomy.steps": 2}
TINY |= {"anatomy.field_steps": 2, "phantom.n_wells": 60, "phantom.n_genes": 6}


def measured(config, samples: Samples, mixtures: int) -> list[dict]:
    """A row a model: its score and its time."""
    changed = settings.changed(config, {"fit.mixtures": mixtures})
    models, rows = build.make_models(changed, samples), []
    padded = donor_folds(samples).largest_training()
    for name, plan in models.items():
        start = time.process_time()
        named = name == "structure"
        predict = make_predictor(plan, padded)
        mean = leave_one_donor_out(predict, samples, named=named).mean
        scores = score(samples.values, mean)
        row = {"mixtures": mixtures, "model": name, "r": float(scores.r.mean())}
        row |= {"r2": float(scores.r2.mean()), "r_sd": float(np.std(scores.r))}
        rows.append(row | {"seconds": time.process_time() - start})
        print(row, f"{rows[-1]['seconds']:.0f} s", flush=True)
    return rows


def main(arguments: list[str] | None = None) -> None:
    """Print a line a count and model."""
    more = {"mixtures": (str, "0,16,32", "counts; 0 is a head a gene")}
    more |= {"genes": (int, 300, "of the phantom"), "wells": (int, 1851, "of it")}
    flags = flags_of(__doc__, **PATH, **more).parse_args(arguments)
    config = settings_of(flags, TINY)
    if not flags.path and not flags.tiny:
        sizes = {"phantom.n_genes": flags.genes, "phantom.n_wells": flags.wells}
        config = settings.changed(config, sizes)
    samples = build.load_source(config).samples
    print(f"{len(samples.well)} wells, {len(samples.genes)} genes", flush=True)
    assert not why_no_structures(samples)
    counts = [0, 3] if flags.tiny else map(int, flags.mixtures.split(","))
    rows = [row for count in counts for row in measured(config, samples, count)]
    write(flags.json, {"rows": rows})


if __name__ == "__main__":
    main()
