"""The stage `fit`: from samples to the newest checkpoint of each model."""

from __future__ import annotations

import logging

from inr_jax.files import write_csv
from inr_jax.files.rows import read_csv
from inr_jax.fitting import checkpoint, fit
from inr_jax.fitting.checkpoint import Bundle
from inr_jax.fitting.data import FitData
from inr_jax.progress import bar
from inr_jax.run import config as settings
from inr_jax.run import fitted
from inr_jax.run.provenance import add_summary, timed
from inr_jax.run.run import Run

log = logging.getLogger("inr_jax")
LOSSES = ("step", "loss", "model")  # columns of losses.csv
TITLES = {"place": "fit", "structure": "fit_structure"}  # in summaries
WORDS = {"place": "fit", "structure": "fit of the structure model"}


def fit_stage(run: Run) -> None:
    """Fit all wells with each model, from its newest checkpoint if there is one.

    Raises:
        InputError: A fit diverges, or a checkpoint cannot be read or written.
    """
    for name in run.models:
        if checkpoint.last_step(run.workdir.checkpoints_of(name)) is None:
            _fit(run, name, *_begun(run, name))
            continue
        plan, samples = run.models[name], run.source.samples
        bundle = fitted.restore(run.workdir.checkpoints_of(name), plan, samples)
        done = int(bundle.state.step)
        if fitted.is_whole(plan, bundle):
            log.info("%s: already at step %d", WORDS[name], done)
            continue
        log.info("%s: going on from step %d", WORDS[name], done)
        _fit(run, name, *fitted.with_data(plan, bundle, samples))


def _begun(run: Run, name: str) -> tuple[Bundle, FitData]:
    """The state of a model before its first step, and what it is fitted to."""
    return fitted.begin(
        run.models[name],
        run.source.samples,
        config=settings.to_json(run.config),
        files=run.source.files,
        coordinates=run.source.coordinates,
    )


def _fit(run: Run, name: str, bundle: Bundle, data: FitData) -> None:
    plan, config, folder = run.models[name], run.config, run.workdir.checkpoints_of
    every = max(1, -(-config.checkpoint.every // plan.chunk)) * plan.chunk
    done = int(bundle.state.step)
    losses = _losses_so_far(run, name, done)

    def save(now: Bundle) -> None:
        # In this order: steps of losses.csv beyond the checkpoint are taken again.
        write_csv(run.workdir.losses, LOSSES, losses)
        checkpoint.save(folder(name), now, keep=config.checkpoint.keep)

    steps = bundle.meta["steps"]
    with timed(run.workdir, TITLES[name]), bar(WORDS[name], steps, done) as tick:

        def on_chunk(now: Bundle, loss: float) -> None:
            step = int(now.state.step)
            losses.append({"step": step, "loss": f"{loss:.8g}", "model": name})
            try:
                tick(step, f"loss {loss:.4f}")
            except KeyboardInterrupt:
                save(now)
                raise KeyboardInterrupt(f"fit stopped at step {step}, saved") from None
            if step % every == 0 or step == steps:
                save(now)

        _, info = fitted.go_on(plan, bundle, data, on_chunk)
    _sum_up(run, name, info)


def _losses_so_far(run: Run, name: str, done: int) -> list[dict]:
    """The rows of losses.csv, without those of steps that will be taken again."""
    path = run.workdir.losses
    rows = read_csv(path, LOSSES, "delete it") if path.exists() else []
    return [row for row in rows if row["model"] != name or int(row["step"]) <= done]


def _sum_up(run: Run, name: str, info: fit.FitInfo) -> None:
    log.info(
        "%s: %d steps in %.1f s (and %.1f s to compile), loss %.4f",
        WORDS[name],
        len(info.losses),
        info.seconds,
        info.compile_seconds,
        info.losses[-1],
    )
    gene_steps = len(info.losses) * len(run.source.samples.genes)
    numbers = {
        "seconds": info.seconds,
        "compile_seconds": info.compile_seconds,
        "gene_steps_per_second": gene_steps / max(info.seconds, 1e-9),
    }
    add_summary(run.workdir.summary, {TITLES[name]: numbers})
