"""The baselines: nearest well, inverse distance, means of structures, kriging.

A baseline is a `Predictor` with one choice, `mirror`: whether left and right are one,
so that x becomes abs(x) for wells and sites alike. To add one, write a function like
those here in a file of its own and a line in `BASELINES` (it sees coordinates) or in
`STRUCTURE_BASELINES` (it sees the names of structures, too).

Axis letters: N training wells, V sites, G genes, K neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from inr_jax.samples.gene_blocks import gene_blocks
from inr_jax.samples.samples import Samples
from inr_jax.samples.sites import Sites
from inr_jax.samples.support import Support, single_points
from inr_jax.stats.kriging import kriging, kriging_anatomy
from inr_jax.stats.kriging_targets import kriging_anatomy_targets, kriging_targets
from inr_jax.stats.local_kriging import kriging_local
from inr_jax.stats.neighbours import nearest_supports
from inr_jax.stats.predictor import Prediction, Predictor

NEIGHBOURS = 10  # abagen.get_interpolated_map's n_neighbors


def baselines(mirror: bool) -> dict[str, Predictor]:
    """Those that see coordinates, by name, in the order of the table of scores."""
    return _named(BASELINES, mirror)


def structure_baselines(mirror: bool) -> dict[str, Predictor]:
    """Those that see structures, by name, in the order of the table of scores."""
    return _named(STRUCTURE_BASELINES, mirror)


def abagen_baselines() -> dict[str, Predictor]:
    """abagen's interpolation, by name: as it is, and with wells mirrored."""

    def predict(samples: Samples, sites: Sites, *, mirrored: bool) -> Prediction:
        return Prediction(abagen_map(samples, sites.x_mm, mirrored=mirrored))

    return {name: partial(predict, mirrored=kind) for name, kind in ABAGEN.items()}


def nearest(samples: Samples, sites: Sites, *, mirror: bool) -> Prediction:
    """The value whose nearest well is the nearest, mean over a site's support."""
    at = sites.points().folded(mirror)
    _, row = nearest_supports(samples.points().folded(mirror), at.x_mm, count=1)

    def of_genes(values: np.ndarray) -> np.ndarray:
        return at.mean(np.asarray(values, np.float64)[row[:, 0]])

    return by_genes(of_genes, samples.values, len(sites.x_mm))


def idw10(samples: Samples, sites: Sites, *, mirror: bool) -> Prediction:
    """Mean of the 10 nearest wells, weighted by distance to the power -2."""
    wells, at = samples.points().folded(mirror), sites.points().folded(mirror)

    def of_genes(values: np.ndarray) -> np.ndarray:
        return at.mean(inverse_distance(wells, values, at.x_mm))

    return by_genes(of_genes, samples.values, len(sites.x_mm))


def structure_mean(
    samples: Samples, sites: Sites, *, mirror: bool = False
) -> Prediction:
    """Mean of the wells of the same structure, on both sides.

    A structure that no training well has takes the mean of its parent, a parent
    that none has the mean of all wells.
    """
    del mirror  # structures have one name on both sides
    names = (
        (samples.parent, sites.parent),
        (samples.structure, sites.structure),
    )

    def of_genes(values: np.ndarray) -> np.ndarray:
        values = np.asarray(values, np.float64)
        predicted = np.tile(values.mean(0), (len(sites.x_mm), 1))
        for train, test in names:
            for name in np.intersect1d(train[train >= 0], test):
                predicted[test == name] = values[train == name].mean(0)
        return predicted

    return by_genes(of_genes, samples.values, len(sites.x_mm))


def by_genes(
    of_genes: Callable[[np.ndarray], np.ndarray], values: np.ndarray, sites: int
) -> Prediction:
    """The prediction of a method that looks at each gene alone.

    Args:
        of_genes: Values `(N, genes)` of wells to those at V sites.
        values: `(N, G)`.
        sites: V.

    Returns:
        Of all genes; in float32, block after block, where they take several.
    """
    blocks = gene_blocks(*values.shape)
    if len(blocks) == 1:
        return Prediction(of_genes(values))
    mean = np.empty((sites, values.shape[1]), np.float32)
    for block in blocks:
        mean[:, block] = of_genes(values[:, block])
    return Prediction(mean)


def abagen_map(samples: Samples, x_mm: np.ndarray, *, mirrored: bool) -> np.ndarray:
    """What `abagen.get_interpolated_map` gives: inverse distance over both sides.

    Each well is taken twice: a second time at its mirror image, or, as abagen 0.1.3
    does by mistake, at its own place, which halves the number of neighbours.

    Args:
        samples: The wells; copies among them are left out.
        x_mm: `(V, 3)` MNI mm.
        mirrored: Whether the second of each well lies at its mirror image.

    Returns:
        `(V, G)` float64, units of the samples.
    """
    wells = samples.originals()
    wells_mm = np.asarray(wells.x_mm, np.float64)
    aside = wells_mm[:, 0] != 0  # a well on the midline has no other side
    across_mm = wells_mm[aside] * np.array([-1 if mirrored else 1, 1, 1])
    both_mm = np.concatenate([wells_mm, across_mm])
    values = np.concatenate([wells.values, wells.values[aside]])
    points = single_points(both_mm, np.zeros((len(both_mm), 2)))
    return inverse_distance(points, values, x_mm, power=1)


def inverse_distance(
    wells: Support, values: np.ndarray, x_mm: np.ndarray, *, power: float = 2
) -> np.ndarray:
    """Mean of the 10 nearest wells, weighted by a power of their distance.

    y(x) = sum_k d_k^-p y_k / sum_k d_k^-p (Shepard 1968). A place on a well gets that
    well's value (the mean of them, if several lie there); fewer than 10 are all used.

    Args:
        wells: Support of each value, mm; as far as the nearest of its points.
        values: `(N, G)`.
        x_mm: `(V, 3)` mm.
        power: p; abagen takes 1.

    Returns:
        `(V, G)` float64.
    """
    values = np.asarray(values, np.float64)
    count = min(NEIGHBOURS, len(values))
    distance, row = nearest_supports(wells, x_mm, count=count)
    exact = distance == 0
    hit = exact.any(1, keepdims=True)
    weight = np.where(hit, exact, np.where(exact, 1.0, distance) ** -float(power))
    weight = weight / weight.sum(1, keepdims=True)
    # Neighbour after neighbour: (V, K, G) at once would not fit for a whole brain.
    predicted = np.zeros((len(row), values.shape[1]))
    for k in range(count):
        predicted += weight[:, k, None] * values[row[:, k]]
    return predicted


def _named(table: dict, mirror: bool) -> dict[str, Predictor]:
    return {name: partial(method, mirror=mirror) for name, method in table.items()}


BASELINES = {
    "nearest": nearest,
    "idw10": idw10,
    "kriging": kriging,
    "kriging_targets": kriging_targets,
    "kriging_local": kriging_local,
}

STRUCTURE_BASELINES = {
    "structure_mean": structure_mean,
    "kriging_anatomy": kriging_anatomy,
    "kriging_anatomy_targets": kriging_anatomy_targets,
}

# Those that clean the values of every gene first.
ON_TARGETS = ("kriging_targets", "kriging_local", "kriging_anatomy_targets")

ABAGEN = {"abagen": False, "abagen_mirrored": True}  # name to `mirrored`
