"""The phantom, whose truth is known everywhere: errors and intervals of its voxels."""

from __future__ import annotations

import logging

import numpy as np

from inr_jax.brain import template
from inr_jax.maps.phantom_scores import MapObserver, evenly
from inr_jax.maps.uncertainty import std_maps
from inr_jax.report import voxel_errors
from inr_jax.run.expression_model import ExpressionModel
from inr_jax.run.images import blocks_of, calibrated_of
from inr_jax.run.provenance import add_summary
from inr_jax.run.run import Run
from inr_jax.samples import phantom

log = logging.getLogger("inr_jax")
COMPARED = 20_000  # voxels of the phantom where errors are looked at
GENES = 100  # of the phantom, at most, evenly spaced


def sum_up_maps(run: Run, observer: MapObserver) -> None:
    """Say how well the maps of all genes meet the phantom's truth."""
    if observer.scores:
        r, r2 = map(float, np.mean(observer.scores, axis=0))
        log.info("phantom: r %.3f, R2 %.3f against the truth at every voxel", r, r2)
        numbers = {"phantom_voxels": {"r_mean": r, "r2_mean": r2}}
        add_summary(run.workdir.summary, numbers)


def compare_with_phantom(run: Run, model: ExpressionModel, x_mm: np.ndarray) -> None:
    """Errors and intervals of the phantom's voxels, as a table and a picture.

    At evenly spaced voxels of the mask and genes, where the model is evaluated anew.

    Args:
        run: Of the phantom.
        model: What to compare with it.
        x_mm: `(V, 3)` all voxels of the mask, MNI mm.
    """
    assert run.brain is not None
    x_mm = x_mm[:: -(-len(x_mm) // COMPARED)]
    tissue = template.tissue_at(x_mm)
    columns = evenly(len(model.genes), GENES)
    brain = phantom.keep_genes(run.brain, columns)
    calibrated, noise = calibrated_of(model.drawable, columns), run.config.phantom
    members = model.model.members
    predictive, _ = std_maps(calibrated, x_mm, members=members)
    (block,) = blocks_of(model.drawable, x_mm, columns, size=len(columns))
    rows = voxel_errors.by_distance(
        phantom.truth(brain, x_mm, tissue),
        block.mean,
        predictive(block).spread if calibrated else None,
        distance_mm=model.distance_mm(x_mm),
        noise_sd=float(np.hypot(noise.noise_sd, noise.donor_sd)),
    )
    voxel_errors.write_rows(run.workdir.phantom_uncertainty, rows)
    run.workdir.figures.mkdir(exist_ok=True)
    voxel_errors.draw(run.workdir.figures / "phantom_uncertainty.png", rows)
    print("\n" + voxel_errors.table(rows), flush=True)
    overall = {name: rows[-1][name] for name in voxel_errors.COLUMNS[2:]}
    add_summary(run.workdir.summary, {"phantom_uncertainty": overall})
