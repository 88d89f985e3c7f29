"""Uncertainty of a run: calibrated after `evaluate`, read by `render`."""

from __future__ import annotations

import logging

import numpy as np

from inr_jax.brain.divisions import parts_of
from inr_jax.files.reading import sha256_of
from inr_jax.maps.calibration import Calibrated, write_calibration
from inr_jax.report.tables import TITLES
from inr_jax.run import config as settings
from inr_jax.run.consistency import calibration_in, evaluated_files
from inr_jax.run.held_out import PROTOCOLS
from inr_jax.run.provenance import add_summary
from inr_jax.run.run import Run
from inr_jax.stats import conformal, conformal_fit
from inr_jax.stats import coverage as covering
from inr_jax.stats.residuals import HeldOut
from inr_jax.stats.validity import evidence_by_matter, left_out, validated_range_mm

log = logging.getLogger("inr_jax")


def calibrate_stage(
    run: Run, held_out: dict[str, HeldOut]
) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    """Print and keep what intervals cover, and the calibrations that maps go by.

    Args:
        run: With all samples.
        held_out: Name of a model to its held-out residuals.

    Returns:
        Name of each file of a calibration to its SHA-256; and protocol to the sd
        `(N, G)` of a new measurement at each well, calibrated on the other donors.
    """
    sds: dict[str, np.ndarray] = {}
    samples, mirror = run.source.samples, run.config.inputs.mirror
    wells, covered, matters, files = samples.originals(), {}, {}, {}
    part = parts_of(wells.parents, wells.parent, wells.structures, wells.structure)
    range_mm = validated_range_mm(samples, mirror=mirror)
    for model, held in held_out.items():
        protocol = PROTOCOLS[model]
        half = covering.donor_intervals(held, mirror=mirror)
        inside = covering.inside_of(held, half)
        half /= conformal.NORMAL_90
        sds[protocol] = half.astype(np.float32, copy=False)
        covered[protocol] = covering.coverage(inside, part)
        matters[protocol] = evidence_by_matter(held.matter, held.donor, inside)
        table = covering.coverage_table(covered[protocol], TITLES[protocol])
        print(f"\n{table}", flush=True)
        calibrated = Calibrated(
            conformal_fit.calibrate(held, mirror=mirror),
            samples.genes,
            covered[protocol],
            matters[protocol],
            range_mm,
            settings.to_json(run.config),
            run.source.files,
        )
        path = run.workdir.calibration_of(model)
        write_calibration(path, calibrated)
        files[path.name] = sha256_of(path)
        missing = left_out(matters[protocol])
        if missing:
            log.info("%s: not validated: %s", TITLES[protocol], missing)
    numbers = {"validated_range_mm": range_mm, "validated_matters": matters}
    add_summary(run.workdir.summary, {"coverage": covered, **numbers})
    log.info("validated up to %.1f mm from a sample", range_mm)
    return files, sds


def calibration_of(run: Run, model: str, *, whole: bool) -> Calibrated | None:
    """The calibration of a model, or None where there is none.

    Args:
        run: Whose workdir an evaluation may have left one in.
        model: Its name.
        whole: Whether its fit has taken all its steps, as those of the folds have.

    Raises:
        InputError: It is of other settings, inputs or genes.
    """
    path = run.workdir.calibration_of(model)
    if not path.exists():
        if path.name in evaluated_files(run.workdir):
            why = "render: std maps are not calibrated, %s is gone: run evaluate again"
            log.warning(why, path)
        return None
    if not whole:
        log.warning("render: std maps are not calibrated, the fit is not finished")
        return None
    samples, files = run.source.samples, run.source.files
    return calibration_in(
        path, run.config, genes=samples.genes, files=files, model=model
    )
