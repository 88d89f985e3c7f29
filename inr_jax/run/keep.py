"""A model of Python's in a folder, laid out as a run leaves its own."""

from __future__ import annotations

from pathlib import Path

from inr_jax.errors import InputError
from inr_jax.files import write_text
from inr_jax.files.reading import sha256_of
from inr_jax.fitting import checkpoint
from inr_jax.fitting.checkpoint import Bundle
from inr_jax.maps.calibration import Calibrated, write_calibration
from inr_jax.maps.held_out_file import (
    HeldOutPredictions,
    read_held_out,
    write_held_out,
)
from inr_jax.run import workdir
from inr_jax.run.held_out import PROTOCOLS
from inr_jax.run.provenance import add_summary
from inr_jax.run.wells import write_wells
from inr_jax.run.workdir import Workdir
from inr_jax.samples.source import Source


def save_model(
    folder: str | Path,
    name: str,
    bundle: Bundle,
    wells: Source,
    *,
    calibrated: Calibrated | None,
    held_out: HeldOutPredictions | None,
) -> None:
    """Write a model as a workdir that `load` reads and `inr-jax render` draws.

    Raises:
        InputError: The folder cannot be written, holds such a model, or another run
            is in it.
    """
    with workdir.opened(folder) as files:
        step = checkpoint.last_step(files.checkpoints_of(name))
        if step is not None:
            raise InputError(
                folder,
                expected="a folder without a model",
                found=f"one at step {step}",
                fix="take a new folder",
            )
        write_text(files.config, bundle.meta["config"] + "\n")
        write_wells(files.wells, wells)
        if calibrated is not None:
            write_calibration(files.calibration_of(name), calibrated)
        if held_out is not None:
            _keep_held_out(files, PROTOCOLS[name], held_out)
        checkpoint.save(files.checkpoints_of(name), bundle, keep=1)


def _keep_held_out(files: Workdir, protocol: str, held_out: HeldOutPredictions) -> None:
    """Put the predictions of a model beside those of the other, and note the file."""
    path, kept = files.held_out, {protocol: held_out}
    for written in PROTOCOLS.values():
        predictions = read_held_out(path, written) if path.exists() else None
        if written != protocol and predictions is not None:
            kept[written] = predictions
    ordered = {name: kept[name] for name in PROTOCOLS.values() if name in kept}
    write_held_out(path, ordered)
    noted = {path.name: sha256_of(path)}
    add_summary(files.summary, {"evaluated": noted})
