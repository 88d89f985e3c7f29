"""The stage `regions`: expression of the regions of any atlas, with its evidence."""

from __future__ import annotations

import dataclasses
import logging

import numpy as np

from inr_jax.errors import shortlist
from inr_jax.maps.region_tables import NONE, RegionTables, write_tables
from inr_jax.run import fitted
from inr_jax.run.atlases import read_atlases
from inr_jax.run.expression_model import ExpressionModel
from inr_jax.run.held_out import PROTOCOLS, held_out_of
from inr_jax.run.provenance import add_summary, timed
from inr_jax.run.region_report import regions_on, tables_of
from inr_jax.run.run import Run
from inr_jax.run.stages.render import expression_model

log = logging.getLogger("inr_jax")


def regions_stage(run: Run) -> None:
    """Write tables of each atlas that `config.regions.atlas` names.

    Raises:
        InputError: No checkpoint; a bad atlas, or one that lies elsewhere.
    """
    settings, folder = run.config.regions, run.workdir.regions
    atlases = read_atlases(settings.atlas, settings.info)
    on_maps = {name: regions_on(at, run.canvas) for name, at in atlases.items()}
    model = with_held_out(run, expression_model(run))
    every = list(range(len(model.genes)))
    with timed(run.workdir, "regions"):
        for name, regions in on_maps.items():
            tables = tables_of(model, regions, every)
            folder.mkdir(exist_ok=True)
            write_tables(folder, name, tables)
            _tell(name, tables)
            noted = {"covered": tables.notes.get("HeldOutCoverage")}
            add_summary(run.workdir.summary, {"regions": {name: noted}})
            log.info("%s: tables in %s", name, folder / f"{name}*")


def with_held_out(run: Run, model: ExpressionModel) -> ExpressionModel:
    """The model with what the folds of its evaluation predicted, where they did."""
    if not fitted.is_whole(model.recipe, model.bundle):
        return model
    held_out = held_out_of(run.workdir, PROTOCOLS[model.name])
    return dataclasses.replace(model, held_out=held_out)


def _tell(name: str, tables: RegionTables) -> None:
    """Say what regions are without voxels, untested, and how good intervals are."""
    table = tables.regions
    for what, rows in (
        ("without a voxel in the maps, their rows are empty", table["voxels"] == 0),
        (
            "of which held-out wells have tested nothing",
            (table["validated"] == 0) & (table["voxels"] > 0),
        ),
    ):
        if rows.any():
            names = shortlist([str(of) for of in table["name"][rows]])
            log.warning("%s: %d regions %s: %s", name, rows.sum(), what, names)
    count, genes = len(table), tables.mean.shape[1]
    line = f"{name}: {count} regions, {genes} genes"
    if not tables.notes["Calibrated"]:
        print(f"{line}; sd is the ensemble's alone, not calibrated", flush=True)
        return
    covered = tables.notes["HeldOutCoverage"]
    few = int((table["held_out_wells"] == NONE).sum())
    text = f"{line}; 90 % intervals held {covered:.1%} of held-out donors' means"
    if np.isnan(float(covered)):  # type: ignore[arg-type]
        text = f"{line}; sd calibrated, too few donors to test it"
    text += f"; no held-out wells in or near {few} regions" if few else ""
    print(text, flush=True)
