"""What the JSON beside a gene's map says."""

from __future__ import annotations

from typing import Any

from ml_collections import ConfigDict

from inr_jax.maps.bids import gene_desc
from inr_jax.run.expression_model import ExpressionModel
from inr_jax.run.regions import atlas_name
from inr_jax.run.run import Run

PHANTOM = "phantom: a synthetic brain, no measurement of this gene"
Scores = dict[str, dict]  # gene -> its row of scores.csv


def sidecars(
    run: Run, model: ExpressionModel, protocol: str, scores: Scores
) -> list[dict[str, Any]]:
    """What the JSON beside each gene's map says."""
    return sidecars_of(run.config, model, protocol, scores)


def sidecars_of(
    config: ConfigDict, model: ExpressionModel, protocol: str, scores: Scores
) -> list[dict[str, Any]]:
    """The same, of settings and a model alone."""
    atlas = None
    if model.regions is not None:
        atlas = f"{atlas_name(config)}, blurred {config.anatomy.blur_mm:g} mm"
    kriged = model.recipe.places == "kriged"
    common = {
        "Atlas": atlas,
        "Units": "expression, in the units of the source",
        "Source": PHANTOM if config.source.name == "phantom" else config.source.name,
        "Method": f"{config.field.name}, {config.conditioning.name}",
        "Members": config.fit.members,
        "Seed": config.seed,
        "FittedAt": "places around the wells, kriged" if kriged else "wells",
        "SmoothingMm": None if kriged else config.fit.jitter_mm,
        "Steps": model.steps,
        "Mirrored": model.recipe.symmetric,
        "Coordinates": model.wells.coordinates,
    }
    return [
        {
            "Gene": gene,
            "Desc": desc,
            **common,
            "HeldOutProtocol": protocol if gene in scores else None,
            "HeldOutR": scores.get(gene, {}).get("r"),
            "HeldOutR2": scores.get(gene, {}).get("r2"),
        }
        for gene, desc in gene_desc(model.genes).items()
    ]
