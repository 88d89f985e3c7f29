"""Maps of a run as files: one NIfTI a gene, its spread, the distance to data, each
with a JSON sidecar.

Axis letters: V voxels of the mask, G genes.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from inr_jax.files import write_json
from inr_jax.nifti import fill, map_name, resolution_name, write_volume
from inr_jax.space import Grid

WRITERS = 4  # threads; compressing releases the interpreter


class Canvas(NamedTuple):
    """Where maps are drawn and how they are named.

    Attributes:
        mask: `(I, J, K)` bool, V voxels.
        grid: Its grid.
        space: Name of the space.
        outside: What voxels outside the mask hold, "zero" or "nan".
    """

    mask: np.ndarray
    grid: Grid
    space: str
    outside: str

    def stem(self, folder: Path, desc: str, suffix: str) -> Path:
        """Path of a map, without extension."""
        return folder / map_name(desc, self.space, resolution_name(self.grid), suffix)


def write_map(
    canvas: Canvas, stem: Path, values: np.ndarray, sidecar: dict[str, Any]
) -> None:
    """Write values `(V,)` as STEM.nii.gz, and the sidecar as STEM.json."""
    volume = fill(values, canvas.mask, canvas.outside)
    write_volume(stem.with_name(f"{stem.name}.nii.gz"), volume, canvas.grid)
    write_json(stem.with_name(f"{stem.name}.json"), sidecar)


def write_genes(
    folder: Path,
    canvas: Canvas,
    sidecars: list[dict[str, Any]],
    mean: np.ndarray,
    sd: np.ndarray | None,
    *,
    told: dict[str, Any],
    on_gene: Callable[[int], None],
) -> None:
    """Write the map of every gene, compressed side by side.

    Args:
        folder: Where to.
        canvas: The voxels.
        sidecars: G of them; "Desc" names the file.
        mean: `(V, G)`.
        sd: `(V, G)` standard deviation, or None for no maps.
        told: What its sidecars say of it.
        on_gene: Called with the number of genes done.
    """
    what = {"Description": "Expression, mean of the ensemble"}
    kinds = [("feature", mean, what)]
    if sd is not None:
        kinds.append(("std", sd, told))

    def write(column: int) -> None:
        for suffix, values, what in kinds:
            sidecar = {**what, **sidecars[column]}
            stem = canvas.stem(folder, sidecar["Desc"], suffix)
            write_map(canvas, stem, values[:, column], sidecar)

    with ThreadPoolExecutor(WRITERS) as pool:
        jobs = [pool.submit(write, column) for column in range(len(sidecars))]
        try:
            for done, job in enumerate(jobs):
                job.result()
                on_gene(done + 1)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def write_distance(
    folder: Path, canvas: Canvas, distance_mm: np.ndarray, wells: int
) -> None:
    """Write the distance `(V,)`, mm, of every voxel to the nearest of the wells."""
    sidecar = {
        "Description": "Distance to the nearest sample on its own side of the brain",
        "Units": "mm",
        "Samples": wells,
    }
    stem = canvas.stem(folder, "nearestsample", "distance")
    write_map(canvas, stem, distance_mm, sidecar)


def write_validated(
    folder: Path, canvas: Canvas, inside: np.ndarray, range_mm: float
) -> None:
    """Write the mask `(V,)`, bool, of voxels no farther from data than the range."""
    volume = np.zeros(canvas.mask.shape, bool)
    volume[canvas.mask] = inside
    stem = canvas.stem(folder, "validated", "mask")
    write_volume(stem.with_name(f"{stem.name}.nii.gz"), volume, canvas.grid)
    sidecar = {
        "Description": "1 where the nearest sample is no farther than 95 % of held-out "
        "samples were from the samples that predicted them",
        "RangeMm": range_mm,
    }
    write_json(stem.with_name(f"{stem.name}.json"), sidecar)
