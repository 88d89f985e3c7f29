"""What many tests start from: a box, a grid, samples, and how a refusal is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd

from inr_jax import cli
from inr_jax.brain.space import Box
from inr_jax.brain.template import brain_mask
from inr_jax.errors import InputError
from inr_jax.samples.samples import Samples, make_samples

BOX = Box(np.array([30.0, -20.0, 5.0], np.float32), np.float32(80))
SHAPE = (7, 8, 9)  # of a grid; no two sides alike


def oblique(
    angle: float = 0.3, sides: tuple[float, float, float] = (3.0, 2.0, 2.5)
) -> np.ndarray:
    """An affine `(4, 4)` turned about z, with voxels of these sides, mm."""
    c, s = np.cos(angle), np.sin(angle)
    affine = np.eye(4)
    affine[:3, :3] = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.diag(sides)
    affine[:3, 3] = [-30, -50, -10]
    return affine


def write_smooth_map(path: Path) -> Path:
    """A smooth map of the brain at 3 mm that has nothing to do with any gene."""
    mask, grid = brain_mask(3)
    x, y, z = (grid.points_mm(mask) / 25).T
    values = np.zeros(mask.shape, np.float32)
    values[mask] = np.sin(x) * np.cos(y) + np.sin(z + y)
    nib.save(nib.Nifti1Image(values, grid.affine), path)
    return path


def head_mm(rng: np.random.Generator, n: int) -> np.ndarray:
    """Points `(n, 3)` anywhere in the box of a head, float32 as samples hold them."""
    low, high = [-60, -90, -40], [60, 60, 70]
    return rng.uniform(low, high, size=(n, 3)).astype(np.float32)


def random_samples(
    rng: np.random.Generator,
    n: int = 60,
    genes: int = 4,
    *,
    donors: Sequence[str] | None = None,
    **columns: object,
) -> Samples:
    """Samples anywhere in the head whose values are N(3, 1), whatever their place.

    Args:
        rng: Draws places, values and donors.
        n: Wells.
        genes: Called G0, G1, ...
        donors: Names; each has as many wells as another, in random order.
        **columns: Whatever `make_samples` takes, instead of what is drawn here.
    """
    drawn: dict[str, object] = {
        "x_mm": head_mm(rng, n),
        "values": rng.normal(size=(n, genes)) + 3,
        "genes": [f"G{g}" for g in range(genes)],
        "where": "test",
    }
    if donors is not None:
        number = rng.permutation(np.arange(n) % len(donors))
        drawn["donor"] = [donors[k] for k in number]
    return make_samples(**{**drawn, **columns})


def write_image(path, data, affine=None):
    """Write a NIfTI image, 2 mm voxels by default; returns its path."""
    affine = np.diag([2.0, 2, 2, 1]) if affine is None else affine
    nib.save(nib.Nifti1Image(np.asarray(data), affine), path)
    return str(path)


def write_table(frame: pd.DataFrame, path: Path) -> Path:
    """Write a frame as its ending says."""
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        separator = "," if ".csv" in path.name else "\t"
        frame.to_csv(path, sep=separator, index=False)
    return path


def structured_samples(
    rng: np.random.Generator,
    per: int = 24,
    donors: Sequence[str] = ("a", "b", "c"),
    named: bool = True,
    genes: int = 4,
) -> Samples:
    """Structures whose effects are scattered in space: coordinates say nothing."""
    n = per * len(donors)
    structure = np.arange(n) % 8
    effect = rng.normal(size=(8, genes))
    return make_samples(
        x_mm=head_mm(rng, n),
        values=effect[structure] + 0.2 * rng.normal(size=(n, genes)) + 7,
        genes=[f"G{g}" for g in range(genes)],
        donor=[donors[i // per] for i in range(n)],
        structure=[f"s{s}" for s in structure] if named else None,
        parent=[f"p{s // 4}" for s in structure] if named else None,
        where="test",
    )


def refused(capsys, *arguments: str) -> str:
    """The one line on stderr by which a command ends with status 2."""
    capsys.readouterr()
    assert cli.main(list(arguments)) == 2
    printed = capsys.readouterr()
    (line,) = printed.err.strip().splitlines()
    assert line.startswith("inr-jax: ") and "Traceback" not in printed.out
    return line


def input_error(call: Callable, *arguments: object, **settings: object) -> InputError:
    """The InputError that a call raises; its message is one line."""
    try:
        call(*arguments, **settings)
    except InputError as error:
        assert "\n" not in str(error)
        return error
    raise AssertionError("nothing was refused")


def score_row(
    method: str, gene: str, r: float, r2: float, protocol: str = "donor"
) -> dict:
    """A row of scores.csv."""
    names = {"method": method, "protocol": protocol, "gene": gene}
    return names | {"n": 841, "r": r, "r2": r2, "mse": 1 / 3}
