"""The verb `export`: maps of a finished run in other formats, without its data."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from inr_jax.errors import unknown_name
from inr_jax.files import make_folder
from inr_jax.files.cell_text import listed
from inr_jax.maps.export import export_nifti, export_regions
from inr_jax.maps.lookup import Store, read_store
from inr_jax.maps.uncertainty import std_maps
from inr_jax.maps.write import Canvas
from inr_jax.maps.zarr_group import export_zarr
from inr_jax.progress import bar
from inr_jax.report import tables
from inr_jax.run import build
from inr_jax.run.consistency import read_scores_of
from inr_jax.run.load import load
from inr_jax.run.sidecars import sidecars_of
from inr_jax.run.stores import factored_of, told_of
from inr_jax.run.workdir import Workdir
from inr_jax.samples.ahba.region_tables import read_labels

log = logging.getLogger("inr_jax")
FORMATS = ("nifti", "parquet", "h5ad", "zarr")
FIX = "check that the workdir is yours"


def export(
    config: ConfigDict,
    folder: Workdir,
    *,
    genes: str | None = None,
    format: str | None = None,
) -> None:
    """Write maps of some genes, or tables of regions.

    Args:
        config: Settings of the run.
        folder: Where its results lie.
        genes: Comma separated symbols; None takes all.
        format: One of `FORMATS`; None is NIfTI.

    Raises:
        InputError: An unknown gene or format, no fit, or a file cannot be written.
    """
    kind = format or "nifti"
    if kind not in FORMATS:
        raise unknown_name("--format", kind, FORMATS)
    store = store_of(config, folder)
    names = listed(genes)
    columns = store.columns(names or store.genes)
    path = _write(config, folder, store, columns, kind)
    log.info("export: %d genes in %s", len(columns), path)


def _write(
    config: ConfigDict, folder: Workdir, store: Store, columns: list[int], kind: str
) -> Path:
    if kind == "nifti":
        export_nifti(store, folder.maps, columns)
        return folder.maps
    target = make_folder(folder.root / "export", fix=FIX)
    if kind == "zarr":
        with bar("export", len(columns), unit="gene") as tick:
            export_zarr(store, target / "maps.zarr", columns, on_genes=tick)
        return target / "maps.zarr"
    labels = read_labels(config.compare.atlas, config.compare.atlas_info)
    stem, h5ad = target / "regions", kind == "h5ad"
    return export_regions(store, labels, columns, stem, h5ad=h5ad)


def store_of(config: ConfigDict, folder: Workdir) -> Store:
    """The maps that a run left in its store, else those of its newest checkpoint.

    The checkpoint, too, where another grid or mask is asked for than the store has.

    Raises:
        InputError: There is no fit, or its networks have no factors.
    """
    canvas = build.make_canvas(config)
    if (folder.store / "store.json").exists():
        store = read_store(folder.store)
        if same_voxels(store.canvas, canvas):
            return store
    drawn = "structure" if config.anatomy.maps else "place"
    model = load(folder.root, drawn)
    x_mm = canvas.grid.points_mm(canvas.mask).astype(np.float32)
    rows = read_scores_of(folder)
    held_out = tables.of_maps(rows, sees_structures=drawn == "structure")
    std: dict[str, Any] | None = None
    if config.render.std:
        _, std = std_maps(model.calibrated, x_mm, members=model.model.members)
    sidecars = sidecars_of(config, model, *held_out)
    factored = factored_of(model.drawable, x_mm, kept=True)
    return Store(factored, told_of(sidecars, std, "checkpoint"), canvas)


def same_voxels(one: Canvas, other: Canvas) -> bool:
    """Whether two canvases are of the same voxels, with the same value outside."""
    return (
        np.array_equal(one.mask, other.mask)
        and np.array_equal(one.grid.affine, other.grid.affine)
        and one.outside == other.outside
    )
