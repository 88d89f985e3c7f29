"""Values of genes by region: of wells, as abagen assigns them, and of our maps.

Axis letters: L regions, G genes.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from inr_jax.brain.atlas import atlas_files
from inr_jax.maps.association_places import find_candidates, ground_of, regions_of
from inr_jax.maps.canvas import make_canvas
from inr_jax.run.association import Asked, gene_maps, labels_of, make_stage
from inr_jax.run.expression_model import ExpressionModel
from inr_jax.samples.ahba.abagen import borrowed
from inr_jax.samples.samples import Samples


def abagen_regions(samples: Samples, ids: np.ndarray) -> np.ndarray:
    """`(L, G)` means of wells by region as abagen 0.1.3 finds it, then of donors."""
    samples = samples.originals()
    wells = pd.DataFrame(samples.values, columns=samples.genes)
    with borrowed() as abagen:
        tree = abagen.matching.AtlasTree(atlas_files("desikan_killiany", "")[0])
        wells["id"] = tree.label_samples(np.asarray(samples.x_mm))["label"].to_numpy()
    by_donor = wells.groupby([samples.donor, "id"]).mean()
    return by_donor.groupby(level="id").mean().reindex(ids).to_numpy()


def our_regions(
    model: ExpressionModel, samples: Samples, mm: int
) -> tuple[np.ndarray, np.ndarray]:
    """Ids `(L,)` of regions, and means `(L, G)` of maps of a linear model."""
    asked = Asked(refit="never")
    canvas, labels = make_canvas("", mm), labels_of(asked)
    scenery = make_stage(model, samples, canvas, asked, labels)
    candidates = find_candidates(canvas, samples, mirror=model.recipe.mirror)
    ground = ground_of(candidates, np.ones(len(candidates.x_mm), bool), "brain")
    regions = regions_of(ground.nodes, labels)
    ((_, features, weights),) = gene_maps(scenery, ground)
    ids = np.array(labels.labels)[regions.rows]
    return ids, (regions.weight @ features) @ weights.T
