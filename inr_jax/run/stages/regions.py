"""The stage `regions`: expression of the regions of any atlas, with its evidence."""

from __future__ import annotations

import dataclasses
import logging
import re
from collections.abc import Iterable

import numpy as np

from inr_jax.brain.surface_labels import SurfaceLabels
from inr_jax.errors import InputError, shortlist
from inr_jax.maps.region_tables import ENDINGS, NONE, RegionTables, write_tables
from inr_jax.run import fitted
from inr_jax.run.atlases import read_atlases
from inr_jax.run.expression_model import ExpressionModel
from inr_jax.run.held_out import PROTOCOLS, held_out_of
from inr_jax.run.provenance import add_summary, timed
from inr_jax.run.region_report import tables_of
from inr_jax.run.run import Run
from inr_jax.run.setting_checks import depths as check_depths
from inr_jax.run.stages.render import expression_model
from inr_jax.run.surface_maps import read_surface
from inr_jax.run.surface_regions import regions_of

log = logging.getLogger("inr_jax")
OF_COMPARE = re.compile("inr|abagen(-donor.*)?")  # tables that `compare` leaves there


def regions_stage(run: Run) -> None:
    """Write tables of each atlas that `config.regions.atlas` names.

    Raises:
        InputError: No checkpoint; a bad atlas, one that lies elsewhere, or whose name
            is taken.
    """
    settings, folder = run.config.regions, run.workdir.regions
    atlases = read_atlases(settings.atlas, settings.info)
    _check_names(atlases)
    surface = None
    if any(isinstance(labels, SurfaceLabels) for labels in atlases.values()):
        depths = check_depths("config.render.depths", run.config.render.depths)
        space = run.config.render.surface_space
        surface = read_surface(settings.surface, space, depths)
    on_maps = {n: regions_of(at, run.canvas, surface) for n, at in atlases.items()}
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


def _check_names(names: Iterable[str]) -> None:
    """Refuse atlases whose tables would take the place of other tables.

    Raises:
        InputError: Says which.
    """
    made = {f"{name}{ending}" for name in names for ending in ENDINGS}
    for name in names:
        compared = OF_COMPARE.fullmatch(name)
        if compared or name in made:
            owner = "inr-jax compare" if compared else "another of these atlases"
            raise InputError(
                f"regions/{name}.csv",
                expected="tables of this atlas alone",
                found=f"a name that tables of {owner} have",
                fix="rename the atlas's file",
            )


def with_held_out(run: Run, model: ExpressionModel) -> ExpressionModel:
    """The model with what the folds of its evaluation predicted, where they did."""
    if not fitted.is_whole(model.recipe, model.bundle):
        return model
    held_out = held_out_of(run.workdir, PROTOCOLS[model.name])
    return dataclasses.replace(model, held_out=held_out)


def _tell(name: str, tables: RegionTables) -> None:
    """Say what regions are without voxels, untested, and how good intervals are."""
    table = tables.regions
    of = "voxels" if "voxels" in table else "vertices"
    for what, rows in (
        (f"without {of} in the maps, their rows are empty", table[of] == 0),
        (
            "of which held-out wells have tested nothing",
            (table["validated"] == 0) & (table[of] > 0),
        ),
    ):
        if rows.any():
            names = shortlist([str(name) for name in table["name"][rows]])
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
