"""The arrays of the report's viewer, from a model and the voxels that it is drawn at.

Axis letters: I, J, K voxels of a grid, V of its mask, U of those that maps are computed
at, G genes, S examples of genes, n voxels of a check. Frame: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from inr_jax.brain import template
from inr_jax.brain.space import Grid, folded
from inr_jax.fields import factors
from inr_jax.maps.write import Canvas
from inr_jax.report.cuts import sampled
from inr_jax.report.viewer_page import ViewerData
from inr_jax.report.viewer_volumes import (
    Volumes,
    agreement,
    make_volumes,
    most_volumes,
    weights_of_examples,
)
from inr_jax.run.expression_model import ExpressionModel
from inr_jax.run.images import blocks_of, places_of
from inr_jax.stats.conformal import Calibration, Local, local_at, predictive_sd
from inr_jax.stats.matters import matter_at
from inr_jax.stats.neighbours import nearest_distance_mm

MOST_VOXELS = 320_000  # of the mask; finer grids are thinned
EXAMPLES = 100  # genes whose maps stand for all others' where they must
CHECKED = 2000  # voxels at which what is shown is compared with the model
NODES, WIDEST_MM = 0.25, 12.0  # of a kernel's width from node to node; at most
ERROR, SD_ERROR = 0.007, 0.004  # of a map's scale, see `make_volumes`
SEED = 0


class Factors(NamedTuple):
    """Maps as features `(U, R)` of voxels times weights `(G, R)` of genes."""

    features: np.ndarray
    weights: np.ndarray


class Maps(NamedTuple):
    """How to evaluate a model at its U voxels.

    Attributes:
        model: Of G genes.
        x_mm: `(U, 3)`.
        linear: The maps' factors, where the model has them.
        local: Of its calibration, at the voxels.
    """

    model: ExpressionModel
    x_mm: np.ndarray
    linear: Factors | None
    local: Local | None

    def at(self, rows: np.ndarray, columns: Sequence[int]) -> tuple[np.ndarray, ...]:
        """Mean and standard deviation `(n, K)` of some genes at some voxels."""
        if self.linear is not None:
            members = factors.member_count(self.model.model)
            mean, spread = factors.mean_and_spread(
                self.linear.features[rows], self.linear.weights[list(columns)], members
            )
        else:
            blocks = list(blocks_of(self.model.drawable, self.x_mm[rows], columns))
            mean = np.hstack([block.mean for block in blocks])
            spread = np.hstack([block.spread for block in blocks])
        if self.local is None or self.model.calibration is None:
            return mean, spread
        part = self.model.calibration.genes(np.asarray(columns))
        local = Local(self.local.scale[rows], self.local.factor[rows])
        return mean, predictive_sd(part, self.x_mm[rows], spread, local=local)


def viewer_data(model: ExpressionModel, canvas: Canvas) -> ViewerData:
    """Everything that the viewer shows of a model.

    Args:
        model: Fitted; its expression may be unknown.
        canvas: The voxels that maps are drawn at; thinned where they are many.
    """
    mask, grid = _thinned(canvas.mask, canvas.grid)
    x_mm = grid.points_mm(mask).astype(np.float32)
    mirrored = _is_mirrored(model, mask, grid)
    maps = _maps(model, x_mm[x_mm[:, 0] > -1e-3] if mirrored else x_mm)
    mean, sd, shown_r = _volumes(maps)
    box_mm = grid.mm(np.argwhere(np.ones(mask.shape, bool))).reshape(*mask.shape, 3)
    t1, t1_grid = template.t1()
    wells_mm = model.wells.samples.points().x_mm
    return ViewerData(
        grid=grid,
        mask=mask,
        mirrored=mirrored,
        t1=sampled(t1, t1_grid, box_mm, linear=True),
        mean=mean,
        sd=sd,
        calibrated=model.calibrated is not None,
        distance_mm=nearest_distance_mm(wells_mm, x_mm),
        validated=_validated(model, x_mm),
        wells_mm=wells_mm,
        shown_r=shown_r,
    )


def _maps(model: ExpressionModel, x_mm: np.ndarray) -> Maps:
    conditioning, linear = model.recipe.renderer.conditioning, None
    if conditioning.linear and len(x_mm):
        slabs = places_of(model.drawable, x_mm)()
        parts = [factors.place_features(conditioning, model.model, p) for p in slabs]
        features = parts[0] if len(parts) == 1 else np.concatenate(parts)
        linear = Factors(features, factors.gene_weights(model.model))
    known = model.calibration
    local = None if known is None else interpolated_local(known, x_mm)
    return Maps(model, x_mm, linear, local)


def interpolated_local(calibration: Calibration, x_mm: np.ndarray) -> Local:
    """`local_at` voxels `(U, 3)`, its scale read between the nodes of a coarse grid.

    The scale is a mean under a Gaussian kernel, so that nodes a quarter of its width
    apart tell it to a percent; a sum over all wells at each voxel takes ten times as
    long.
    """
    step_mm = min(NODES * calibration.width_mm, WIDEST_MM)
    at_mm = folded(np.asarray(x_mm, np.float64), calibration.mirror)
    low, high = at_mm.min(0) - step_mm, at_mm.max(0) + step_mm
    i, j, k = (int(n) for n in np.ceil((high - low) / step_mm).astype(int) + 1)
    if i * j * k > len(x_mm) / 2:
        return local_at(calibration, x_mm)
    affine = np.diag([step_mm, step_mm, step_mm, 1.0])
    affine[:3, 3] = low
    nodes = Grid((i, j, k), affine)
    plain = calibration._replace(matter_factor=np.ones(len(calibration.matter_factor)))
    node_mm = nodes.mm(np.argwhere(np.ones((i, j, k), bool)))
    scale = local_at(plain, node_mm).scale.reshape(i, j, k)
    factor = calibration.matter_factor
    if (factor == 1).all():
        matter = np.zeros(len(x_mm), int)
    else:
        matter = matter_at(x_mm, calibration.x_mm, mirror=calibration.mirror)
    return Local(sampled(scale, nodes, at_mm, linear=True), factor[matter])


def _volumes(maps: Maps) -> tuple[Volumes, Volumes | None, np.ndarray]:
    """Maps of the mean, of the standard deviation, and r `(G,)` of what is shown."""
    genes = len(maps.model.genes)
    most = most_volumes(genes)
    everywhere, every = np.arange(len(maps.x_mm)), range(genes)
    picked = np.unique(np.linspace(0, genes - 1, min(genes, EXAMPLES)).astype(int))
    rows = np.random.default_rng(SEED).permutation(len(maps.x_mm))[:CHECKED]
    mean_there, sd_there = maps.at(rows, every)
    means, sds = maps.at(everywhere, picked.tolist())
    by_mean = maps.linear or _of_examples(means, mean_there, rows, genes)
    mean = make_volumes(*by_mean, error=ERROR, most=most)
    shown_r = agreement(mean.at(rows), mean_there)
    if maps.model.calibrated is None and maps.model.model.members == 1:
        return mean, None, shown_r
    by_sd = _of_examples(sds, sd_there, rows, genes)
    most = most // 4
    return mean, make_volumes(*by_sd, error=SD_ERROR, most=most, by_mean=True), shown_r


def _of_examples(
    examples: np.ndarray, there: np.ndarray, rows: np.ndarray, genes: int
) -> Factors:
    """Maps `(U, S)` of examples as features of all, known at some voxels `(n, G)`."""
    if examples.shape[1] == genes:
        return Factors(examples, np.eye(genes))
    ones = np.ones((len(examples), 1), examples.dtype)
    weights = weights_of_examples(examples[rows], there)
    return Factors(np.hstack([examples, ones]), weights)


def _thinned(mask: np.ndarray, grid: Grid) -> tuple[np.ndarray, Grid]:
    """Every second voxel, or third, along each axis, where there are too many."""
    step = 1
    while mask[::step, ::step, ::step].sum() > MOST_VOXELS:
        step += 1
    affine = grid.affine.copy()
    affine[:3, :3] *= step
    thin = mask[::step, ::step, ::step]
    return thin, Grid((thin.shape[0], thin.shape[1], thin.shape[2]), affine)


def _is_mirrored(model: ExpressionModel, mask: np.ndarray, grid: Grid) -> bool:
    """Whether maps are the same left and right, and so are the voxels."""
    if not model.recipe.symmetric or model.name != "place":
        return False
    if model.recipe.tissue != "none":
        return False
    off_axis = grid.affine[:3, :3] - np.diag(np.diag(grid.affine[:3, :3]))
    ends = grid.mm(np.array([[0, 0, 0], [mask.shape[0] - 1, 0, 0]]))[:, 0]
    centred = abs(ends.sum()) < 1e-3 and not off_axis.any()
    return bool(centred and (mask == mask[::-1]).all())


def _validated(model: ExpressionModel, x_mm: np.ndarray) -> np.ndarray | None:
    """Where maps are validated, as in their mask; None where no donor was held out."""
    return None if model.calibrated is None else model.validity.at(x_mm)
