"""Maps of many genes in a store: part of the stage `render`."""

from __future__ import annotations

import logging
import time
from typing import Any

import numpy as np

from inr_jax.maps.factored import parts_of
from inr_jax.maps.phantom_scores import MapObserver, evenly
from inr_jax.maps.store import write_store
from inr_jax.progress import bar
from inr_jax.run.expression_model import ExpressionModel
from inr_jax.run.images import blocks_of
from inr_jax.run.provenance import add_summary
from inr_jax.run.run import Run
from inr_jax.run.stores import digest, factored_of, told_of, wants_store

log = logging.getLogger("inr_jax")
LOOKED_AT = 100  # genes of a store whose maps are compared with the phantom
DRAWN_BY = ("field", "conditioning", "inputs", "anatomy")  # sections of settings


def takes_store(run: Run, model: ExpressionModel) -> bool:
    """Whether the maps of all genes go to a store."""
    kind, genes = run.config.render.store, len(model.genes)
    if not wants_store(kind, genes):
        return False
    if model.recipe.conditioning.linear:
        return True
    name = run.config.conditioning.name
    log.warning("render: networks of %s have no factors, maps go to NIfTI", name)
    return False


def write_store_of(
    run: Run,
    model: ExpressionModel,
    sidecars: list[dict[str, Any]],
    std_sidecar: dict | None,
    x_mm: np.ndarray,
) -> None:
    """Write the store of all genes, or what a stopped run has left of it to write.

    Args:
        run: Whose workdir it goes to.
        model: What is drawn.
        sidecars: Of the G means.
        std_sidecar: Of std maps; None for none.
        x_mm: `(V, 3)` voxels.
    """
    config, folder = run.config, run.workdir.store
    sections = {name: config[name].to_dict() for name in DRAWN_BY}
    made_from = digest(
        model.drawable, run.canvas, sections | {"p": config.render.precision}
    )
    factored = factored_of(model.drawable, x_mm)
    if std_sidecar is None:
        factored = factored._replace(scales=None)
    folder.mkdir(exist_ok=True)
    start = time.perf_counter()
    with bar("store", parts_of(factored.places), unit="part") as tick:
        told = told_of(sidecars, std_sidecar, made_from)
        write_store(folder, run.canvas, factored, told, on_part=tick)
    size = sum(path.stat().st_size for path in folder.rglob("*.np[yz]"))
    seconds = time.perf_counter() - start
    numbers = {"seconds": seconds, "mb": size / 1e6, "places": factored.places}
    add_summary(run.workdir.summary, {"store": numbers, "n_voxels": len(x_mm)})
    count = len(model.genes)
    log.info("store of %d genes, %.0f MB, in %.1f s", count, size / 1e6, seconds)


def looked_at(run: Run, drawn: list[str]) -> list[int]:
    """Columns of the genes to draw and, of a phantom, of some to compare with it."""
    genes = run.source.samples.genes
    columns = {genes.index(gene) for gene in drawn}
    if run.brain is not None:
        columns |= set(evenly(len(genes), LOOKED_AT))
    return sorted(columns)


def observe(
    model: ExpressionModel, observer: MapObserver, columns: list[int], x_mm: np.ndarray
) -> None:
    """Show an observer the maps of some genes, which no file will hold."""
    for block in blocks_of(model.drawable, x_mm, columns):
        observer.observe(block)
