"""Where samples come from, one format a module; here is what the formats share.

Nouns:
    source: samples, with what a reader wants to know of their origin.
    where: the file to name in an error.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from inr_jax.errors import InputError
from inr_jax.files.reading import is_there, plain_size, user_path
from inr_jax.samples.samples import Samples


class Source(NamedTuple):
    """What a loader returns.

    Attributes:
        samples: The wells.
        files: Name of each input file read, to the SHA-256 of its bytes.
        coordinates: Where the coordinates are from.
        notes: Counts and facts for the provenance, fit for JSON; `warnings` in it
            is a list of sentences.
    """

    samples: Samples
    files: dict[str, str]
    coordinates: str
    notes: dict


def source_in_python(samples: Samples) -> Source:
    """The source of samples that were made in Python.

    Raises:
        InputError: They are something else.
    """
    if not isinstance(samples, Samples):
        raise InputError(
            "samples",
            expected="Samples",
            found=type(samples).__name__,
            fix="make them by inr_jax.read_samples or inr_jax.Samples.from_frame",
        )
    return Source(samples, {}, "as given in Python", {})


def counts(samples: Samples) -> dict[str, int]:
    """How many wells, genes, donors and structures, for a source's notes."""
    return {
        "n_wells": int((~samples.mirrored).sum()),
        "n_genes": len(samples.genes),
        "n_donors": len(samples.donors),
        "n_structures": len(samples.structures),
    }


def sha256(data: bytes) -> str:
    """The SHA-256 of `data`, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def existing(path: str | Path, expected: str) -> Path:
    """`path`, once something is there.

    Args:
        path: What the user gave.
        expected: What ought to lie there, for the message.

    Raises:
        InputError: No path was given, nothing lies there, or what is neither a folder
            nor a plain file and might never end.
    """
    fix = "give its path with --config.source.path=PATH"
    if not str(path):
        raise InputError("config.source.path", expected=expected, found="''", fix=fix)
    path = user_path(path, "config.source.path")
    if not is_there(path):
        raise InputError(path, expected=expected, found="nothing there", fix=fix)
    if not path.is_dir():
        plain_size(path, expected)
    return path
