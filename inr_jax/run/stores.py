"""From a fitted model to its maps as a store: what is kept, and what it is made from.

Axis letters: V voxels, P distinct places, R features, G genes. Frame: x_mm (MNI152
RAS, mm).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

from inr_jax.fields.factors import gene_weights, place_features
from inr_jax.files.reading import user_path
from inr_jax.maps.calibration import Calibrated
from inr_jax.maps.factored import (
    PLACES,
    Factored,
    Scales,
    distinct_places,
    in_memory,
    part_length,
    parts_of,
)
from inr_jax.maps.lookup import Store, read_store
from inr_jax.maps.places import places_at
from inr_jax.maps.store import Told
from inr_jax.maps.write import Canvas
from inr_jax.run.images import Drawable
from inr_jax.run.workdir import Workdir
from inr_jax.stats import conformal

STORE_ABOVE = 300  # genes, from which on `auto` takes a store instead of files


def wants_store(kind: str, genes: int) -> bool:
    """Whether maps of so many genes go to a store: "factored", "nifti" or "auto"."""
    return kind == "factored" or (kind == "auto" and genes > STORE_ABOVE)


def open_store(folder: str | Path) -> Store:
    """The maps in a workdir whose run left them in a store.

    Args:
        folder: The workdir, or the folder `store` in it.

    Raises:
        InputError: There is none, it is damaged, or of another version.
    """
    path = user_path(folder)
    within = Workdir(path).store
    return read_store(within if within.is_dir() else path)


def factored_of(model: Drawable, x_mm: np.ndarray, *, kept: bool = False) -> Factored:
    """Maps of a linear model at voxels `(V, 3)` as factors.

    Args:
        model: What is drawn.
        x_mm: The voxels.
        kept: Whether all features stay in memory; else a part is computed when it
            is asked for.

    Raises:
        InputError: The networks are not linear in the genes.
    """
    conditioning, inner = model.recipe.renderer.conditioning, model.model
    mirror = model.recipe.symmetric and model.recipe.tissue == "none"
    at_mm, row = distinct_places(np.asarray(x_mm, np.float32), mirror=mirror)

    def computed(number: int) -> np.ndarray:
        first = number * PLACES
        rows = slice(first, first + part_length(number, len(at_mm)))
        places = places_at(
            at_mm[rows], regions=model.regions, mirror=model.recipe.mirror
        )
        return place_features(conditioning, inner, places)

    part: Callable[[int], np.ndarray] = computed
    if kept:
        numbers = range(parts_of(len(at_mm)))
        part = in_memory(np.concatenate([computed(number) for number in numbers]))
    return Factored(
        part,
        row,
        gene_weights(inner),
        inner.members,
        scales_of(model.calibrated, x_mm),
    )


def scales_of(calibrated: Calibrated | None, x_mm: np.ndarray) -> Scales | None:
    """What std maps at voxels `(V, 3)` are calibrated by."""
    if calibrated is None:
        return None
    calibration = calibrated.calibration
    scale, factor = conformal.local_at(calibration, x_mm)
    return Scales(
        calibration.residual_sd.astype(np.float32),
        calibration.quantile.astype(np.float32),
        conformal.Local(scale.astype(np.float32), factor.astype(np.float32)),
    )


def told_of(
    sidecars: list[dict[str, Any]], std_sidecar: dict | None, made_from: str
) -> Told:
    """What the sidecars of all genes say, each thing once."""
    each = ("Gene", "Desc", "HeldOutR", "HeldOutR2")
    common = {key: value for key, value in sidecars[0].items() if key not in each}
    genes, desc, r, r2 = (tuple(told[key] for told in sidecars) for key in each)
    return Told(genes, desc, r, r2, common, std_sidecar, made_from)


def digest(model: Drawable, canvas: Canvas, settings: dict) -> str:
    """SHA-256 of all that maps of a model depend on.

    Args:
        model: What is drawn.
        canvas: The voxels.
        settings: Sections of the config that change what a network computes.
    """
    total = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())

    def put(array: Any) -> None:
        array = np.ascontiguousarray(array)
        total.update(f"{array.dtype.str}{array.shape}".encode() + array.tobytes())

    inner = model.model
    for leaf in jax.tree.leaves((inner.params, inner.inputs, inner.standardiser)):
        put(leaf)
    put(np.packbits(canvas.mask))
    put(np.asarray(canvas.grid.affine, np.float64))
    put(np.asarray([PLACES, *canvas.mask.shape]))
    if model.regions is not None:
        put(model.regions.table)
    return total.hexdigest()
