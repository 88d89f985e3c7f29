"""The stage `fit`: from samples to the newest checkpoint."""

from __future__ import annotations

import contextlib
import logging
import signal
from collections.abc import Callable, Iterator
from typing import Any

from ml_collections import ConfigDict

from inr_jax import build, checkpoint, fit, recipe
from inr_jax import config as settings
from inr_jax.progress import bar
from inr_jax.provenance import add_summary, timed
from inr_jax.samples import Samples
from inr_jax.sources import Source
from inr_jax.workdir import Workdir

log = logging.getLogger("inr_jax")


def fit_stage(config: ConfigDict, workdir: Workdir, source: Source) -> None:
    """Fit all wells, from the newest checkpoint if there is one."""
    samples = source.samples
    plan = build.make_recipe(config, len(samples.genes))
    bundle = start_or_restore(config, workdir, plan, samples)
    done = int(bundle.state.step)
    if done >= plan.steps:
        log.info("fit: already at step %d", done)
        return
    if done:
        log.info("fit: going on from step %d", done)
    every = max(1, -(-config.checkpoint.every // plan.chunk)) * plan.chunk
    with deferred_interrupt() as interrupted, bar("fit", plan.steps, done) as tick:

        def keep(state: fit.FitState) -> None:
            checkpoint.save(
                workdir.checkpoints,
                bundle._replace(state=state),
                keep=config.checkpoint.keep,
            )

        def on_chunk(state: fit.FitState, loss: float) -> bool:
            step = int(state.step)
            tick(step, f"loss {loss:.4f}")
            if step % every == 0 or step == plan.steps or interrupted():
                keep(state)
            return interrupted()

        data = recipe.make_data(plan, bundle.frame, samples)
        with timed(workdir, "fit"):
            state, info = fit.fit(
                plan.trainer,
                bundle.state,
                data,
                steps=plan.steps,
                chunk=plan.chunk,
                on_chunk=on_chunk,
            )
    if int(state.step) < plan.steps:
        raise KeyboardInterrupt(f"fit stopped at step {int(state.step)}, saved")
    _sum_up_fit(workdir, info, len(info.losses) * len(samples.genes))


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
    return checkpoint.Bundle(state, recipe.make_frame(plan, samples), meta)


@contextlib.contextmanager
def deferred_interrupt() -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C wait for the end of a chunk; a second one does not wait."""
    asked: list[Any] = []
    try:
        before = signal.getsignal(signal.SIGINT)

        def handler(number: int, frame: Any) -> None:
            asked.append(number)
            signal.signal(signal.SIGINT, before)

        signal.signal(signal.SIGINT, handler)
    except ValueError:  # not in the main thread: nothing to defer
        yield lambda: False
        return
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(signal.SIGINT, before)
