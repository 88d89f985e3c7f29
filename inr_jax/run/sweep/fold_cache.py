"""What a sweep has finished, kept in its workdir: a file for each group and fold.

Nouns:
    group: candidates that are fitted together.
Axis letters: K candidates of a group, N held-out wells, G genes.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from inr_jax.files.stored_arrays import Array, write_arrays
from inr_jax.run.kept_folds import read_fold
from inr_jax.stats.nested_cv import Donors

log = logging.getLogger("inr_jax")
FORMAT = 1  # raised when an old file can no longer be read


def path_of(folder: Path, group: int, held_out: Donors) -> Path:
    """Where a group's predictions of held-out donors lie."""
    without = "-".join(map(str, held_out))
    return folder / f"group{group:03d}_without{without}.npz"


def save(path: Path, predicted: np.ndarray, seconds: float) -> None:
    """Keep predictions `(K, N, G)` and the time they took; whole or not at all.

    Raises:
        InputError: The disk is full or the folder cannot be written.
    """
    write_arrays(
        path, {"predicted": predicted, "seconds": seconds}, _told(path), FORMAT
    )


def load(path: Path, shape: tuple[int, int, int]) -> tuple[np.ndarray, float] | None:
    """What `save` kept; None where there is nothing, or nothing that can be read."""
    schema = {"predicted": Array(shape), "seconds": Array((), "f", 0.0)}
    read = read_fold(path, schema, ("of",), FORMAT, fix="fitted again")
    if read is None:
        return None
    arrays, told = read
    if told != _told(path):
        log.warning("%s: those of %s, fitted again", path, told["of"])
        return None
    return arrays["predicted"], float(arrays["seconds"])


def _told(path: Path) -> dict[str, str]:
    """A file that was renamed is not taken for another fold's."""
    return {"of": path.name}
