"""The stage `report`: all of a run that a person looks at, in one page."""

from __future__ import annotations

import logging
from typing import Any

from ml_collections import ConfigDict

import inr_jax
from inr_jax.files import write_text
from inr_jax.files.reading import SMALL, read_bytes
from inr_jax.files.rows import read_csv
from inr_jax.fitting import checkpoint
from inr_jax.maps.calibration import read_calibration
from inr_jax.maps.write import Canvas
from inr_jax.report import page_methods, tables
from inr_jax.report.page import Report, SettingRow, make_page
from inr_jax.report.viewer_pairs import HeldOutPairs
from inr_jax.run import build, fitted, load
from inr_jax.run import config as settings
from inr_jax.run.consistency import evaluated_files, read_scores_of
from inr_jax.run.expression_model import ExpressionModel
from inr_jax.run.held_out import held_out_of
from inr_jax.run.provenance import read_json, timed
from inr_jax.run.run import Run
from inr_jax.run.settings_table import TABLE
from inr_jax.run.stages.calibrate import PROTOCOLS
from inr_jax.run.stages.render import expression_model
from inr_jax.run.stages.report_associations import associations_of
from inr_jax.run.stages.report_volumes import viewer_data
from inr_jax.run.stages.report_warnings import Left, missing_of, warnings_of
from inr_jax.run.workdir import SUFFIXES, Workdir
from inr_jax.stats.hold_out import summarise

log = logging.getLogger("inr_jax")
UNITS = {
    "phantom": "synthetic expression",
    "allen_export": "z-score",
    "ahba": "normalised expression",
}
DROPPED = ("gene", "probes", "fate", "present")


def report_stage(run: Run) -> None:
    """Write report.html of what the stages before it left; the verb `run`'s last."""
    if run.config.report.page:
        write_report(run.workdir, run.canvas, expression_model(run))


def report_folder(folder: Workdir, config: ConfigDict) -> None:
    """The verb `report`: the page of a workdir, whatever there is; needs no source.

    Args:
        folder: A run's.
        config: Its settings.

    Raises:
        InputError: Something in the folder is damaged.
    """
    name = "structure" if config.anatomy.maps else "place"
    there = checkpoint.last_step(folder.checkpoints_of(name)) is not None
    model = load.load(folder.root, name) if there else None
    write_report(folder, build.make_canvas(config), model)


def write_report(
    workdir: Workdir,
    canvas: Canvas,
    model: ExpressionModel | None,
) -> None:
    """Write the page of a run.

    Args:
        workdir: What its stages left.
        canvas: The voxels that maps are drawn at.
        model: The model that is drawn; None where there is no fit.

    Raises:
        InputError: A file of the run is damaged, or the page cannot be written.
    """
    with timed(workdir, "report"):
        text = make_page(report_of(workdir, canvas, model))
        write_text(workdir.report, text)
    log.info("report: %s, %.1f MB", workdir.report, len(text.encode()) / 1e6)


def report_of(
    workdir: Workdir, canvas: Canvas, model: ExpressionModel | None
) -> Report:
    """What the page tells; arguments as for `write_report`."""
    left = Left(workdir, _settings_of(workdir, model), model, read_scores_of(workdir))
    protocol, gene_scores = tables.of_maps(left.scores, sees_structures=_sees(model))
    whole = model is None or fitted.is_whole(model.recipe, model.bundle)
    if not whole:
        protocol, gene_scores = "", {}  # folds took all steps: scores of another fit
    viewer = None if model is None else viewer_data(model, canvas)
    if viewer is not None and whole and left.settings.report.wells:
        viewer = viewer._replace(pairs=_pairs(left))
    validated = None if viewer is None else viewer.validated
    calibrated = None if model is None else model.calibrated
    paragraphs, references = _methods(left)
    report = Report(
        title=f"Gene expression in the brain: {workdir.root.resolve().name}",
        facts=_facts(left),
        warnings=[],
        missing=missing_of(left),
        genes=() if model is None else model.genes,
        protocol=protocol,
        gene_scores=gene_scores,
        units=UNITS.get(left.settings.source.name, "expression, units of the source"),
        scores=left.scores,
        coverage=_coverage(workdir),
        matters=calibrated.matters if calibrated else {},
        range_mm=None if model is None or validated is None else model.range_mm,
        validated_share=None if validated is None else float(validated.mean()),
        dropped=_dropped(workdir),
        settings=_settings(left.settings),
        versions=_versions(workdir),
        checksums=_checksums(workdir),
        methods=paragraphs,
        references=references,
        both_sides=left.settings.inputs.mirror and not left.settings.inputs.hemisphere,
        viewer=viewer,
        associations=associations_of(workdir),
    )
    return report._replace(warnings=warnings_of(report, left))


def _settings_of(workdir: Workdir, model: ExpressionModel | None) -> ConfigDict:
    if workdir.config.exists():
        return settings.read(workdir.config)
    return settings.default() if model is None else settings.from_json(model.config)


def _sees(model: ExpressionModel | None) -> bool:
    return model is not None and model.name == "structure"


def _pairs(left: Left) -> HeldOutPairs | None:
    """What folds predicted at held-out wells, of the model's genes."""
    model = left.model
    if model is None:
        return None
    held_out = model.held_out or held_out_of(left.folder, PROTOCOLS[model.name])
    if held_out is None or held_out.genes != model.genes:
        return None
    return HeldOutPairs(held_out.value, held_out.prediction)


def _facts(left: Left) -> list[tuple[str, str]]:
    config, model = left.settings, left.model
    known = read_json(left.folder.provenance)
    facts = [("source", f"{config.source.name}")]
    if model is not None:
        samples = model.wells.samples
        facts += [
            ("genes", f"{len(samples.genes):,}"),
            ("wells", f"{len(samples.well):,}"),
            ("donors", f"{len(samples.donors)}"),
            ("model", f"{config.field.name}, {config.conditioning.name}"),
            ("steps", f"{model.steps:,}"),
        ]
    facts.append(("inr_jax", str(known.get("inr_jax", inr_jax.__version__))))
    if "started" in known:
        facts.append(("started", str(known["started"])))
    return facts


def _coverage(workdir: Workdir) -> dict[str, dict]:
    """Title of a protocol -> what intervals covered, of each calibration there is."""
    coverage = {}
    for model in SUFFIXES:
        path = workdir.calibration_of(model)
        if path.exists():
            coverage[tables.title_of(PROTOCOLS[model])] = read_calibration(
                path
            ).coverage
    return coverage


def _dropped(workdir: Workdir) -> list[dict] | None:
    path = workdir.root / "dropped_genes.csv"
    return read_csv(path, DROPPED, "run again") if path.exists() else None


def _settings(config: ConfigDict) -> list[SettingRow]:
    values = settings.flat(config)
    return [
        SettingRow(key, values[key], row.default, row.meaning)
        for key, row in TABLE.items()
    ]


def _versions(workdir: Workdir) -> list[tuple[str, str]]:
    known = read_json(workdir.provenance)
    packages = known.get("packages")
    rows: dict[str, Any] = {
        name: known[name]
        for name in ("inr_jax", "python", "platform", "device", "devices")
        if name in known
    }
    rows |= packages if isinstance(packages, dict) else {}
    return [(name, str(version)) for name, version in rows.items()]


def _checksums(workdir: Workdir) -> list[tuple[str, str]]:
    inputs = read_json(workdir.provenance).get("inputs_sha256", {})
    return [*inputs.items(), *evaluated_files(workdir).items()]


def _methods(left: Left) -> tuple[list[str], str]:
    """Paragraphs and BibTeX: the atlas's own, where it was preprocessed, and ours."""
    model = left.model
    paragraphs = []
    path = left.folder.root / "methods.md"
    if path.exists():
        text = read_bytes(path, "text", most=SMALL).decode(errors="replace")
        parts = [part for part in text.split("\n\n") if not part.startswith("#")]
        paragraphs += parts[:1]
    if model is not None:
        samples, calibrated = model.wells.samples, model.calibrated
        places = {"fit.places": model.recipe.places}  # "auto" is one of two
        facts = page_methods.Facts(
            version=inr_jax.__version__,
            settings=settings.flat(left.settings) | places,
            wells=len(samples.well),
            donors=len(samples.donors),
            genes=len(samples.genes),
            coordinates=model.wells.coordinates,
            steps=model.steps,
            scores=summarise(left.scores),
            coverage=calibrated.coverage["overall"]["coverage"] if calibrated else None,
            range_mm=calibrated.range_mm if calibrated else None,
        )
        paragraphs.append(page_methods.paragraph(facts))
    return paragraphs, page_methods.references("\n".join(paragraphs))
