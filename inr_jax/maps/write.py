"""Maps as NIfTI files, each with a JSON sidecar.

A gene's mean and spread are written as its block is computed, the distance to the
nearest sample and the mask of validated voxels once.

Axis letters: I, J, K voxels along the axes of a grid; V voxels of its mask; G genes.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from inr_jax import progress
from inr_jax.brain.space import Grid
from inr_jax.files import write_bytes, write_json
from inr_jax.maps.bids import map_name, resolution_name
from inr_jax.maps.dataset import space_told
from inr_jax.maps.gene_batches import Block
from inr_jax.maps.packing import nifti_bytes, packed

WRITERS = 4  # threads; compressing releases the interpreter
EXPRESSION = "feature", "Expression, mean of the ensemble"
OUTSIDE = {"zero": 0.0, "nan": np.nan}


class Canvas(NamedTuple):
    """The voxels that maps are drawn at, and what names and values around them are.

    Attributes:
        mask: `(I, J, K)` bool, V voxels.
        grid: The grid of the mask.
        space: Name of the space, as BIDS writes it.
        outside: "zero" or "nan", the value outside the mask.
        name: Of a mask of the user's own; "" for the template's brain.
        source: What maps are made by, for their names.
    """

    mask: np.ndarray
    grid: Grid
    space: str
    outside: str
    name: str = ""
    source: str = "inrjax"

    def told(self) -> dict[str, Any]:
        """What sidecars say of the voxels."""
        return space_told(self.grid, self.space, self.outside)

    def stem(self, folder: Path, desc: str, suffix: str) -> Path:
        """Path of a map, without extension."""
        res, made = resolution_name(self.grid), {"mask": self.name}
        return folder / map_name(
            desc, self.space, res, suffix, **made, source=self.source
        )


def write_map(
    canvas: Canvas, stem: Path, values: np.ndarray, sidecar: dict[str, Any]
) -> None:
    """Write values `(V,)` as STEM.nii.gz and the sidecar as STEM.json.

    Raises:
        InputError: A file cannot be written.
    """
    volume = fill(values, canvas.mask, canvas.outside)
    write_volume(stem.with_name(f"{stem.name}.nii.gz"), volume, canvas.grid)
    write_json(stem.with_name(f"{stem.name}.json"), sidecar | canvas.told())


def write_blocks(
    folder: Path,
    canvas: Canvas,
    sidecars: list[dict[str, Any]],
    blocks: Iterable[Block],
    *,
    std_sidecar: dict[str, Any] | None,
    of: tuple[str, str] = EXPRESSION,
) -> None:
    """Write the maps of every gene, each block while the next one is computed.

    At most two blocks are in memory. A file is whole or absent, whatever happens.

    Args:
        folder: The folder of the maps.
        canvas: The voxels.
        sidecars: G of them, of the means; "Desc" names the file.
        blocks: All genes, units of the source; an iterator computes them one by one.
        std_sidecar: What the sidecars of std maps say besides; without it, None, only
            means are written.
        of: What the blocks' means are: the suffix of their names, and in words.

    Raises:
        InputError: A file cannot be written.
        KeyboardInterrupt: A signal was noted (see `progress`).
    """
    kinds = {of[0]: {"Description": of[1]}}
    if std_sidecar is not None:
        kinds["std"] = std_sidecar

    def write(block: Block, column: int) -> None:
        sidecar = sidecars[block.genes.start + column]
        for suffix, description in kinds.items():
            values = (block.spread if suffix == "std" else block.mean)[:, column]
            stem = canvas.stem(folder, sidecar["Desc"], suffix)
            write_map(canvas, stem, values, {**description, **sidecar})

    with ThreadPoolExecutor(WRITERS) as pool:
        jobs: list[Future] = []
        try:
            for block in blocks:
                _finish(jobs)
                columns = range(block.mean.shape[1])
                jobs = [pool.submit(write, block, column) for column in columns]
            _finish(jobs)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _finish(jobs: list[Future]) -> None:
    """Wait for all; stop between two of them if a signal was noted."""
    for job in jobs:
        job.result()
        progress.safe_point()


def write_distance(
    folder: Path, canvas: Canvas, distance_mm: np.ndarray, wells: int
) -> None:
    """Write the distance `(V,)`, mm, from every voxel to the nearest of the wells."""
    sidecar = {
        "Description": "Distance to the nearest sample on its own side of the brain",
        "Units": "mm",
        "Samples": wells,
    }
    stem = canvas.stem(folder, "nearestsample", "distance")
    write_map(canvas, stem, distance_mm, sidecar)


def write_validated(
    folder: Path,
    canvas: Canvas,
    inside: np.ndarray,
    range_mm: float,
    matters: dict[str, dict],
) -> None:
    """Write the mask of voxels that are validated.

    Args:
        folder: The folder of the maps.
        canvas: The voxels.
        inside: `(V,)` bool.
        range_mm: The validated range, mm.
        matters: Grey matter, white matter, spaces -> what held-out samples told.
    """
    volume = fill(inside, canvas.mask).astype(bool)
    stem = canvas.stem(folder, "validated", "mask")
    write_volume(stem.with_name(f"{stem.name}.nii.gz"), volume, canvas.grid)
    sidecar = {
        "Description": "1 where the nearest sample is no farther than 95 % of held-out "
        "samples were from the samples that predicted them, in matter (by the "
        "template; grey near samples of grey matter) that they have validated",
        "RangeMm": range_mm,
        "Matters": matters,
        **canvas.told(),
    }
    write_json(stem.with_name(f"{stem.name}.json"), sidecar)


def write_volume(path: str | Path, volume: np.ndarray, grid: Grid) -> None:
    """Write a volume as NIfTI-1 in MNI mm; equal volumes give equal bytes.

    Booleans are stored as uint8, all other numbers as float32.

    Args:
        path: Ends in .nii, or .nii.gz to compress.
        volume: `(I, J, K)`.
        grid: Its grid. The sform holds any affine; the qform, which cannot hold
            shear, holds the nearest affine without.

    Raises:
        InputError: The disk is full or the folder cannot be written.
        ValueError: `volume` has another shape than the grid.
    """
    data = nifti_bytes(volume, grid)
    write_bytes(path, packed(data) if str(path).endswith(".gz") else data)


def fill(values: np.ndarray, mask: np.ndarray, outside: str = "zero") -> np.ndarray:
    """Put values back in the voxels of a mask.

    Args:
        values: `(V,)`, in C order of ijk.
        mask: `(I, J, K)` bool, with V voxels.
        outside: "zero" or "nan", the value of the other voxels.

    Returns:
        `(I, J, K)` float32, in the order of a file's values: i runs fastest.

    Raises:
        ValueError: `outside` is another word.
    """
    if outside not in OUTSIDE:
        raise ValueError(f"outside: expected 'zero' or 'nan', found {outside!r}")
    volume = np.full(mask.shape, OUTSIDE[outside], np.float32, order="F")
    volume[mask] = values
    return volume
