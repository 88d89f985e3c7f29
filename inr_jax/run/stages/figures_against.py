"""A run's maps beside those of another run: genes fitted jointly and each by itself."""

from __future__ import annotations

import logging

import numpy as np

from inr_jax.brain.space import Grid
from inr_jax.errors import InputError
from inr_jax.fields.gene_codes import spectral_order
from inr_jax.files import write_bytes
from inr_jax.files.reading import user_path
from inr_jax.report.cuts import Plane, sampled
from inr_jax.report.figure_files import draw_both
from inr_jax.report.figures_joint import animation, make_joint
from inr_jax.report.png import plain
from inr_jax.run import config as settings
from inr_jax.run.expression_model import ExpressionModel
from inr_jax.run.load import load
from inr_jax.run.run import Run
from inr_jax.run.workdir import check_there
from inr_jax.samples.gene_names import columns_of

log = logging.getLogger("inr_jax")
SLICE_MM, EDGE_MM, THIN = 8.0, 3.0, 2  # through the basal ganglia; every other pixel
MOST = 60  # genes, evenly along the order
JOINTLY = {"independent": "each gene by itself"}  # else all genes in one model


def read_other(against: str, model: ExpressionModel) -> ExpressionModel:
    """The model in another workdir.

    Raises:
        InputError: There is none, or it shares fewer than two genes.
    """
    path = user_path(against)
    check_there(path)
    other = load(path, model.name)
    shared = [gene for gene in model.genes if gene in other.genes]
    if len(shared) < 2:
        raise InputError(
            against,
            expected="a run with genes of this one",
            found=f"{len(shared)} of them",
            fix="give the workdir of a run of the same genes",
        )
    return other


def draw_joint(
    run: Run, model: ExpressionModel, other: ExpressionModel, heading: str
) -> None:
    """Write joint.png, .svg and .gif.

    Args:
        run: Where to, and at which voxels.
        model: Its model.
        other: Of another run.
        heading: Lines that stand over every picture.
    """
    shared = [gene for gene in model.genes if gene in other.genes]
    plane, inside, x_mm = _slice_of(run.canvas.mask, run.canvas.grid)
    values = [
        of(x_mm)[0][:, columns_of(of.genes, shared)].astype(float)
        for of in (model, other)
    ]
    order = np.argsort(spectral_order(values[0]), kind="stable")
    order = order[np.unique(np.linspace(0, len(order) - 1, MOST).astype(int))]
    names = [f"{_title(model)}, this run", f"{_title(other)}, the other run"]
    runs = {
        name: _pictures(table[:, order], inside)
        for name, table in zip(names, values, strict=True)
    }
    genes = [shared[row] for row in order]
    which = (
        f"{len(genes)} of {len(shared)} genes that both runs have, in spectral order"
    )
    told = [
        heading,
        f"{which} of this run's maps",
        f"{plane.name}; left is on the left",
    ]
    words = "\n".join(filter(None, told))
    stem, extent = run.workdir.figures / "joint", plane.extent()
    draw_both(stem, make_joint, runs, genes, extent, words)
    with plain():
        write_bytes(stem.with_suffix(".gif"), animation(runs, genes, extent, words))


def _title(model: ExpressionModel) -> str:
    name = settings.from_json(model.config).conditioning.name
    return f"{JOINTLY.get(name, 'all genes in one model')}\n({name})"


def _slice_of(mask: np.ndarray, grid: Grid) -> tuple[Plane, np.ndarray, np.ndarray]:
    """An axial slice, which of its pixels lie in the brain, and their places."""
    brain_mm = grid.points_mm(mask)
    low_mm, high_mm = brain_mm.min(0) - EDGE_MM, brain_mm.max(0) + EDGE_MM
    for at_mm in (SLICE_MM, float(np.median(brain_mm[:, 2]))):
        plane = Plane(2, at_mm, low_mm, high_mm)
        points = plane.points_mm()[::THIN, ::THIN]
        inside = sampled(mask.astype(np.uint8), grid, points, linear=False) > 0
        if inside.any():
            break
    return plane, inside, points[inside].astype(np.float32)


def _pictures(values: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Slices `(G, I, J)` as z-scores over the slice, NaN outside."""
    spread = values.std(0)
    z = (values - values.mean(0)) / np.where(spread > 0, spread, 1)
    pictures = np.full((values.shape[1], *inside.shape), np.nan)
    pictures[:, inside] = z.T
    return pictures
