"""The methods to beat: nearest well, inverse distance, kriging.

All have one interface, `Predictor`, which a fitted field shares: training samples
and sites in, expression at the sites out, in the units of the samples. Whatever is
learned (means, scales, weights) is learned from the training samples given.

With `mirror`, left and right are one: x becomes abs(x) for wells and sites alike.
Axis letters: N training wells, V sites, G genes, K neighbours.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from inr_jax.samples.samples import Samples, Sites

Predictor = Callable[[Samples, Sites], np.ndarray]
