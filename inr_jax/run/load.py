"""A finished run as a model in Python."""

from __future__ import annotations

from pathlib import Path

from ml_collections import ConfigDict

from inr_jax.errors import InputError, first_line, unknown_name
from inr_jax.files.reading import user_path
from inr_jax.fitting import checkpoint
from inr_jax.run import build, fitted
from inr_jax.run import config as settings
from inr_jax.run.consistency import calibration_in
from inr_jax.run.expression_model import ExpressionModel, make_expression_model
from inr_jax.run.held_out import PROTOCOLS, held_out_of
from inr_jax.run.wells import read_wells
from inr_jax.run.workdir import SUFFIXES, Workdir


def load(folder: str | Path, model: str = "place") -> ExpressionModel:
    """The newest model in a workdir of `inr-jax run`, `inr-jax fit` or `save`.

    Needs no source data.

    Args:
        folder: The workdir.
        model: "place", or "structure" for the one that also sees structures.

    Raises:
        InputError: There is no checkpoint, it is broken, or the calibration beside it
            is of another fit.
    """
    if model not in SUFFIXES:
        raise unknown_name("model", model, SUFFIXES)
    files = Workdir(user_path(folder))
    checkpoints = files.checkpoints_of(model)
    meta = checkpoint.read_meta(checkpoints)
    config = _settings(checkpoints, meta["config"])
    wells = read_wells(files.wells)
    plan = build.make_model_recipe(config, wells.samples, model)
    bundle = fitted.restore(checkpoints, plan, wells.samples)
    calibrated, held_out, path = None, None, files.calibration_of(model)
    if path.exists() and fitted.is_whole(plan, bundle):
        genes, inputs = tuple(meta["genes"]), meta.get("inputs_sha256", {})
        calibrated = calibration_in(
            path, config, genes=genes, files=inputs, model=model
        )
        held_out = held_out_of(files, PROTOCOLS[model])
    return make_expression_model(model, bundle, wells, calibrated, held_out)


def _settings(folder: Path, text: str) -> ConfigDict:
    try:
        return settings.from_json(text)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            folder,
            expected="settings that this version of inr_jax can read",
            found=first_line(error),
            fix="load it with the version in provenance.json, or fit again",
        ) from error
