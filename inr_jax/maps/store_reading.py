"""A store read: maps of genes and values of voxels, from files mapped into memory.

Axis letters: I, J, K of the grid; V voxels of the mask, G genes, R features.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from inr_jax.brain.space import Grid
from inr_jax.errors import InputError, first_line, shortlist
from inr_jax.files.stored import check_regular, check_signed, read_json
from inr_jax.files.stored_arrays import MOST, Array, read_arrays
from inr_jax.maps.factored import (
    Factored,
    Scales,
    missing_part,
    part_length,
    parts_of,
)
from inr_jax.maps.store import FORMAT, HEAD, Told
from inr_jax.maps.write import Canvas
from inr_jax.stats.conformal import Local

OF_GENES = {
    "weights": Array(("G", "R")),
    "residual_sd?": Array(("G",), "f", 0.0),
    "quantile?": Array(("G",), "f", 0.0),
}
OF_VOXELS = {
    "mask": Array(("I", "J", "K"), "b"),
    "affine": Array((4, 4)),
    "row": Array(("V",), "iu", 0),
    "scale?": Array(("V",), "f", 0.0),
    "factor?": Array(("V",), "f", 0.0),
}
MERGED = {"kind": str, "shards": int}
COLUMNS = {"genes": [str], "desc": [str], "made_from": str}
SCORES = {"r": [(float, type(None))], "r2": [(float, type(None))]}
DIGEST = 32  # bytes behind the numbers of a part
FIX = "draw it again with this version, or read it with the one that wrote it"


def read_head(folder: Path) -> dict:
    """`store.json` of a store of this version.

    Raises:
        InputError: There is none, it is damaged, or of another version.
    """
    expected = f"a store of format {FORMAT}"
    path = folder / "store.json"
    version = read_json(path, {"format": int}, expected=expected, fix=FIX)["format"]
    if version != FORMAT:
        found = f"one of format {version}"
        raise InputError(path, expected=expected, found=found, fix=FIX)
    kind = read_json(path, {"kind": str}, expected=expected, fix=FIX)["kind"]
    shape = MERGED if kind == "merged" else HEAD
    head = read_json(path, shape, expected=expected, fix=FIX)
    check_signed(path, head, fix=FIX)
    return head


def read_factored(folder: Path, head: dict) -> tuple[Factored, Told, Canvas]:
    """The maps of a store, what is told of them, and where they lie.

    Features are mapped into memory when a map asks for them, so that whole parts of
    an unfinished store can be read.

    Raises:
        InputError: A file is missing or damaged, or of another store.
    """
    genes, columns = _read(folder / "genes.npz", OF_GENES, COLUMNS | SCORES, "genes")
    voxels, of = _read(folder / "voxels.npz", OF_VOXELS, {"made_from": str})
    _check_same(folder, head, columns["made_from"], of["made_from"])
    scales = None
    if "scale" in voxels and "quantile" in genes:
        local = Local(voxels["scale"], voxels["factor"])
        scales = Scales(genes["residual_sd"], genes["quantile"], local)
    factored = Factored(
        _mapped(folder / "features", head),
        voxels["row"],
        genes["weights"],
        head["members"],
        scales,
    )
    mask = voxels["mask"]
    canvas = Canvas(mask, Grid(mask.shape, voxels["affine"]), **head["canvas"])
    told = Told(
        genes=tuple(columns["genes"]),
        desc=tuple(columns["desc"]),
        r=tuple(columns["r"]),
        r2=tuple(columns["r2"]),
        sidecar=head["sidecar"],
        std_sidecar=head["std_sidecar"],
        made_from=head["made_from"],
    )
    return factored, told, canvas


def _read(
    path: Path, schema: dict, shape: dict, names: str = ""
) -> tuple[dict[str, np.ndarray], dict]:
    """Arrays and JSON of a file of the store; `names` is a list of G."""
    return read_arrays(
        path,
        schema,
        shape,
        version=FORMAT,
        lengths={"G": names} if names else {},
        expected=f"a part of a store of format {FORMAT}",
        fix=FIX,
    )


def _check_same(folder: Path, head: dict, *others: str) -> None:
    strange = [made for made in others if made != head["made_from"]]
    if strange:
        raise InputError(
            folder,
            expected="files of one store",
            found=f"some of another model ({shortlist(m[:8] for m in strange)})",
            fix="draw it again",
        )


def _mapped(folder: Path, head: dict) -> Callable[[int], np.ndarray]:
    """Number of a part to its features, from their files when first asked for."""
    opened: dict[int, np.ndarray] = {}
    places, width = head["places"], head["features"]

    def part(number: int) -> np.ndarray:
        if number not in opened:
            shape = part_length(number, places), width
            opened[number] = _opened(folder, number, shape, parts_of(places))
        return opened[number]

    return part


def _opened(
    folder: Path, number: int, shape: tuple[int, int], parts: int
) -> np.ndarray:
    path = folder / f"{number:04d}.npy"
    if not path.exists():
        raise missing_part(folder, len(list(folder.glob("[0-9]*.npy"))), parts)
    try:
        check_regular(path, MOST)
        features = np.load(path, mmap_mode="r", allow_pickle=False)
        if features.shape != shape or features.dtype != np.float32:
            raise ValueError(f"{features.dtype} of shape {features.shape}")
        _check_digest(path, features)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(
            path,
            expected=f"float32 of shape {shape}",
            found=first_line(error),
            fix="delete it and draw the store again",
        ) from error
    return features


def _check_digest(path: Path, features: np.ndarray) -> None:
    """Raise ValueError where numbers are not those that the digest behind them is of.

    Parts of an older version have none.
    """
    end = features.offset + features.nbytes  # type: ignore[attr-defined]
    with open(path, "rb") as file:
        file.seek(end)
        digest = file.read(DIGEST + 1)
    if digest and digest != hashlib.sha256(np.asarray(features).data).digest():
        raise ValueError("numbers that differ from their SHA-256")
