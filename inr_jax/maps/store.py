"""Maps of all genes in one folder: `store/`, a few files instead of two for each gene.

    store.json        version, sizes, what it was made from, what sidecars say
    genes.npz         weights (G, R), residual sd and quantile (G,), names and scores
    voxels.npz        mask (I, J, K), affine, place of each voxel (V,), local scale
    features/0000.npy features of distinct places (PLACES, R), a file a part

A gene's map is a product, features times its weights, and is computed when it is asked
for, from files that are mapped into memory. Files are whole or absent: a run that is
stopped leaves whole parts, which can be read, and the next one writes the others.

Axis letters: I, J, K of the grid; V voxels of the mask, G genes, R features.
Frame: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from inr_jax.errors import InputError
from inr_jax.files import make_folder, remove_temporary, write_bytes, write_json
from inr_jax.files.stored import read_json, signed
from inr_jax.files.stored_arrays import write_arrays
from inr_jax.maps.factored import Factored, parts_of
from inr_jax.maps.write import Canvas

FORMAT = 1  # raised when an old store can no longer be read
PART = re.compile(r"\d{4}\.npy")
HEAD: dict[str, Any] = {
    "format": int,
    "made_from": str,
    "kind": str,
    "members": int,
    "places": int,
    "features": int,
    "sidecar": dict,
    "std_sidecar": (dict, type(None)),
    "canvas": {"space": str, "outside": str, "name": str, "source": str},
}


class Told(NamedTuple):
    """What is said of the maps of a store.

    Attributes:
        genes: G symbols.
        desc: Of each, for names of files.
        r: Held-out r of each; None where it was not scored.
        r2: Likewise.
        sidecar: What all sidecars say.
        std_sidecar: What those of std maps say besides; None where there is no std.
        made_from: Digest of the model and its places.
    """

    genes: tuple[str, ...]
    desc: tuple[str, ...]
    r: tuple[float | None, ...]
    r2: tuple[float | None, ...]
    sidecar: dict[str, Any]
    std_sidecar: dict[str, Any] | None
    made_from: str

    def sidecar_of(self, column: int) -> dict[str, Any]:
        """The sidecar of a gene's mean."""
        named = {"Gene": self.genes[column], "Desc": self.desc[column]}
        scores = {"HeldOutR": self.r[column], "HeldOutR2": self.r2[column]}
        return {**named, **self.sidecar, **scores}


def write_store(
    folder: Path,
    canvas: Canvas,
    factored: Factored,
    told: Told,
    *,
    on_part: Callable[..., None] | None = None,
) -> None:
    """Write a store, or what a store of the same model lacks.

    Args:
        folder: The folder of the store.
        canvas: The voxels.
        factored: The maps; its parts are computed as they are asked for.
        told: What is said of them.
        on_part: Called with the number of parts that are there.

    Raises:
        InputError: A file cannot be written; whole parts stay.
    """
    parts = make_folder(folder / "features", fix="check that the workdir is yours")
    remove_temporary(parts, lambda name: bool(PART.fullmatch(name)))
    remove_temporary(folder, lambda name: name.endswith((".npz", ".json")))
    if _made_from(folder) != told.made_from:
        for path in parts.iterdir():
            if PART.fullmatch(path.name):
                path.unlink()
    _write_head(folder, canvas, factored, told)
    for number in range(parts_of(factored.places)):
        path = parts / f"{number:04d}.npy"
        if not path.exists():
            write_bytes(path, part_bytes(factored.part(number)))
        if on_part is not None:
            on_part(number + 1)


def part_bytes(features: np.ndarray) -> bytes:
    """A part as `.npy`, with the SHA-256 of its numbers behind them."""
    data, plain = io.BytesIO(), np.ascontiguousarray(features, np.float32)
    np.save(data, plain)
    data.write(hashlib.sha256(plain.data).digest())
    return data.getvalue()


def _made_from(folder: Path) -> str | None:
    """Digest of what the parts in a folder are of; None where that is not known."""
    try:
        head = read_json(folder / "store.json", HEAD, expected="", fix="")
    except InputError:
        return None
    return head["made_from"] if head["format"] == FORMAT else None


def _write_head(folder: Path, canvas: Canvas, factored: Factored, told: Told) -> None:
    """All but the features; written anew each time, as scores may be new."""
    made = {"made_from": told.made_from}
    voxels = {"mask": canvas.mask, "affine": canvas.grid.affine, "row": factored.row}
    genes = {"weights": factored.weights}
    if factored.scales is not None:
        sigma, quantile, local = factored.scales
        voxels |= {"scale": local.scale, "factor": local.factor}
        genes |= {"residual_sd": sigma, "quantile": quantile}
    write_arrays(folder / "voxels.npz", voxels, made, FORMAT)
    columns = {key: list(getattr(told, key)) for key in ("genes", "desc", "r", "r2")}
    write_arrays(folder / "genes.npz", genes, made | columns, FORMAT)
    drawn = canvas._asdict()
    head = {
        "format": FORMAT,
        "kind": "factored",
        **made,
        "members": factored.members,
        "places": factored.places,
        "features": factored.weights.shape[1],
        "sidecar": told.sidecar,
        "std_sidecar": told.std_sidecar,
        "canvas": {key: drawn[key] for key in HEAD["canvas"]},
    }
    write_json(folder / "store.json", signed(head))
