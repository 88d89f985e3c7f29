"""Folds: which wells are held out together.

Nouns:
    block: a cube of space, its corners at whole multiples of its side from the
        origin of MNI space. Where left and right are one, cubes part the folded
        brain, so that a block and its mirror image are held out together.
    copy: a well mirrored to the other side; always held out with its well.

Donors are the better folds: a block's wells have wells of the same donor, and often
of the same structure, in training. What blocks tell is how far from its data a map of
one donor can be trusted.

Frames: x_mm (MNI152 RAS, mm). Axis letters: N wells.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from inr_jax.brain.space import folded
from inr_jax.samples.samples import Samples

FOLDS = 5  # that blocks and single wells are dealt to
SEED = 0  # the same deal for all methods and settings
BLOCKS_MM = (20.0, 40.0)  # sides, where nothing else is asked for
_BLOCK = "block"


class Folds(NamedTuple):
    """A partition of wells.

    Attributes:
        of: `(N,)` integers into `names`; below 0 for wells that only train.
        names: What each fold is called in a message.
        kind: What a fold is: "donor" or "fold".
    """

    of: np.ndarray
    names: tuple[str, ...]
    kind: str

    def numbers(self) -> list[int]:
        """The folds that hold wells."""
        return [int(number) for number in np.unique(self.of[self.of >= 0])]

    def first(self, count: int) -> Folds:
        """The first so many folds; the wells of the others only train."""
        kept = self.numbers()[:count]
        return self._replace(of=np.where(np.isin(self.of, kept), self.of, -1))

    def largest_training(self) -> int:
        """Wells that the largest training set has."""
        return len(self.of) - min(int((self.of == n).sum()) for n in self.numbers())


def donor_folds(samples: Samples) -> Folds:
    """A fold a donor."""
    return Folds(samples.donor, samples.donors, "donor")


def block_protocol(side_mm: float) -> str:
    """Name of the protocol of blocks of this side: block20."""
    return f"{_BLOCK}{side_mm:g}"


def block_side(protocol: str) -> str | None:
    """The side in a protocol's name, mm; None where it is not one of blocks."""
    side = protocol.removeprefix(_BLOCK)
    number = side != protocol and side.replace(".", "", 1).isdigit()
    return side if number else None


def blocks(samples: Samples, side_mm: float, *, mirror: bool) -> np.ndarray:
    """`(N,)` number of the cube that each well lies in.

    Args:
        samples: N wells.
        side_mm: Side of a cube, mm.
        mirror: Whether left and right are one. They also are where some wells are
            copies: a copy would give away the well on the other side.
    """
    x_mm = np.asarray(samples.x_mm, np.float64)
    x_mm = folded(x_mm, mirror or bool(samples.mirrored.any()))
    cubes = np.floor(x_mm / side_mm).astype(np.int64)
    return np.unique(cubes, axis=0, return_inverse=True)[1].reshape(-1)


def block_folds(
    samples: Samples, side_mm: float, *, mirror: bool, count: int = FOLDS
) -> Folds:
    """Deal cubes of space to folds of about as many wells, shuffled by `SEED`."""
    return _dealt(blocks(samples, side_mm, mirror=mirror), count)


def well_folds(samples: Samples, count: int = FOLDS) -> Folds:
    """Deal single wells to folds, all genes of a well and its copy together."""
    return _dealt(np.unique(samples.well, return_inverse=True)[1], count)


def why_no_blocks(folds: Folds) -> str | None:
    """Why blocks cannot be held out, or None where they can."""
    if len(folds.numbers()) < 2:
        return f"all {len(folds.of)} wells lie in one block"
    least = min(int((folds.of != number).sum()) for number in folds.numbers())
    return f"{least} well would be left to train on" if least < 2 else None


def _dealt(group: np.ndarray, count: int) -> Folds:
    """Groups of wells `(N,)`, in shuffled order, each to the fold with fewest wells."""
    sizes, fold_of = np.bincount(group), np.zeros(group.max() + 1, np.int64)
    filled = np.zeros(min(count, len(sizes)), np.int64)
    for number in np.random.default_rng(SEED).permutation(len(sizes)):
        fold_of[number] = filled.argmin()
        filled[fold_of[number]] += sizes[number]
    names = tuple(f"{n + 1} of {len(filled)}" for n in range(len(filled)))
    return Folds(fold_of[group], names, "fold")
