"""What any method is: training wells and sites in, a prediction at the sites out.

A fitted network, kriging and the nearest well share this interface, so that one
protocol scores them all. Whatever a method learns (means, scales, weights), it
learns from the training samples it is given.

Axis letters: V sites, G genes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from inr_jax.samples.samples import Samples
from inr_jax.samples.sites import Sites


class Prediction(NamedTuple):
    """Expression at V sites, in the units of the samples.

    Attributes:
        mean: `(V, G)`.
        spread: `(V, G)` standard deviation of what the method predicts, without the
            noise of a measurement: over the members of an ensemble, or of a
            posterior; None for a method that has none.
    """

    mean: np.ndarray
    spread: np.ndarray | None = None


Predictor = Callable[[Samples, Sites], Prediction]
"""Training samples and sites to the prediction at the sites."""
