"""Maps of a run as files: one NIfTI a gene, its spread, the distance to data, each
with a JSON sidecar.

Axis letters: V voxels of the mask, G genes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import nibabel as nib
import numpy as np

from inr_jax import progress
from inr_jax.brain.space import Grid
from inr_jax.files import write_bytes, write_json
from inr_jax.maps.bids import map_name, resolution_name
from inr_jax.maps.gene_batches import Block

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


def write_blocks(
    folder: Path,
    canvas: Canvas,
    sidecars: list[dict[str, Any]],
    blocks: Iterable[Block],
    *,
    told: dict[str, Any] | None,
) -> None:
    """Write the maps of every gene, a block while the next one is computed.

    At most two blocks are in memory. Whatever happens, files are whole or absent.

    Args:
        folder: Where to.
        canvas: The voxels.
        sidecars: G of them; "Desc" names the file.
        blocks: All genes, in the units of the source; computed as they are drawn.
        told: What the sidecars of the maps of spread say of it; None for no such maps.
    """
    kinds = {"feature": {"Description": "Expression, mean of the ensemble"}}
    if told is not None:
        kinds["std"] = told

    def write(block: Block, column: int) -> None:
        sidecar = sidecars[block.genes.start + column]
        for suffix, what in kinds.items():
            values = (block.mean if suffix == "feature" else block.spread)[:, column]
            stem = canvas.stem(folder, sidecar["Desc"], suffix)
            write_map(canvas, stem, values, {**what, **sidecar})

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
    """Wait, and stop between two maps if asked to."""
    for job in jobs:
        job.result()
        progress.safe_point()


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


MNI = 4  # NIFTI_XFORM_MNI_152 of nifti1.h

GZIP = 31  # zlib's wbits for the largest window in gzip's format

OUTSIDE = {"zero": 0.0, "nan": np.nan}


def write_volume(path: str | Path, volume: np.ndarray, grid: Grid) -> None:
    """Write a volume as NIfTI-1 in MNI mm; equal input gives equal bytes.

    As float32, or as uint8 where it is one of bool.

    Args:
        path: Ends in .nii, or .nii.gz to compress.
        volume: `(I, J, K)`.
        grid: Its grid. The sform holds any affine; the qform, which cannot hold
            shear, the nearest one.

    Raises:
        InputError: The disk is full or the folder cannot be written.
        ValueError: `volume` has another shape than the grid.
    """
    if volume.shape != tuple(grid.shape):
        raise ValueError(f"volume: expected shape {grid.shape}, found {volume.shape}")
    kind = np.uint8 if volume.dtype == bool else np.float32
    image = nib.Nifti1Image(np.asarray(volume, kind), grid.affine)
    image.set_sform(grid.affine, code=MNI)
    image.set_qform(grid.affine, code=MNI)
    image.header.set_xyzt_units("mm")
    data = image.to_bytes()
    if str(path).endswith(".gz"):
        data = _gzip(data)
    write_bytes(path, data)


def _gzip(data: bytes) -> bytes:
    """As gzip, for floats: runs, which zeros outside the brain are, and bytes' codes.

    Floats hold no other repetitions; not looking for them takes half the time of
    gzip's level 1, and on a 2 mm brain even saves 3 percent. Without a time in it.
    """
    packer = zlib.compressobj(1, zlib.DEFLATED, GZIP, 9, zlib.Z_RLE)
    return packer.compress(data) + packer.flush()


def fill(values: np.ndarray, mask: np.ndarray, outside: str = "zero") -> np.ndarray:
    """Put values `(V,)`, in C order of ijk, back in their voxels.

    Args:
        values: `(V,)`.
        mask: `(I, J, K)`, bool, with V voxels.
        outside: "zero" or "nan", what the other voxels hold.

    Returns:
        `(I, J, K)` float32.
    """
    if outside not in OUTSIDE:
        raise ValueError(f"outside: expected 'zero' or 'nan', found {outside!r}")
    volume = np.full(mask.shape, OUTSIDE[outside], np.float32)
    volume[mask] = values
    return volume
