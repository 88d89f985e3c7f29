"""Maps on surfaces: the field evaluated at vertices, and GIFTI files of it.

A value at a vertex is the mean of the field over depths of cortex there, evaluated at
these points themselves; nothing is resampled from voxels, so nothing of what lies
beyond the brain is mixed in.

Axis letters: V vertices, G genes. Frame: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

import base64
import functools
import hashlib
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

import nibabel as nib
import numpy as np

from inr_jax.brain.surfaces import Cortex
from inr_jax.files import write_bytes, write_json
from inr_jax.maps.bids import map_name
from inr_jax.maps.packing import ZLIB, packed

STRUCTURES = {"L": "CortexLeft", "R": "CortexRight"}
NAME = "@NAME@"  # that of a gene stands in its place
DENSITIES = {163842: "164k", 32492: "32k", 40962: "41k", 10242: "10k", 2562: "3k"}


class SurfaceValues(NamedTuple):
    """Maps of genes on one side of cortex.

    Attributes:
        hemi: "L" or "R".
        x_mm: `(V, 3)` vertices in the middle of the depths.
        mean: `(V, G)` float32, units of the source.
        sd: `(V, G)` float32, standard deviation of a new measurement where the model
            is calibrated, else over the ensemble's members.
        validated: `(V,)` bool, whether held-out wells have tested such places.
        cortex: `(V,)` bool, False at the midline, where white and pial are one.
    """

    hemi: str
    x_mm: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    validated: np.ndarray
    cortex: np.ndarray


class SurfaceNames(NamedTuple):
    """What files of a surface are called.

    Attributes:
        space: Of the mesh, letters and digits.
        density: Number of vertices, as 10k.
        source: What maps were made by.
        mesh: Tells meshes of a space and density apart, letters and digits; "" for
            fsaverage5 halfway through cortex.
    """

    space: str
    density: str
    source: str = "inrjax"
    mesh: str = ""

    def stem(self, desc: str, suffix: str, hemi: str = "") -> str:
        """File name without ending; without `hemi` that of the sidecar of both."""
        res = f"res-{self.density}"  # where `map_name` has the voxel size
        name = map_name(desc, self.space, self.density, suffix, source=self.source)
        mesh = f"_mesh-{self.mesh}" if self.mesh else ""
        side = f"_hemi-{hemi}" if hemi else ""
        return name.replace(f"_{res}_", f"_den-{self.density}{mesh}{side}_")


def density_name(vertices: int) -> str:
    """Number of vertices of a side in a file name: 10242 is 10k."""
    return DENSITIES.get(vertices) or f"{max(1, round(vertices / 1000))}k"


def mesh_name(sides: list[Cortex], depths: tuple[float, ...]) -> str:
    """A name that vertices at other places or depths do not have."""
    digest = hashlib.sha256(str(depths).encode())
    for side in sides:
        digest.update(depth_points(side, depths).tobytes())
    return digest.hexdigest()[:8]


def depth_points(cortex: Cortex, depths: tuple[float, ...]) -> np.ndarray:
    """`(D V, 3)` float32 points at all depths, vertices within depths."""
    return np.concatenate([cortex.at(d) for d in depths]).astype(np.float32)


def gifti_bytes(values: np.ndarray, hemi: str, gene: str) -> bytes:
    """Values `(V,)` of a side as GIFTI, float32; equal values give equal bytes.

    nibabel writes what is around values and names, once for all genes of a side.
    """
    values = np.asarray(values, np.float32)
    between = _frame(len(values), hemi)
    name = escape(gene).encode()
    data = base64.b64encode(packed(values.tobytes(), ZLIB))
    *texts, before, after = between
    return b"".join(text + name for text in texts) + before + data + after


@functools.lru_cache(maxsize=4)
def _frame(vertices: int, hemi: str) -> tuple[bytes, ...]:
    """The bytes of a file between its names, up to its values, and after them."""
    array = nib.gifti.GiftiDataArray(
        np.zeros(vertices, np.float32),
        intent="NIFTI_INTENT_NONE",
        datatype="NIFTI_TYPE_FLOAT32",
        meta={"Name": NAME},
    )
    structure = {"AnatomicalStructurePrimary": STRUCTURES[hemi], "Name": NAME}
    meta = nib.gifti.GiftiMetaData(structure)
    whole = nib.gifti.GiftiImage(darrays=[array], meta=meta).to_bytes()
    *texts, rest = whole.split(NAME.encode())
    before, rest = rest.split(b"<Data>")
    return (*texts, before + b"<Data>", b"</Data>" + rest.split(b"</Data>")[1])


def write_surfaces(
    folder: Path,
    names: SurfaceNames,
    sides: list[SurfaceValues],
    told: list[dict[str, Any]],
    std_told: dict[str, Any] | None,
) -> None:
    """Write a GIFTI file a gene, side and kind, and a sidecar a gene and kind.

    Args:
        folder: Where to.
        names: What files are called.
        sides: One side or two, of G genes.
        told: G sidecars, with `Gene` and `Desc`.
        std_told: Of maps of standard deviation; None for no such maps.

    Raises:
        InputError: A file cannot be written.
    """
    kinds = {"feature": None} | ({} if std_told is None else {"std": std_told})
    for column, sidecar in enumerate(told):
        for suffix, more in kinds.items():
            for side in sides:
                values = (side.mean if suffix == "feature" else side.sd)[:, column]
                stem = names.stem(sidecar["Desc"], suffix, side.hemi)
                data = gifti_bytes(values, side.hemi, sidecar["Gene"])
                write_bytes(folder / f"{stem}.func.gii", data)
            stem = names.stem(sidecar["Desc"], suffix)
            write_json(folder / f"{stem}.json", sidecar | (more or {}))
