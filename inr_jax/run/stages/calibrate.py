"""Uncertainty of a run: calibrated by the stage `evaluate`, drawn by `render`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from inr_jax.brain import template
from inr_jax.brain.divisions import parts_of
from inr_jax.fields import model as render
from inr_jax.fields.inputs import make_places
from inr_jax.fitting import recipe
from inr_jax.fitting.checkpoint import Bundle
from inr_jax.maps.calibration import Calibrated, write_calibration
from inr_jax.maps.gene_batches import Block
from inr_jax.maps.write import Canvas, write_validated
from inr_jax.report import voxel_errors
from inr_jax.report.tables import TITLES
from inr_jax.run import build
from inr_jax.run import config as settings
from inr_jax.run.consistency import calibration_in
from inr_jax.run.provenance import add_summary
from inr_jax.run.workdir import Workdir
from inr_jax.samples import phantom
from inr_jax.samples.samples import Samples
from inr_jax.samples.source import Source
from inr_jax.stats import conformal
from inr_jax.stats import coverage as covering
from inr_jax.stats.hold_out import DONOR
from inr_jax.stats.neighbours import nearest_distance_mm

log = logging.getLogger("inr_jax")
COMPARED = 20_000  # voxels of the phantom where errors are looked at
SPREAD_TOLD = {
    "Description": "Standard deviation of expression over the ensemble's members",
    "Calibrated": False,
    "Note": "not an interval for a measurement: no donor was held out from this fit",
}


def calibrate_run(
    config: ConfigDict,
    workdir: Workdir,
    source: Source,
    found: dict[str, conformal.HeldOut],
) -> None:
    """Print and keep what intervals cover, and the calibration that maps go by.

    Args:
        config: Settings of the run.
        workdir: Where to.
        source: All samples.
        found: Protocol to the field's held-out residuals; `donor` among them, which
            maps go by.
    """
    samples, mirror = source.samples, config.inputs.mirror
    own, covered = samples.originals(), {}
    part = parts_of(own.parents, own.parent)
    for protocol, held in found.items():
        half = covering.donor_intervals(held, mirror=mirror)
        covered[protocol] = covering.coverage(abs(held.residual) <= half, part)
        table = covering.coverage_table(covered[protocol], TITLES[protocol])
        print(f"\n{table}", flush=True)
    calibrated = Calibrated(
        conformal.calibrate(found[DONOR], mirror=mirror),
        samples.genes,
        covered[DONOR],
        covering.validated_range_mm(samples, mirror=mirror),
        settings.to_json(config),
        source.files,
    )
    write_calibration(workdir.calibration, calibrated)
    range_mm = calibrated.range_mm
    add_summary(workdir.summary, {"coverage": covered, "validated_range_mm": range_mm})
    log.info("validated up to %.1f mm from a sample", range_mm)


def calibration_of(
    config: ConfigDict, workdir: Workdir, source: Source, *, whole: bool
) -> Calibrated | None:
    """The calibration of the fit that is drawn, or None where there is none.

    Args:
        config: Settings of that fit.
        workdir: Where an evaluation may have left one.
        source: The samples of that fit.
        whole: Whether the fit has taken all its steps, as those of the folds have.

    Raises:
        InputError: It is of other settings, inputs or genes.
    """
    if config.anatomy.maps or not workdir.calibration.exists():
        return None
    if not whole:
        log.warning("render: std maps are not calibrated, the fit is not finished")
        return None
    made_from = {"genes": source.samples.genes, "files": source.files}
    return calibration_in(workdir, config, **made_from)


def std_maps(
    config: ConfigDict, calibrated: Calibrated | None, x_mm: np.ndarray
) -> tuple[Callable[[Block], Block], dict[str, Any] | None]:
    """What makes of a block's spread what std maps hold, and what sidecars say of it.

    Args:
        config: Settings of the run.
        calibrated: Of the fit; None leaves the ensemble's spread as it is.
        x_mm: `(V, 3)` voxels of the blocks.

    Returns:
        Block to block, and the sidecar, None for no maps.
    """
    if not config.render.std or (calibrated is None and config.fit.members == 1):
        return lambda block: block, None
    if calibrated is None:
        return lambda block: block, SPREAD_TOLD
    told = {
        "Description": "Predictive standard deviation of a new measurement: the mean "
        "+- 1.645 of it is a 90 % interval, calibrated on held-out donors (conformal)",
        "Calibrated": True,
        "HeldOutCoverage": calibrated.coverage,
        "ValidatedRangeMm": calibrated.range_mm,
    }
    whole = calibrated.calibration
    local_scale = conformal.local_scale_at(whole, x_mm)

    def predictive(block: Block) -> Block:
        sd = conformal.predictive_sd(
            whole.genes(block.genes), x_mm, block.spread, local_scale=local_scale
        )
        return block._replace(spread=sd.astype(np.float32))

    return predictive, told


def draw_validated(
    config: ConfigDict,
    workdir: Workdir,
    canvas: Canvas,
    samples: Samples,
    calibrated: Calibrated | None,
) -> None:
    """Write the mask of voxels within the validated range; none without evaluation."""
    if calibrated is None:
        return
    distance_mm = _distance_mm(config, samples, canvas.grid.points_mm(canvas.mask))
    inside = distance_mm <= calibrated.range_mm
    share = float(inside.mean())
    log.info("%.0f %% of voxels lie within the validated range", 100 * share)
    add_summary(workdir.summary, {"validated_share": share})
    write_validated(workdir.maps, canvas, inside, calibrated.range_mm)


def compare_with_phantom(
    config: ConfigDict,
    workdir: Workdir,
    samples: Samples,
    bundle: Bundle,
    calibrated: Calibrated | None,
) -> None:
    """Errors and intervals of the phantom's voxels, as a table and a picture.

    At up to `COMPARED` voxels of the mask, evenly taken; the field is evaluated anew.
    """
    x_mm = _some_voxels(config)
    tissue = template.tissue_at(x_mm)
    plan = build.make_recipe(config, len(samples.genes))
    model = recipe.make_model(bundle.preprocessing, bundle.state)
    places = make_places(x_mm, tissue)
    mean, spread = render.render(plan.renderer, model, places)
    brain = build.make_phantom(config)
    columns = [brain.genes.index(gene) for gene in samples.genes]
    sd = None
    if calibrated is not None:
        sd = conformal.predictive_sd(calibrated.calibration, x_mm, spread)
    rows = voxel_errors.by_distance(
        phantom.truth(brain, x_mm, tissue)[:, columns],
        mean,
        sd,
        distance_mm=_distance_mm(config, samples, x_mm),
        noise_sd=float(np.hypot(config.phantom.noise_sd, config.phantom.donor_sd)),
    )
    voxel_errors.write_rows(workdir.phantom_uncertainty, rows)
    workdir.figures.mkdir(exist_ok=True)
    voxel_errors.draw(workdir.figures / "phantom_uncertainty.png", rows)
    print("\n" + voxel_errors.table(rows), flush=True)
    overall = {name: rows[-1][name] for name in voxel_errors.COLUMNS[2:]}
    add_summary(workdir.summary, {"phantom_uncertainty": overall})


def _some_voxels(config: ConfigDict) -> np.ndarray:
    mask, grid, _ = build.make_grid(config)
    x_mm = grid.points_mm(mask).astype(np.float32)
    return x_mm[:: -(-len(x_mm) // COMPARED)]


def _distance_mm(config: ConfigDict, samples: Samples, x_mm: np.ndarray) -> np.ndarray:
    """To the nearest sample, as the validated range is measured."""
    return nearest_distance_mm(samples.x_mm, x_mm, mirror=config.inputs.mirror)
