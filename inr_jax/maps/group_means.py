"""Means of maps over groups of places: the voxels of a region, the depths of a vertex.

With F the features of a model that is linear in its genes (`fields.factors`), the mean
over a group is that of F, times the genes' weights; and so is the mean of each member
of the ensemble. The spread of a group's mean is therefore the standard deviation over
members of *their* means, which holds how their errors at the group's places go
together; it is not the mean of the places' spreads, which is larger, nor that over
sqrt(V), which is far too small.

Axis letters: V places, L groups, G genes, E members, K genes of a block.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import numpy as np

from inr_jax.fields.factors import (
    gene_weights,
    mean_and_spread,
    member_count,
    place_features,
)
from inr_jax.fields.model import Model, Renderer
from inr_jax.maps.gene_batches import Slabs, block_size, rendered

SLAB = 65536  # places whose features are held at a time


class GroupMeans(NamedTuple):
    """Maps averaged over groups of places.

    Attributes:
        mean: `(L, G)` float32, units of the source; NaN for a group without a place.
        spread: `(L, G)` float32, standard deviation over members of the group's mean;
            0 with one member.
        places: `(L,)` places of each group.
    """

    mean: np.ndarray
    spread: np.ndarray
    places: np.ndarray


def group_means(
    renderer: Renderer, model: Model, slabs: Slabs, group: np.ndarray, groups: int
) -> GroupMeans:
    """Mean over each group, and its spread over the members of the ensemble.

    Args:
        renderer: Of the model's networks.
        model: Of G genes.
        slabs: V places.
        group: `(V,)` integers, the group that each place is in, 0 to L - 1.
        groups: L.
    """
    count = np.bincount(group, minlength=groups)
    share = _averaging(group, count)
    if renderer.conditioning.linear:
        features = _mean_features(renderer, model, slabs, share)
        means = mean_and_spread(features, gene_weights(model), member_count(model))
    else:
        means = _of_members(renderer, model, slabs, share)
    for table in means:
        table[count == 0] = np.nan
    mean, spread = (np.asarray(table, np.float32) for table in means)
    return GroupMeans(mean, spread, count)


def _averaging(group: np.ndarray, count: np.ndarray) -> Any:
    """The sparse matrix `(L, V)` that takes means over groups."""
    from scipy.sparse import csr_array

    weight = 1 / count[group]
    places = np.arange(len(group))
    return csr_array((weight, (group, places)), shape=(len(count), len(group)))


def _mean_features(
    renderer: Renderer, model: Model, slabs: Slabs, share: Any
) -> np.ndarray:
    """Features of groups `(L, R)`, those of places some at a time."""
    row, total = 0, 0.0
    for places in slabs():
        for first in range(0, len(places.x_mm), SLAB):
            part = places.take(slice(first, first + SLAB))
            features = place_features(
                renderer.conditioning, model, part, chunk=renderer.chunk
            )
            total = total + share[:, row : row + len(features)] @ features
            row += len(features)
    return np.asarray(total)


def _of_members(
    renderer: Renderer, model: Model, slabs: Slabs, share: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and spread of groups, each member drawn by itself."""
    genes, voxels = len(model.standardiser.scale), share.shape[1]
    members = model.members
    means = np.empty((members, share.shape[0], genes))
    for member in range(members):
        params = jax.tree.map(lambda leaf, e=member: leaf[e : e + 1], model.params)
        blocks = rendered(
            renderer,
            model._replace(params=params),
            slabs,
            voxels=voxels,
            size=block_size(voxels, genes),
        )
        for block in blocks:
            means[member, :, block.genes] = share @ block.mean
    spread = means.std(0, ddof=1) if members > 1 else np.zeros_like(means[0])
    return means.mean(0), spread
