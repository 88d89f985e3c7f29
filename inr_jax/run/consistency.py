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
from inr_jax.files.reading import sha256_of
from inr_jax.files.stored import contents
from inr_jax.fitting import checkpoint
from inr_jax.maps.calibration import Calibrated, read_calibration
from inr_jax.report import tables
from inr_jax.run import config as settings
from inr_jax.run.provenance import read_json
from inr_jax.run.run import Run
from inr_jax.run.settings_table import MAPS, marked
from inr_jax.run.workdir import SUFFIXES, Workdir
from inr_jax.samples.source import Source

# Settings of the structure model that its fit does not depend on.
DRAWING = ("enabled", "maps", "atlas", "atlas_info", "blur_mm", "crosswalk")


class Result(NamedTuple):
    """What a run left, and what it was made from.

    Attributes:
        path: The checkpoints, the calibration or the scores.
        config: Settings, as JSON.
        inputs: Name of each input file to its SHA-256.
        model: Name of the model that it depends on.
    """

    path: Path
    config: str
    inputs: dict[str, str]
    model: str = "place"


def results_in(workdir: Workdir) -> list[Result]:
    """What later stages would build on.

    Raises:
        InputError: A checkpoint, the calibration, or what is noted beside the scores,
            is damaged.
    """
    results = []
    for model in SUFFIXES:
        folder = workdir.checkpoints_of(model)
        if checkpoint.last_step(folder) is not None:
            meta = checkpoint.read_meta(folder)
            inputs = meta.get("inputs_sha256", {})
            results.append(Result(folder, meta["config"], inputs, model))
    if workdir.scores.exists():
        text = _text_of(workdir.config)
        inputs = read_json(workdir.provenance).get("inputs_sha256", {})
        results.append(Result(workdir.scores, text, inputs))
    for model in SUFFIXES:
        path = workdir.calibration_of(model)
        if path.exists():
            calibrated = read_calibration(path)
            made = Result(path, calibrated.config, calibrated.inputs, model)
            results.append(made)
    return results


def _text_of(path: Path) -> str:
    """Text of a file; what is no text is told where it is read as settings."""
    try:
        return contents(path).decode(errors="replace")
    except (OSError, ValueError):
        return ""


def scored_with(config: ConfigDict) -> dict:
    """What scores depend on beside the fit: protocols, methods, the structure model."""
    maps_alone = [key.removeprefix("anatomy.") for key in marked(MAPS)]
    section = config.anatomy.to_dict().items()
    anatomy = {key: value for key, value in section if key not in maps_alone}
    return {
        "anatomy": anatomy,
        "evaluate": config.evaluate.to_dict(),
        "compare": config.compare.enabled,
        "inr_jax": inr_jax.__version__,
    }


def has_scores(run: Run) -> bool:
    """Whether the scores that the settings of a run give are there already.

    `check_settings` and `check_inputs` have refused scores of another fit.
    """
    noted = read_json(run.workdir.summary).get("scored_with")
    files = evaluated_files(run.workdir)
    whole = all(is_noted(run.workdir.root / name, files) for name in files)
    return (
        run.workdir.scores.name in files and whole and noted == scored_with(run.config)
    )


def evaluated_files(workdir: Workdir) -> dict[str, str]:
    """Name of each file that the last evaluation left, or was to -> its SHA-256."""
    return read_json(workdir.summary).get("evaluated", {})


def read_scores_of(workdir: Workdir) -> list[dict]:
    """The scores that an evaluation left; none where there was none.

    Raises:
        InputError: They are not those that it noted, or are damaged.
    """
    if not workdir.scores.exists():
        return []
    if not is_noted(workdir.scores, evaluated_files(workdir)):
        raise InputError(
            workdir.scores,
            expected=f"the scores that {workdir.summary.name} tells of",
            found="others, or those of an evaluation that was stopped",
            fix="run inr-jax evaluate again, or delete them",
        )
    return tables.read_scores(workdir.scores)


def is_noted(path: Path, files: dict[str, str]) -> bool:
    """Whether a file is the one of its name among `evaluated_files`."""
    try:
        return path.is_file() and sha256_of(path) == files.get(path.name)
    except OSError:
        return False


def check_settings(result: Result, config: ConfigDict) -> None:
    """Refuse settings that would have given another result; rendering may differ.

    Raises:
        InputError: Names the keys that differ.
    """
    try:
        before = settings.from_json(result.config)
        changed = settings.differing_fit_keys(before, config)
        if result.model == "structure":
            changed += _differing_structure_keys(before, config)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        changed = [f"settings that this version cannot read ({error})"]
    # Files are known by their checksums, wherever they lie.
    names = ("path", "wells", "atlas", "atlas_info")
    paths = tuple(f"source.{name}: " for name in names)
    changed = [line for line in changed if not line.startswith(paths)]
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


def _differing_structure_keys(one: ConfigDict, other: ConfigDict) -> list[str]:
    return [
        f"anatomy.{key}: {one.anatomy[key]!r} -> {other.anatomy[key]!r}"
        for key in sorted(one.anatomy)
        if key not in DRAWING and one.anatomy[key] != other.anatomy[key]
    ]


def calibration_in(
    path: Path,
    config: ConfigDict,
    *,
    genes: tuple[str, ...],
    files: dict[str, str],
    model: str = "place",
) -> Calibrated:
    """The calibration in a file, of the fit of these settings, genes and files.

    Args:
        path: The file.
        config: Settings of the fit.
        genes: Its G symbols.
        files: Name of each of its input files to its SHA-256.
        model: Name of the model that was fitted.

    Raises:
        InputError: It is damaged, or of another fit.
    """
    calibrated = read_calibration(path)
    check_calibration(path, calibrated, config, genes=genes, files=files, model=model)
    return calibrated


def check_calibration(
    path: Path,
    calibrated: Calibrated,
    config: ConfigDict,
    *,
    genes: tuple[str, ...],
    files: dict[str, str],
    model: str = "place",
) -> None:
    """Refuse a calibration of another fit; arguments as for `calibration_in`.

    Raises:
        InputError: Names the keys, files or genes that differ.
    """
    result = Result(path, calibrated.config, calibrated.inputs, model)
    check_settings(result, config)
    _check_files(result, files)
    if calibrated.genes != genes:
        raise InputError(
            path,
            expected="the genes of the fit",
            found=f"{len(calibrated.genes)} others ({shortlist(calibrated.genes)})",
            fix="delete it and run evaluate again",
        )


def _check_files(result: Result, files: dict[str, str]) -> None:
    # A renamed file is the same file; what each holds was checked when it was read.
    if sorted(map(str, result.inputs.values())) == sorted(files.values()):
        return
    changed = dict(result.inputs.items() ^ files.items())
    if changed:
        raise InputError(
            result.path,
            expected="the inputs it was made from",
            found=f"others in {shortlist(sorted(changed))}",
            fix="take a new --workdir, or the old files",
        )
