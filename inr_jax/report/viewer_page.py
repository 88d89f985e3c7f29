"""What the page's viewer is given: volumes as text, and the program that draws them.

niivue draws the slices; it lies in `vendor/`, from npm, with its licence and the script
that brought it here. Its checksum is compared whenever it is used.

Frame: x_mm (MNI152 RAS, mm). Axis letters: I, J, K voxels of the grid, V of its mask,
U of the mask's right half where left and right are one (else U = V), G genes, P wells'
points.
"""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import Any, NamedTuple

import numpy as np

from inr_jax.brain.space import Grid
from inr_jax.errors import InputError
from inr_jax.report.viewer_packs import pack
from inr_jax.report.viewer_pairs import HeldOutPairs, pairs_json
from inr_jax.report.viewer_volumes import Volumes

NIIVUE = "niivue.umd.js", "0.69.0"
SHA256 = "47b896b77ec4a5be3ef1949c33ad393b6f45629921f326c279000bcf51bdb4af"
DISTANCE_STEP_MM = 0.25
LARGEST = 4095  # whole number that a weight becomes; far finer than the steps


class ViewerData(NamedTuple):
    """Everything that the viewer shows.

    Attributes:
        grid: The grid.
        mask: `(I, J, K)` bool, V voxels.
        mirrored: Whether maps are given on the right alone, x >= 0, and the same left.
        t1: `(I, J, K)` the template, 0 to 1.
        mean: Maps of expression at U voxels.
        sd: Maps of their standard deviation; None for a single network.
        calibrated: Whether +- 1.645 sd is a 90 % interval for a measurement.
        distance_mm: `(V,)` to the nearest well, mm.
        validated: `(V,)` bool; None where nothing can be said.
        wells_mm: `(P, 3)`.
        shown_r: `(G,)` r between the map that is shown and the model's.
        pairs: Of held-out wells; None without an evaluation.
    """

    grid: Grid
    mask: np.ndarray
    mirrored: bool
    t1: np.ndarray
    mean: Volumes
    sd: Volumes | None
    calibrated: bool
    distance_mm: np.ndarray
    validated: np.ndarray | None
    wells_mm: np.ndarray
    shown_r: np.ndarray
    pairs: HeldOutPairs | None = None


def viewer_json(data: ViewerData) -> dict[str, Any]:
    """The viewer's data, for `tojson`."""
    step_mm = max(DISTANCE_STEP_MM, float(data.distance_mm.max(initial=0)) / 255)
    tenths_mm = np.rint(np.asarray(data.wells_mm, np.float64) * 10).astype(np.int16)
    return {
        "shape": list(map(int, data.grid.shape)),
        "affine": np.asarray(data.grid.affine, float).tolist(),
        "mirrored": data.mirrored,
        "calibrated": data.calibrated,
        "mask": pack(data.mask.astype(np.uint8)),
        "t1": pack(np.rint(np.clip(data.t1, 0, 1) * 255).astype(np.uint8)),
        "mean": _packed(data.mean),
        "sd": None if data.sd is None else _packed(data.sd),
        "distance": pack(np.rint(data.distance_mm / step_mm).astype(np.uint8)),
        "distance_step_mm": step_mm,
        "validated": None
        if data.validated is None
        else pack(np.asarray(data.validated, np.uint8)),
        "pairs": pairs_json(data.pairs),
        "wells": pack(np.ascontiguousarray(tenths_mm.T)),
    }


def _packed(volumes: Volumes) -> dict[str, Any]:
    """Volumes and weights; a weight is its column's unit times a whole number."""
    unit = np.abs(volumes.weights).max(0, initial=1e-30).astype(np.float64) / LARGEST
    whole = np.rint(volumes.weights / unit).astype(np.int16)
    return {
        "levels": pack(volumes.levels),
        "step": volumes.step,
        "weights": pack(whole, along=False),
        "unit": unit.tolist(),
        "mean": [_short(value) for value in volumes.mean],
        "scale": [_short(value) for value in volumes.scale],
    }


def _short(value: float) -> float:
    return float(f"{value:.7g}")


def niivue_source() -> str:
    """The text of niivue's program, checked.

    Raises:
        InputError: It is not the file that was vendored.
    """
    name, version = NIIVUE
    data = resources.files("inr_jax.report").joinpath("vendor", name).read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if digest != SHA256:
        raise InputError(
            f"inr_jax/report/vendor/{name}",
            expected=f"niivue {version}, SHA-256 {SHA256[:12]}...",
            found=f"{digest[:12]}...",
            fix="install inr_jax again",
        )
    return data.decode("utf-8")


def page_file(name: str) -> str:
    """The text of a file of the viewer's folder: a program, a style, a template."""
    folder = resources.files("inr_jax.report").joinpath("viewer")
    return folder.joinpath(name).read_text(encoding="utf-8")
