"""The whole story on one page: prepare, fit, evaluate, render.

Each stage reads what the stages before it left in the workdir, so each can also be
run alone. `run` is all of them in this order: held-out scores come before maps, for
every map carries its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from ml_collections import ConfigDict

from inr_jax.files import write_text
from inr_jax.fitting import checkpoint
from inr_jax.run import build
from inr_jax.run import config as settings
from inr_jax.run.consistency import check_inputs, check_settings, has_scores, results_in
from inr_jax.run.provenance import add_summary, write_provenance
from inr_jax.run.stages.compare import compare_stage, describe
from inr_jax.run.stages.crosswalk import crosswalk_stage, make_places
from inr_jax.run.stages.evaluate import evaluate_stage
from inr_jax.run.stages.fit import fit_stage
from inr_jax.run.stages.render import render_stage
from inr_jax.run.stages.sweep import make_sweep, sweep_stage
from inr_jax.run.workdir import Workdir
from inr_jax.samples.source import Source

log = logging.getLogger("inr_jax")


def run(config: ConfigDict, workdir: Workdir) -> None:
    """All stages: from samples to maps, scores and figures."""
    source = prepare(config, workdir)
    fit_stage(config, workdir, source)
    if config.evaluate.enabled and has_scores(workdir, config):
        log.info("evaluate: scores are there already (%s)", workdir.scores)
    elif config.evaluate.enabled:
        evaluate_stage(config, workdir, source)
    render_stage(config, workdir, source)
    if config.compare.enabled:
        compare_stage(config, workdir, source)


def fit_alone(config: ConfigDict, workdir: Workdir) -> None:
    """The verb `fit`."""
    fit_stage(config, workdir, prepare(config, workdir))


def evaluate_alone(config: ConfigDict, workdir: Workdir) -> None:
    """The verb `evaluate`; needs no checkpoint, as it fits every fold anew."""
    evaluate_stage(config, workdir, prepare(config, workdir))


def render_alone(config: ConfigDict, workdir: Workdir) -> None:
    """The verb `render`."""
    checkpoint.read_meta(workdir.checkpoints)  # raises where there is none
    render_stage(config, workdir, prepare(config, workdir))


def compare_alone(config: ConfigDict, workdir: Workdir) -> None:
    """The verb `compare`; reads the maps that `render` left."""
    compare_stage(config, workdir, prepare(config, workdir))


def sweep_alone(config: ConfigDict, workdir: Workdir, **own: str | None) -> None:
    """The verb `sweep`; a bad sweep file is told before data are loaded."""
    sweep = make_sweep(config, **own)
    sweep_stage(config, workdir, prepare(config, workdir), sweep)


def crosswalk_alone(config: ConfigDict, workdir: Workdir) -> None:
    """The verb `crosswalk`; fits nothing."""
    crosswalk_stage(config, workdir, prepare(config, workdir))


STAGES: dict[str, Callable[..., None]] = {
    "run": run,
    "fit": fit_alone,
    "render": render_alone,
    "evaluate": evaluate_alone,
    "compare": compare_alone,
    "sweep": sweep_alone,
    "crosswalk": crosswalk_alone,
}


def prepare(config: ConfigDict, workdir: Workdir) -> Source:
    """Load and check the samples; refuse what contradicts results in the workdir.

    Raises:
        InputError: Bad data, or settings or inputs other than those of a checkpoint
            or of scores.
    """
    settings.validate(config)
    results = results_in(workdir)
    for result in results:
        check_settings(result, config)
    build.make_grid(config)  # a bad mask is told before the fit, not after it
    source = build.load_source(config)
    if config.anatomy.maps:  # so are a bad atlas and a bad crosswalk
        make_places(config, source.samples)
    for result in results:
        check_inputs(result, source)
    if not results:  # numbers of a run whose results are gone
        workdir.summary.unlink(missing_ok=True)
        workdir.provenance.unlink(missing_ok=True)
    samples = source.samples
    write_text(workdir.config, settings.to_json(config) + "\n")
    write_provenance(workdir.provenance, config, source)
    describe(config, workdir, source)
    n, g, d = len(samples.well), len(samples.genes), len(samples.donors)
    log.info("%s: %d wells of %d donors, %d genes", config.source.name, n, d, g)
    add_summary(workdir.summary, {"n_genes": g, "n_samples": n})
    return source
