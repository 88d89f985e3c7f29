"""Associations from Python, as `inr_jax.associate`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inr_jax.brain.atlas import DESIKAN_KILLIANY
from inr_jax.brain.surfaces import FSAVERAGE5
from inr_jax.errors import InputError, unknown_name
from inr_jax.files.reading import user_path
from inr_jax.maps.canvas import make_canvas
from inr_jax.report.association import Curves, draw_variograms
from inr_jax.run import config as settings
from inr_jax.run.association.compare import Compared, compare
from inr_jax.run.association.regions import compare_regions
from inr_jax.run.association.scenery import Asked, labels_of, make_stage
from inr_jax.run.association.sources import read_sources
from inr_jax.run.association.tables import (
    as_frame,
    begin,
    describe_nulls,
    finish,
    printed,
    sets_frame,
    write_tables,
)
from inr_jax.run.expression_model import ExpressionModel
from inr_jax.samples.gene_sets import read_gene_sets
from inr_jax.samples.samples import Samples
from inr_jax.stats.scores import score

if TYPE_CHECKING:
    import pandas as pd


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Associations:
    """A map compared with all genes of a model.

    Attributes:
        table: The columns of associations.csv, a row a gene, in the model's order.
        genesets: The columns of genesets.csv; None where no sets were given.
        nulls: What null maps are made from, as in nulls.json.
        compared: Arrays: the map at nodes, r and p-values by level.
    """

    table: pd.DataFrame
    genesets: pd.DataFrame | None
    nulls: dict[str, Any]
    compared: Compared

    def __repr__(self) -> str:
        """The ten genes of least p, as the command prints them."""
        return printed(self.table, self.compared)

    def save(self, folder: str | Path) -> None:
        """Write what the command leaves for a map: tables and variogram.png.

        Raises:
            InputError: The folder cannot be written.
        """
        path = user_path(folder, "folder")
        begin(path, fix="give another folder")
        write_tables(path, self.table, self.nulls, self.genesets)
        draw_variograms(path / "variogram.png", curves_of(self.compared))
        finish(path, self.nulls)


def curves_of(compared: Compared) -> dict[str, Curves]:
    """Variograms of the map and of its null maps, by stratum."""
    return {
        name: Curves(plan.centre_mm, fit.observed, fit.expected, fit.misfit)
        for name, (_, plan, fit) in compared.strata.items()
    }


def associate(
    model: ExpressionModel,
    source: Any,
    *,
    samples: Samples | None = None,
    mask: Any = "",
    zeros: str = "auto",
    atlas: str | Path = DESIKAN_KILLIANY,
    atlas_info: str | Path = "",
    genesets: str | Path = "",
    surface: str = FSAVERAGE5,
    resolution_mm: int = 2,
    key: int = 0,
    **how: Any,
) -> Any:
    """Which genes go with a map of the brain, by null maps with its own variograms.

    Args:
        model: A fitted model.
        source: A NIfTI image in MNI mm, or its path, on any grid; the path of a GIFTI
            of values of vertices; a list of such, in which the two sides of a map are
            one; or a table of values of regions, a frame or the path of a CSV or TSV.
        samples: The wells that the model was fitted to, for the level of wells and
            intervals; a model does not keep their expression.
        mask: A NIfTI mask, or its path; where images are looked at.
        zeros: "auto" takes zeros that reach the image's border for background;
            "values" or "outside" all of them for either.
        atlas: A NIfTI of labels of regions, for the level of regions and for a table.
        atlas_info: Its table.
        genesets: A GMT of symbols.
        surface: What vertices are of, as the setting `render.surface`.
        resolution_mm: Of the ICBM152 brain: 1, 2 or 3.
        key: Seed of null maps; the same seed gives the same p, bit for bit.
        **how: `nulls=1000`, `trend="auto"`, `strata="auto"`, `method="pearson"`,
            `refit="auto"`, `baselines=""`.

    Returns:
        `Associations`; of a list, and of a table with several columns of numbers, a
        dict of them by the maps' names. Several maps share what does not depend on
        the map, and are drawn the same noise.

    Raises:
        InputError: A bad map, table, atlas or GMT, an unknown keyword, or samples of
            other genes.
    """
    asked = _asked(how, atlas, atlas_info, key)
    wells, labels = _wells_of(model, samples), labels_of(asked)
    images, columns = read_sources(source, labels, surface, mask=mask, zeros=zeros)
    sets = read_gene_sets(genesets, model.genes, {}) if str(genesets) else None
    scenery = make_stage(model, wells, make_canvas("", resolution_mm), asked, labels)
    compared = [compare(scenery, image, asked, sets) for image in images]
    for name, values in columns.items():
        compared.append(compare_regions(scenery, name, values, asked, sets))
    scores = _held_out(model)
    results = [
        Associations(
            as_frame(part, model.genes, scores, {}),
            sets_frame(part, sets) if sets else None,
            describe_nulls(part, asked),
            part,
        )
        for part in compared
    ]
    if len(results) == 1 and not isinstance(source, list | tuple):
        return results[0]
    names = numbered([part.name for part in compared])
    return dict(zip(names, results, strict=True))


def numbered(names: list[str]) -> list[str]:
    """Names of which no two are equal: the later of equal ones get a number."""
    unique: list[str] = []
    for name in names:
        number, text = 2, name
        while text in unique:
            text, number = f"{name}-{number}", number + 1
        unique.append(text)
    return unique


def _held_out(model: ExpressionModel) -> dict[str, dict]:
    """Held-out scores by gene, where the run was evaluated."""
    kept = model.held_out
    if kept is None:
        return {}
    scores = score(kept.value, kept.prediction)
    pairs = zip(kept.genes, scores.r, scores.r2, strict=True)
    return {gene: {"r": r, "r2": r2} for gene, r, r2 in pairs}


def _asked(how: dict, atlas: Any, atlas_info: Any, key: int) -> Asked:
    """How to compare, checked as the settings are."""
    known = ("nulls", "trend", "strata", "method", "refit", "baselines")
    for name in how:
        if name not in known:
            raise unknown_name("associate", name, known)
    changes = {f"associate__{name}": value for name, value in how.items()}
    changes["associate__seed"] = key
    config = settings.with_settings(settings.default(), **changes)
    asked = Asked(**config.associate.to_dict())
    return asked._replace(atlas=str(atlas), atlas_info=str(atlas_info))


def _wells_of(model: ExpressionModel, samples: Samples | None) -> Samples:
    """The wells with their expression, where it was given."""
    if samples is None:
        return model.wells.samples
    same = samples.genes == model.genes and np.array_equal(
        samples.well, model.wells.samples.well
    )
    if not same:
        raise InputError(
            "samples",
            expected="the wells and genes that the model was fitted to",
            found=f"{len(samples.well)} wells, {len(samples.genes)} genes",
            fix="give those, or leave them out",
        )
    return samples
