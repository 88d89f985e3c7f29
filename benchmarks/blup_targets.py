"""Could targets come from kriging's own covariance, without EM?

Wells as they are; BLUP under the covariance of kriging, donors included; EM. Scored by
kriging in space, and by the mean of a structure's targets.

python benchmarks/blup_targets.py [--path=EXPORT] [--json=FILE]
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial

import numpy as np
from lib.machine import PATH, flags_of, write
from lib.settings import settings_of

from inr_jax.brain.space import folded
from inr_jax.run import build
from inr_jax.samples.samples import Samples
from inr_jax.samples.sites import Sites
from inr_jax.samples.standardise import standardiser
from inr_jax.stats.baselines import structure_mean
from inr_jax.stats.hold_out import leave_one_donor_out
from inr_jax.stats.kernels import matern32, same_group
from inr_jax.stats.kriging import STRUCTURE_LENGTH_MM, kriging
from inr_jax.stats.normal_law import log_likelihood_slope
from inr_jax.stats.predictor import Prediction, Predictor
from inr_jax.stats.scores import score
from inr_jax.stats.targets import targets_of

TINY = {"phantom.n_wells": 120, "phantom.n_genes": 3}
START = (0.05, 0.2, 0.3, 0.1, 0.4)  # variances, standard units


def likely_blup(z: np.ndarray, wells: Samples) -> np.ndarray:
    """BLUP `(N, G)` of place, structure and parent at the wells."""
    from scipy.optimize import minimize

    x_mm = folded(wells.x_mm.astype(np.float64), True)
    place = matern32(x_mm, x_mm, STRUCTURE_LENGTH_MM)
    groups = wells.structure, wells.parent, wells.donor
    structure, parent, donor = (same_group(group, group) for group in groups)
    kinds = np.float64([place, structure, parent, parent & donor, np.eye(len(z))])

    def misfit(logs: np.ndarray) -> tuple[float, np.ndarray]:
        variances = np.exp(logs)
        value, slope = log_likelihood_slope(np.tensordot(variances, kinds, 1), z)
        return -value, -variances * np.tensordot(kinds, slope, 2)

    bounds = [(np.log(1e-6), None)] * len(START)
    best = minimize(misfit, np.log(START), jac=True, bounds=bounds).x
    covariance = np.tensordot(np.exp(best), kinds, 1)
    signal = np.tensordot(np.exp(best[:3]), kinds[:3], 1)
    return signal @ np.linalg.solve(covariance, z)


def em_blup(z: np.ndarray, wells: Samples) -> np.ndarray:
    """The targets that fits use."""
    return targets_of(wells, z, mirror=True)[0]


in_space = partial(kriging, mirror=True, length_mm=15.0, nugget=0.3)
TARGETS = {"wells": lambda z, wells: z, "likelihood": likely_blup, "EM": em_blup}


def fitted_to(make_targets: Callable, method: Predictor) -> Predictor:
    """The method, fitted to targets in place of values."""

    def predict(training: Samples, sites: Sites) -> Prediction:
        scaler = standardiser(training.values)
        z = scaler.standard(training.values.astype(np.float64))
        values = scaler.values(make_targets(z, training))
        return method(dataclasses.replace(training, values=values), sites)

    return predict


def main(arguments: list[str] | None = None) -> None:
    """Print mean r and R2 over genes of each kind of targets."""
    flags = flags_of(__doc__, **PATH).parse_args(arguments)
    samples = build.load_source(settings_of(flags, TINY)).samples
    print(f"{'targets':<12}{'kriging r':>10}{'R2':>7}{'structure r':>13}{'R2':>7}")
    rows: dict[str, list[float]] = {name: [] for name in TARGETS}
    for name, make_targets in TARGETS.items():
        for named, method in ((False, in_space), (True, structure_mean)):
            predict = fitted_to(make_targets, method)
            means = leave_one_donor_out(predict, samples, named=named).mean
            scores = score(samples.values, means)
            rows[name] += [float(scores.r.mean()), float(scores.r2.mean())]
        r, r2, named_r, named_r2 = rows[name]
        print(f"{name:<12}{r:>10.4f}{r2:>7.3f}{named_r:>13.4f}{named_r2:>7.3f}")
    write(flags.json, {"scores": rows})


if __name__ == "__main__":
    main()
