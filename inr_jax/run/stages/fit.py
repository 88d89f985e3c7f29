"""The stage `fit`: from samples to the newest checkpoint."""

from __future__ import annotations

import logging
import math

from ml_collections import ConfigDict

from inr_jax.errors import InputError
from inr_jax.fitting import checkpoint, fit, recipe
from inr_jax.progress import bar
from inr_jax.run import build
from inr_jax.run import config as settings
from inr_jax.run.provenance import add_summary, timed
from inr_jax.run.workdir import Workdir
from inr_jax.samples.samples import Samples
from inr_jax.samples.source import Source

log = logging.getLogger("inr_jax")


def fit_stage(config: ConfigDict, workdir: Workdir, source: Source) -> None:
    """Fit all wells, from the newest checkpoint if there is one."""
    samples = source.samples
    plan = build.make_recipe(config, len(samples.genes))
    bundle = start_or_restore(config, workdir, plan, samples)
    bundle.meta["inputs_sha256"] = source.files
    done = int(bundle.state.step)
    if done >= plan.steps:
        log.info("fit: already at step %d", done)
        return
    if done:
        log.info("fit: going on from step %d", done)
    every = max(1, -(-config.checkpoint.every // plan.chunk)) * plan.chunk
    with bar("fit", plan.steps, done) as tick:

        def save(state: fit.FitState) -> None:
            now, keep = bundle._replace(state=state), config.checkpoint.keep
            checkpoint.save(workdir.checkpoints, now, keep=keep)

        def on_chunk(state: fit.FitState, loss: float) -> None:
            step = int(state.step)
            _check_loss(loss, step)
            try:
                tick(step, f"loss {loss:.4f}")
            except KeyboardInterrupt:
                save(state)
                raise KeyboardInterrupt(f"fit stopped at step {step}, saved") from None
            if step % every == 0 or step == plan.steps:
                save(state)

        data = recipe.make_data(plan, bundle.preprocessing, samples)
        with timed(workdir, "fit"):
            _, info = fit.fit(
                plan.trainer,
                bundle.state,
                data,
                steps=plan.steps,
                chunk=plan.chunk,
                on_chunk=on_chunk,
            )
    _sum_up_fit(workdir, info, len(info.losses) * len(samples.genes))


def _check_loss(loss: float, step: int) -> None:
    if not math.isfinite(loss):
        raise InputError(
            "fit",
            expected="a finite loss",
            found=f"{loss} by step {step}",
            fix="lower fit.learning_rate, fit.weight_decay or field.omega",
        )


def _sum_up_fit(workdir: Workdir, info: fit.FitInfo, gene_steps: int) -> None:
    speed = gene_steps / max(info.seconds, 1e-9)
    log.info(
        "fit: %d steps in %.1f s (and %.1f s to compile), loss %.4f",
        len(info.losses),
        info.seconds,
        info.compile_seconds,
        info.losses[-1],
    )
    numbers = {
        "seconds": info.seconds,
        "compile_seconds": info.compile_seconds,
        "gene_steps_per_second": speed,
    }
    add_summary(workdir.summary, {"fit": numbers})


def start_or_restore(
    config: ConfigDict, workdir: Workdir, plan: recipe.Recipe, samples: Samples
) -> checkpoint.Bundle:
    """The newest checkpoint, or the state before the first step."""
    state = recipe.first_state(plan)
    if checkpoint.last_step(workdir.checkpoints) is not None:
        genes, code = len(samples.genes), build.code_width(config)
        return checkpoint.restore(workdir.checkpoints, state, genes, code)
    meta = {
        "config": settings.to_json(config),
        "genes": list(samples.genes),
        "mirror": plan.mirror,
        "tissue": plan.tissue,
    }
    return checkpoint.Bundle(state, recipe.make_preprocessing(plan, samples), meta)
