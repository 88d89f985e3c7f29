"""Results that lie in a workdir, and what they were made from.

A stage builds on what earlier ones left; it must not build on results of other
settings, or of files that have changed since.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from ml_collections import ConfigDict

import inr_jax
from inr_jax.errors import InputError, shortlist
from inr_jax.fitting import checkpoint
from inr_jax.maps.calibration import Calibrated, read_calibration
from inr_jax.run import config as settings
from inr_jax.run.provenance import read_json
from inr_jax.run.settings_table import MAPS, marked
from inr_jax.run.workdir import Workdir
from inr_jax.samples.source import Source


class Result(NamedTuple):
    """What a run left, and what it was made from.

    Attributes:
        path: The checkpoints, the calibration or the scores.
        config: Settings, as JSON.
        inputs: Name of each input file to its SHA-256.
    """

    path: Path
    config: str
    inputs: dict[str, str]


def results_in(workdir: Workdir) -> list[Result]:
    """What later stages would build on.

    Raises:
        InputError: A checkpoint, the calibration, or what is noted beside the scores,
            is damaged.
    """
    results = []
    if checkpoint.last_step(workdir.checkpoints) is not None:
        meta = checkpoint.read_meta(workdir.checkpoints)
        inputs = meta.get("inputs_sha256", {})
        results.append(Result(workdir.checkpoints, meta["config"], inputs))
    if workdir.scores.exists():
        text = workdir.config.read_text() if workdir.config.exists() else ""
        inputs = read_json(workdir.provenance).get("inputs_sha256", {})
        results.append(Result(workdir.scores, text, inputs))
    if workdir.calibration.exists():
        found = read_calibration(workdir.calibration)
        results.append(Result(workdir.calibration, found.config, found.inputs))
    return results


def scored_with(config: ConfigDict) -> dict:
    """What scores depend on beside the fit: protocols, methods, the anatomy's fit."""
    anatomy = config.anatomy.to_dict()
    for key in marked(MAPS):
        del anatomy[key.removeprefix("anatomy.")]
    return {
        "anatomy": anatomy,
        "evaluate": config.evaluate.to_dict(),
        "compare": config.compare.enabled,
        "inr_jax": inr_jax.__version__,
    }


def has_scores(workdir: Workdir, config: ConfigDict) -> bool:
    """Whether the scores that these settings give are there already.

    `check_settings` and `check_inputs` have refused scores of another fit.
    """
    noted = read_json(workdir.summary).get("scored_with")
    return workdir.scores.exists() and noted == scored_with(config)


def check_settings(result: Result, config: ConfigDict) -> None:
    """Refuse settings that would have given another result; rendering may differ.

    Raises:
        InputError: Names the keys that differ.
    """
    try:
        changed = settings.differing_fit_keys(settings.from_json(result.config), config)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        changed = [f"settings that this version cannot read ({error})"]
    # Files are known by their checksums, wherever they lie.
    changed = [line for line in changed if not line.startswith("source.path: ")]
    if changed:
        raise InputError(
            result.path,
            expected="the settings it was made with",
            found="; ".join(changed),
            fix="take a new --workdir, or the old settings",
        )


def check_inputs(result: Result, source: Source) -> None:
    """Refuse input files that are no longer those of the result.

    Raises:
        InputError: Names the files.
    """
    _check_files(result, source.files)


def calibration_in(
    workdir: Workdir,
    config: ConfigDict,
    *,
    genes: tuple[str, ...],
    files: dict[str, str],
) -> Calibrated:
    """The calibration in a workdir, of the fit of these settings, genes and files.

    Raises:
        InputError: It is damaged, or of another fit.
    """
    found = read_calibration(workdir.calibration)
    check_calibration(workdir.calibration, found, config, genes=genes, files=files)
    return found


def check_calibration(
    path: Path,
    found: Calibrated,
    config: ConfigDict,
    *,
    genes: tuple[str, ...],
    files: dict[str, str],
) -> None:
    """Refuse a calibration of another fit than that of these settings.

    Args:
        path: Where it lies, to name in an error.
        found: The calibration.
        config: Settings of the fit.
        genes: Its G symbols.
        files: Name of each of its input files to its SHA-256.

    Raises:
        InputError: Names the keys, files or genes that differ.
    """
    result = Result(path, found.config, found.inputs)
    check_settings(result, config)
    _check_files(result, files)
    if found.genes != genes:
        raise InputError(
            path,
            expected="the genes of the fit",
            found=f"{len(found.genes)} others ({shortlist(found.genes)})",
            fix="delete it and run evaluate again",
        )


def _check_files(result: Result, files: dict[str, str]) -> None:
    changed = dict(result.inputs.items() ^ files.items())
    if changed:
        raise InputError(
            result.path,
            expected="the inputs it was made from",
            found=f"others in {shortlist(sorted(changed))}",
            fix="take a new --workdir, or the old files",
        )
