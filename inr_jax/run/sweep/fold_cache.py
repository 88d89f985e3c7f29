"""What a sweep has finished, kept in its workdir: a file for each group and fold.

Nouns:
    group: candidates that are fitted together.
Axis letters: K candidates of a group, N held-out wells, G genes.
"""

from __future__ import annotations

import io
import logging
import zipfile
from pathlib import Path

import numpy as np

from inr_jax.files import write_bytes
from inr_jax.stats.nested_cv import Donors

log = logging.getLogger("inr_jax")


def path_of(folder: Path, group: int, held_out: Donors) -> Path:
    """Where a group's predictions of held-out donors lie."""
    without = "-".join(map(str, held_out))
    return folder / f"group{group:03d}_without{without}.npz"


def save(path: Path, predicted: np.ndarray, seconds: float) -> None:
    """Keep predictions `(K, N, G)` and the time they took; whole or not at all.

    Raises:
        InputError: The disk is full or the folder cannot be written.
    """
    data = io.BytesIO()
    np.savez(data, predicted=predicted, seconds=np.float64(seconds))
    write_bytes(path, data.getvalue())


def load(path: Path, shape: tuple[int, int, int]) -> tuple[np.ndarray, float] | None:
    """What `save` kept; None where there is nothing, or nothing that can be read."""
    if not path.exists():
        return None
    try:
        with np.load(path) as arrays:
            predicted, seconds = arrays["predicted"], float(arrays["seconds"])
        if predicted.shape != shape:
            raise ValueError(f"shape {predicted.shape}, not {shape}")
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        log.warning("%s: cannot be read (%s), fitted again", path, error)
        return None
    return predicted, seconds
