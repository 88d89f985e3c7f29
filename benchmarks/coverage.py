"""Do 90 % intervals hold 90 % of a donor that had no part in making them at all?

The cheap form, as a run has it: a donor's intervals are calibrated on the other
donors' held-out residuals, from fits that mostly saw the donor. The strict form: on
residuals of fits among the other donors alone, each left out in turn; with six donors
30 fits instead of 6. The predictions are the same.

python benchmarks/coverage.py --path=DIR_OR_ZIP [--json=FILE]
"""

from __future__ import annotations

import time

import numpy as np
from lib.machine import PATH, flags_of, write
from lib.settings import settings_of

from inr_jax.brain.divisions import parts_of
from inr_jax.fitting.held_out_fit import make_predictor
from inr_jax.run import build
from inr_jax.samples.samples import Samples
from inr_jax.stats.coverage import (
    coverage,
    coverage_table,
    donor_intervals,
)
from inr_jax.stats.hold_out import leave_one_donor_out
from inr_jax.stats.predictor import Predictor
from inr_jax.stats.residuals import HeldOut, held_out_wells

TINY = {"fit.steps": 2, "fit.members": 2, "phantom.n_wells": 60, "phantom.n_genes": 3}


def held_out(predict: Predictor, samples: Samples) -> HeldOut:
    """Residuals and spread of every donor, predicted from the others in `samples`."""
    return held_out_wells(samples, leave_one_donor_out(predict, samples))


def main(arguments: list[str] | None = None) -> None:
    """Print coverage overall, by part and by donor, and the width, of both forms."""
    flags = flags_of(__doc__, **PATH).parse_args(arguments)
    c = settings_of(flags, TINY)
    samples = build.load_source(c).samples.originals()
    plan = build.make_model_recipe(c, samples, "place")
    predict = make_predictor(plan, len(samples.well))
    held, mirror = held_out(predict, samples), c.inputs.mirror
    part = parts_of(
        samples.parents, samples.parent, samples.structures, samples.structure
    )

    def among_the_others(donor: int) -> HeldOut:
        start = time.perf_counter()
        found = held_out(predict, samples.take(samples.donor != donor))
        seconds = time.perf_counter() - start
        print(f"without {samples.donors[donor]}: {seconds:.0f} s", flush=True)
        return found

    forms, rows = {"cheap": None, "strict": among_the_others}, []
    for form, calibrating in forms.items():
        half = donor_intervals(held, mirror=mirror, calibrating=calibrating)
        inside = abs(held.residual) <= half
        found = coverage(inside, part)
        print("\n" + coverage_table(found, form))
        donors = {
            name: round(float(inside[held.donor == number].mean()), 4)
            for number, name in enumerate(samples.donors)
        }
        width = float(np.mean(2 * half))
        genes = np.quantile(inside.mean(0), [0, 1]).round(4).tolist()
        rows.append({"form": form, "mean_width": width, "parts": found})
        rows[-1] |= {"donors": donors, "least_and_most_of_a_gene": genes}
        print(f"mean width {width:.3f}; by donor {donors}; genes {genes}")
    write(flags.json, {"forms": rows})


if __name__ == "__main__":
    main()
