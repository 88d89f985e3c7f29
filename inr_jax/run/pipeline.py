"""The whole story on one page: prepare, fit, evaluate, render.

Each stage reads what the stages before it left in the workdir, so each can also be
run alone. `run` is all of them in this order: held-out scores come before maps, for
every map carries its own.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable

from ml_collections import ConfigDict

from inr_jax.errors import InputError
from inr_jax.files import write_text
from inr_jax.fitting import checkpoint
from inr_jax.run import build
from inr_jax.run import config as settings
from inr_jax.run.adapted_folder import check_fitted_here
from inr_jax.run.consistency import (
    Result,
    check_inputs,
    check_settings,
    has_scores,
    results_in,
)
from inr_jax.run.leftovers import remove_leftovers
from inr_jax.run.provenance import add_summary, write_provenance
from inr_jax.run.regions import make_regions
from inr_jax.run.run import Run
from inr_jax.run.sources import FROM_CHECKPOINT, read_source
from inr_jax.run.stages.adapt import adapt_stage
from inr_jax.run.stages.associate import associate_stage
from inr_jax.run.stages.compare import compare_stage, describe
from inr_jax.run.stages.cortex import cortex_stage
from inr_jax.run.stages.crosswalk import crosswalk_stage
from inr_jax.run.stages.derivatives import (
    check_no_store,
    derivatives_stage,
    quantity_stage,
)
from inr_jax.run.stages.evaluate import evaluate_stage
from inr_jax.run.stages.export import export
from inr_jax.run.stages.figures import figures_stage
from inr_jax.run.stages.fit import fit_stage
from inr_jax.run.stages.latents import latents_stage
from inr_jax.run.stages.regions import regions_stage
from inr_jax.run.stages.render import render_stage
from inr_jax.run.stages.report import report_folder, report_stage
from inr_jax.run.stages.sweep import make_sweep, sweep_stage
from inr_jax.run.surface_maps import surface_of
from inr_jax.run.verbs import GO_ON
from inr_jax.run.wells import has_values, write_wells
from inr_jax.run.workdir import Workdir

log = logging.getLogger("inr_jax")


def all_stages(run: Run) -> None:
    """The verb `run`: from samples to maps, scores and figures."""
    fit_stage(run)
    if run.config.evaluate.enabled and has_scores(run):
        log.info("evaluate: scores are there already (%s)", run.workdir.scores)
        shutil.rmtree(run.workdir.evaluating, ignore_errors=True)  # of a kill
    elif run.config.evaluate.enabled:
        evaluate_stage(run)
    render_stage(run)
    if run.config.render.quantity != "value":
        derivatives_stage(run)
    if run.config.compare.enabled:
        compare_stage(run)
    if run.config.regions.enabled:
        regions_stage(run)
    report_stage(run)


STAGES: dict[str, Callable[..., None]] = {
    "run": all_stages,
    "fit": fit_stage,
    "render": quantity_stage,
    "evaluate": evaluate_stage,
    "compare": compare_stage,
    "associate": associate_stage,
    "sweep": sweep_stage,
    "crosswalk": crosswalk_stage,
    "regions": regions_stage,
    "surfaces": cortex_stage,
    "figures": figures_stage,
    "latents": latents_stage,
}


# What fits anew, which the genes of another's trunk cannot.
REFITTED = ("run", "fit", "evaluate", "sweep", "adapt")
SOURCE_SECTIONS = ("source", "phantom", "ahba")  # what `adapt` may change


def do(verb: str, config: ConfigDict, workdir: Workdir, **flags: str | None) -> None:
    """Run a verb in a workdir.

    Args:
        verb: One of `STAGES`, `export`, `report` or `adapt`.
        config: Every setting.
        workdir: Where results lie and are written.
        **flags: The verb's own flags.

    Raises:
        InputError: Bad data or settings, or others than those of earlier results.
    """
    if verb == "report":  # reads what others left, and no source
        report_folder(workdir, config)
        return
    if verb in REFITTED:
        check_fitted_here(workdir)
    if verb == "adapt":
        adapt_stage(*trunk_of(workdir, config))
        return
    asked: dict = flags
    if verb == "export":  # needs no samples
        export(config, workdir, **flags)
        return
    if verb == "sweep":  # a bad sweep file is refused before data are loaded
        asked = {"sweep": make_sweep(config, **flags)}
    if verb in FROM_CHECKPOINT:  # so is a workdir without a fit
        checkpoint.read_meta(workdir.checkpoints)
    STAGES[verb](prepare(config, workdir, verb), **asked)


def trunk_of(workdir: Workdir, wanted: ConfigDict) -> tuple[Run, ConfigDict]:
    """The run in a workdir, and the settings for genes that go on its trunk.

    Args:
        workdir: With a fit; nothing of it is changed.
        wanted: Its settings, with another source.

    Raises:
        InputError: There is no fit, or more than the source is another.
    """
    meta = checkpoint.read_meta(workdir.checkpoints)
    stored = settings.from_json(meta["config"], workdir.checkpoints)
    config = stored.copy_and_resolve_references()
    for section in (*SOURCE_SECTIONS, "render", "evaluate", "devices"):
        config[section].update(wanted[section])
    if wanted.source.path != stored.source.path:
        asked, before = wanted.source.genes, stored.source.genes
        config.source.genes = "" if asked == before else asked
    changed = settings.differing_fit_keys(config, wanted)
    changed = [line for line in changed if not line.startswith("source.genes: ")]
    if changed:
        raise InputError(
            workdir.checkpoints,
            expected="the settings of the trunk",
            found="; ".join(changed),
            fix="change the source alone",
        )
    config.fit.mixtures = 0  # a new gene has a head of its own
    run = make_run(stored, workdir, "adapt")
    inputs = meta.get("inputs_sha256", {})
    check_inputs(Result(workdir.checkpoints, meta["config"], inputs), run.source)
    return run, config


def prepare(config: ConfigDict, workdir: Workdir, verb: str = "run") -> Run:
    """Load and check the samples; refuse what contradicts results in the workdir.

    Whatever can be refused (a mask, an atlas, a crosswalk) is refused here, before
    the fit.

    Args:
        config: Every setting.
        workdir: Where results lie and are written.
        verb: What is to be done; some go on without the source, if need be.

    Raises:
        InputError: Bad data, or settings or inputs other than those of a checkpoint
            or of scores.
    """
    settings.validate(config)
    if config.source.name == "phantom" and config.source.path:
        expected, fix = "no path, as the phantom reads none", "set source.name"
        found = config.source.path
        raise InputError("config.source", expected=expected, found=found, fix=fix)
    check_no_store(config.render.quantity, config.render.store)
    results = results_in(workdir)
    for result in results:
        check_settings(result, config)
    run = make_run(config, workdir, verb)
    for result in results:
        check_inputs(result, run.source)
    remove_leftovers(workdir)
    if not results:  # numbers of a run whose results are gone
        for path in (workdir.summary, workdir.provenance, workdir.wells):
            path.unlink(missing_ok=True)
    # What one call draws is not what the run is.
    if verb not in GO_ON or not workdir.config.exists():
        write_text(workdir.config, settings.to_json(config) + "\n")
    _note_source(run)
    return run


def make_run(config: ConfigDict, workdir: Workdir, verb: str = "run") -> Run:
    """Everything a run is made of, each part made once; arguments as for `prepare`.

    Raises:
        InputError: A bad mask, bad data, a bad atlas or crosswalk.
    """
    canvas = build.make_canvas(config)
    on_cortex = config.render.surface or verb == "surfaces"
    surface = surface_of(config) if on_cortex else None
    source, brain = read_source(config, workdir.wells, verb)
    samples = source.samples
    regions = None
    if config.anatomy.maps or verb == "crosswalk":
        regions = make_regions(config, samples, canvas)
    models = build.make_models(config, samples)
    return Run(config, workdir, source, canvas, models, brain, regions, surface)


def _note_source(run: Run) -> None:
    """Write where the samples come from; nothing new where they were not read."""
    if not has_values(run.source):
        return
    workdir, samples = run.workdir, run.source.samples
    write_provenance(workdir.provenance, run.config, run.source)
    if not workdir.wells.exists():
        write_wells(workdir.wells, run.source)
    describe(run)
    n, g, d = len(samples.well), len(samples.genes), len(samples.donors)
    log.info("%s: %d wells of %d donors, %d genes", run.config.source.name, n, d, g)
    add_summary(workdir.summary, {"n_genes": g, "n_samples": n})
