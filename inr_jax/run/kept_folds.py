"""Folds of a long evaluation, kept until all are there, so that a stopped one goes on.

A fold of all genes takes minutes where there are many; a run that is killed goes on at
the fold that it was at. A file a fold, in the folder `evaluating/` of the workdir,
which is gone once scores are written.

Axis letters: V sites, G genes.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np

import inr_jax
from inr_jax.errors import InputError
from inr_jax.files import make_folder
from inr_jax.files.stored_arrays import Array, read_arrays, write_arrays
from inr_jax.samples.samples import Samples
from inr_jax.samples.sites import Sites
from inr_jax.stats.memo import digest
from inr_jax.stats.predictor import Prediction, Predictor

log = logging.getLogger("inr_jax")
FORMAT = 1  # raised when an old file can no longer be read
SCHEMA = {"mean": Array(("V", "G")), "spread?": Array(("V", "G"), "f", 0.0)}


def made_from(config: str, files: Mapping[str, str]) -> str:
    """SHA-256 of what predictions of a fold follow from: settings, inputs, version."""
    whole = json.dumps([config, sorted(files.values()), inr_jax.__version__])
    return hashlib.sha256(whole.encode()).hexdigest()


def kept(predict: Predictor, folder: Path, made: str) -> Predictor:
    """The same method; what it predicted for a fold is read where it is kept.

    Args:
        predict: The method.
        folder: Where folds are kept.
        made: `made_from` of the run; a fold of another one is predicted again.

    Raises:
        InputError: The disk is full or the folder cannot be written.
    """

    def kept_or_made(training: Samples, sites: Sites) -> Prediction:
        names = digest(training.well, training.genes, sites.x_mm, sites.structure)
        path, shape = folder / f"fold-{names.hex()[:16]}.npz", len(sites.x_mm)
        prediction = _read(path, made, (shape, len(training.genes)))
        if prediction is not None:
            return prediction
        prediction = predict(training, sites)
        arrays = {name: a for name, a in prediction._asdict().items() if a is not None}
        make_folder(folder, fix="check that the workdir is yours")
        write_arrays(path, arrays, {"of": path.name, "made_from": made}, FORMAT)
        return prediction

    return kept_or_made


def _read(path: Path, made: str, shape: tuple[int, int]) -> Prediction | None:
    """What is kept of a fold; None where that is nothing, or another run's."""
    read = read_fold(path, SCHEMA, ("of", "made_from"), FORMAT, fix="predicted again")
    if read is None or read[1] != {"of": path.name, "made_from": made}:
        return None
    arrays, _ = read
    if np.shape(arrays["mean"]) != shape:
        return None
    return Prediction(arrays["mean"], arrays.get("spread"))


def read_fold(
    path: Path, schema: Mapping, texts: tuple[str, ...], version: int, *, fix: str
) -> tuple[dict, dict] | None:
    """Arrays of a fold and what is told of them; None, and a line, if damaged.

    Args:
        path: The file, which may not be there.
        schema: Of the arrays.
        texts: Names of what is told of them.
        version: Of the format.
        fix: What is done instead.
    """
    if not path.exists():
        return None
    try:
        return read_arrays(
            path,
            schema,
            dict.fromkeys(texts, str),
            version=version,
            lengths={},
            expected="predictions of a fold",
            fix=fix,
        )
    except InputError as error:
        log.warning("%s", error)
        return None
