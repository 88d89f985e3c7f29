"""Volumes as bytes: a NIfTI-1 file, and gzip that is quick and always the same.

Writing is what limits rendering, so the header is made once for a grid, and ISA-L
compresses where its wheel is installed. Neither writes a time: equal volumes give
equal bytes on a machine. Other processors, and machines without ISA-L, may pack the
same volume in other bytes.

Axis letters: I, J, K voxels along the axes of a grid.
"""

from __future__ import annotations

import functools
import zlib

import nibabel as nib
import numpy as np

from inr_jax.brain.space import Grid

MNI = 4  # NIFTI_XFORM_MNI_152 of nifti1.h
GZIP, ZLIB = 31, 15  # zlib's wbits for the largest window: gzip's format, zlib's own
ISAL_LEVEL = 1  # 0 to 3; see benchmarks/README.md


def make_image(volume: np.ndarray, grid: Grid) -> nib.Nifti1Image:
    """A volume `(I, J, K)` as NIfTI-1 in MNI mm; float32, or uint8 where it is bool.

    Raises:
        ValueError: `volume` has another shape than the grid.
    """
    if volume.shape != tuple(grid.shape):
        raise ValueError(f"volume: expected shape {grid.shape}, found {volume.shape}")
    image = nib.Nifti1Image(np.asarray(volume, _kind(volume)), grid.affine)
    image.set_sform(grid.affine, code=MNI)
    image.set_qform(grid.affine, code=MNI)
    image.header.set_xyzt_units("mm")
    return image


def nifti_bytes(volume: np.ndarray, grid: Grid) -> bytes:
    """A volume `(I, J, K)` as `make_image(volume, grid).to_bytes()`, in less time.

    nibabel looks for the largest value, and makes a header, of every volume.

    Raises:
        ValueError: `volume` has another shape than the grid.
    """
    if volume.shape != tuple(grid.shape):
        raise ValueError(f"volume: expected shape {grid.shape}, found {volume.shape}")
    kind = _kind(volume)
    affine = np.ascontiguousarray(grid.affine, np.float64)
    header = _header(tuple(grid.shape), affine.tobytes(), np.dtype(kind).str)
    return header + np.asarray(volume, kind).tobytes(order="F")


@functools.lru_cache(maxsize=8)
def _header(shape: tuple[int, int, int], affine: bytes, kind: str) -> bytes:
    """All bytes before the values; they do not depend on values."""
    grid = Grid(shape, np.frombuffer(affine).reshape(4, 4))
    empty = np.zeros(shape, bool if np.dtype(kind) == np.uint8 else np.float32)
    data = make_image(empty, grid).to_bytes()
    return data[: len(data) - empty.size * np.dtype(kind).itemsize]


def _kind(volume: np.ndarray) -> type:
    return np.uint8 if volume.dtype == bool else np.float32


def packed(data: bytes, form: int = GZIP) -> bytes:
    """Compress, as gzip without a time stamp or, as GIFTI has it, as zlib."""
    try:
        from isal import isal_zlib
    except ImportError:
        return _packed_by_zlib(data, form)
    return isal_zlib.compress(data, ISAL_LEVEL, form)


def _packed_by_zlib(data: bytes, form: int = GZIP) -> bytes:
    """By runs and Huffman codes alone.

    Zeros outside the brain are runs; floats hold no other repetitions. Not looking
    for them takes half the time of gzip's level 1 and saves 3 % of a 2 mm brain.
    """
    packer = zlib.compressobj(1, zlib.DEFLATED, form, 9, zlib.Z_RLE)
    return packer.compress(data) + packer.flush()
