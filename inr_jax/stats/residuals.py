"""What held-out wells tell of a method: residuals, and how large they are.

Nouns:
    residual: measured less predicted at a well of a held-out donor.
    spread: standard deviation of the prediction: over the members of the ensemble.
    residual sd: sigma, the sd over wells of a gene's residual beyond the spread.
    squared residual: of a well, standardised: the mean over genes of
        (residual^2 - spread^2) / sigma^2.

Axis letters: N wells, G genes. Frame: mm (MNI152 RAS).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from inr_jax.brain.matter import GREY
from inr_jax.samples.samples import Samples
from inr_jax.samples.support import Support
from inr_jax.stats.matters import matter_of
from inr_jax.stats.predictor import Prediction

LEAST = 0.05  # least share of a mean square that sigma has


class HeldOut(NamedTuple):
    """Wells as predicted from other donors.

    Attributes:
        residual: `(N, G)` measured less predicted, units of the source.
        spread: `(N, G)` sd of the prediction, same units; 0 with one member.
        donor: `(N,)` integers.
        support: The points that each value is the mean of, MNI mm.
        matter: `(N,)` rows of `MATTERS`.
    """

    residual: np.ndarray
    spread: np.ndarray
    donor: np.ndarray
    support: Support
    matter: np.ndarray

    def take(self, rows: np.ndarray) -> HeldOut:
        """The wells of `rows`, an index or a mask `(N,)`."""
        return HeldOut(
            self.residual[rows],
            self.spread[rows],
            self.donor[rows],
            self.support.take(rows),
            self.matter[rows],
        )

    def part(self, rows: np.ndarray, genes: slice) -> HeldOut:
        """Some genes of the wells of a mask `(N,)`, in float64; others stay as is."""
        few = self._replace(
            residual=self.residual[:, genes], spread=self.spread[:, genes]
        ).take(rows)
        residual, spread = (np.asarray(a, np.float64) for a in few[:2])
        return few._replace(residual=residual, spread=spread)

    def grey(self, rows: np.ndarray) -> np.ndarray:
        """Which of the wells of a mask `(N,)` are grey matter; all where none is."""
        grey = rows & (self.matter == GREY)
        return grey if grey.any() else rows


def held_out_wells(samples: Samples, prediction: Prediction) -> HeldOut:
    """Residuals and spreads of held-out predictions; mirrored copies left out.

    Args:
        samples: N wells.
        prediction: `(N, G)`, each well by a fit that has not seen it.

    Raises:
        ValueError: The prediction has no spread.
    """
    if prediction.spread is None:
        raise ValueError(
            "held-out wells: expected a prediction with spread, found none"
        )
    residual = samples.values - prediction.mean
    wells = HeldOut(
        residual,
        prediction.spread,
        samples.donor,
        samples.points(),
        matter_of(samples),
    )
    return wells.take(~samples.mirrored) if samples.mirrored.any() else wells


def residual_sd(held_out: HeldOut) -> np.ndarray:
    """sigma `(G,)`, units of the source."""
    square = np.mean(held_out.residual**2, axis=0)
    return sd_beyond(square, np.mean(held_out.spread**2, axis=0))


def sd_beyond(square: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """sigma `(G,)` from mean squares of residuals and of spreads."""
    beyond = square - spread
    least = np.maximum(LEAST * square, np.finfo(np.float32).tiny)
    return np.sqrt(np.maximum(beyond, least))


def squared_residual(held_out: HeldOut, residual_sd: np.ndarray) -> np.ndarray:
    """`(N,)` mean over genes of (residual^2 - spread^2) / sigma^2."""
    beyond = held_out.residual**2 - held_out.spread**2
    return np.mean(beyond / residual_sd**2, axis=1)
