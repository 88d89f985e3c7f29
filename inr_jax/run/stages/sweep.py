"""The stage `sweep`: which settings predict a new donor best, chosen without it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ml_collections import ConfigDict

from inr_jax import progress
from inr_jax.errors import InputError, unknown_name
from inr_jax.files import write_json
from inr_jax.files.cell_text import listed
from inr_jax.report import sweep as report
from inr_jax.run import config as settings
from inr_jax.run.consistency import Result, check_inputs, check_settings
from inr_jax.run.provenance import add_summary, read_json, timed
from inr_jax.run.run import Run
from inr_jax.run.sweep import fits
from inr_jax.run.sweep.candidates import label
from inr_jax.run.sweep.plan import Candidate, Sweep, load_candidates, with_seeds
from inr_jax.samples.samples import Samples
from inr_jax.stats import hold_out, nested_cv
from inr_jax.stats.baselines import baselines, structure_baselines

MOST_SEEDS = 20


def make_sweep(
    config: ConfigDict,
    sweep: str | None = None,
    protocol: str | None = None,
    donors: str | None = None,
    seeds: str | None = None,
) -> Sweep:
    """Read the verb's own flags.

    Raises:
        InputError: An unknown protocol, or a bad sweep file.
    """
    protocol, known = (
        protocol or hold_out.DONOR,
        (hold_out.DONOR, hold_out.DONOR_STRUCTURE),
    )
    if protocol not in known:
        raise unknown_name("--protocol", protocol, known)
    text = seeds or "1"
    count = int(text) if text.isdigit() else 0
    if not 1 <= count <= MOST_SEEDS:
        expected, fix = f"a number from 1 to {MOST_SEEDS}", "as --seeds=3"
        raise InputError("--seeds", expected=expected, found=repr(seeds), fix=fix)
    candidates = with_seeds(load_candidates(sweep, config, protocol), count)
    return Sweep(candidates, protocol, donors or "", count)


def sweep_stage(run: Run, sweep: Sweep) -> None:
    """Predict with every candidate in every fold, choose, and say how good that is."""
    samples, workdir = run.source.samples, run.workdir
    outer = _outer(samples, sweep)
    folder = workdir.sweep
    _check_same(folder / "made_from.json", run, sweep)
    donors = np.unique(samples.donor).tolist()
    held = nested_cv.folds(donors, outer)
    groups = fits.make_groups(samples, sweep, held)
    with timed(workdir, "sweep"):
        predictions, seconds = fits.predict_all(
            groups, samples, held, folder=folder, sweep=sweep
        )
        first = sweep.candidates[:: sweep.seeds]
        plain = [candidate.name == label({}) for candidate in first]
        choices = nested_cv.choose(
            samples,
            predictions,
            outer,
            seeds=sweep.seeds,
            default=plain.index(True) if any(plain) else 0,
        )
        baseline_scores = _baseline_scores(
            samples, outer, sweep.protocol, run.config.inputs.mirror
        )
    names = [samples.donors[d] for d in outer]
    candidates = [(each.name, _without_seed(each, sweep)) for each in first]
    seconds = seconds.reshape(-1, sweep.seeds).sum(1)
    table = report.make_table(candidates, choices, seconds, names, baseline_scores)
    table["seeds"] = sweep.seeds
    report.write_csv(workdir.root / "sweep.csv", table)
    write_json(workdir.root / "sweep.json", table | {"protocol": sweep.protocol})
    workdir.figures.mkdir(exist_ok=True)
    report.draw(workdir.figures / "sweep.png", table)
    scores = {"protocol": sweep.protocol, **table["methods"]["nested"]}
    add_summary(workdir.summary, {"sweep": scores})
    print(report.as_text(table), flush=True)


def _without_seed(candidate: Candidate, sweep: Sweep) -> dict:
    """Overrides of a candidate, without a seed that `--seeds` gave it."""
    if sweep.seeds == 1:
        return candidate.overrides
    return {key: v for key, v in candidate.overrides.items() if key != "seed"}


def _baseline_scores(
    samples: Samples, outer: list[int], protocol: str, mirror: bool
) -> dict[str, np.ndarray]:
    """Mean r and R2 of the baselines, on the same wells."""
    named, scores = protocol == hold_out.DONOR_STRUCTURE, {}
    for name, predict in (structure_baselines if named else baselines)(mirror).items():
        progress.safe_point()
        prediction = hold_out.leave_one_donor_out(predict, samples, named=named)
        scores[name] = nested_cv.means(samples, prediction.mean, outer)
    return scores


def _outer(samples: Samples, sweep: Sweep) -> list[int]:
    """The donors to choose for."""
    donors = np.unique(samples.donor).tolist()
    names = [samples.donors[d] for d in donors]
    if len(donors) < 3:
        raise InputError(
            "sweep",
            expected="three donors: to score on, to choose on, to fit",
            found=f"{len(donors)} ({', '.join(names)})",
            fix="give samples of more donors",
        )
    reason = hold_out.why_no_structures(samples)
    if sweep.protocol == hold_out.DONOR_STRUCTURE and reason:
        fix = f"take --protocol={hold_out.DONOR}"
        raise InputError("--protocol", expected="structures", found=reason, fix=fix)
    wanted = listed(sweep.donors)
    for name in wanted:
        if name not in names:
            raise unknown_name("--donors", name, names)
    return [d for d in donors if not wanted or samples.donors[d] in wanted]


def _check_same(path: Path, run: Run, sweep: Sweep) -> None:
    """Refuse to go on with another sweep; note what this one is made from."""
    config, source = run.config, run.source
    now = {
        "protocol": sweep.protocol,
        "donors": sweep.donors,
        "candidates": [one.overrides for one in sweep.candidates],
        "anatomy": config.anatomy.to_dict(),
    }
    if path.exists():
        notes = read_json(path)
        made = Result(path, notes.get("config", ""), notes.get("inputs_sha256", {}))
        check_settings(made, config)
        check_inputs(made, source)
        changed = [key for key, value in now.items() if notes.get(key) != value]
        if changed:
            raise InputError(
                path,
                expected="the sweep it was made with",
                found=f"another in {', '.join(changed)}",
                fix="take a new --workdir, or the old sweep",
            )
        return
    path.parent.mkdir(exist_ok=True)
    now |= {"config": settings.to_json(config), "inputs_sha256": source.files}
    write_json(path, now)
