"""Predictions of values that are z-scores within each donor.

The web search gives z-scores within donor and probe, over the columns of the export. So
the values of a donor have mean 0 over the wells that it has in the export, whichever
these are: of a donor with many wells in the brainstem, zero is another amount than of
one with few. A map has one zero for all donors. The value of well n of donor d is

    value_n = f(S_n) - mean over wells m of d of f(S_m) + noise,

f(S) the mean of the map over a support, and that is what a held-out donor's values are
compared with, of every method alike. It takes where the donor's wells lie, and nothing
that was measured in them. Whether values are such is seen in themselves.

Axis letters: N wells, G genes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inr_jax.samples.gene_blocks import gene_blocks
from inr_jax.samples.samples import Samples

TOLERANCE = 1e-3  # of a mean, in standard deviations: of z-scores with three digits


def are_zscores(samples: Samples) -> bool:
    """Whether all genes have mean 0 in each donor, copies not counted."""
    if len(samples.donors) < 2:
        return False
    for genes in gene_blocks(*samples.values.shape):
        for rows in _rows_of_donors(samples):
            values = np.asarray(samples.values[rows, genes], np.float64)
            if (abs(values.mean(0)) > TOLERANCE * values.std(0)).any():
                return False
    return True


def as_measured(samples: Samples, predicted: np.ndarray) -> np.ndarray:
    """Predictions with mean 0 in each donor, where the values have that.

    Args:
        samples: All N wells.
        predicted: `(N, G)`, in the units of the samples, NaN for whole donors where
            there are none; written to.

    Returns:
        `predicted`.
    """
    if not are_zscores(samples):
        return predicted
    for number, rows in zip(
        np.unique(samples.donor), _rows_of_donors(samples), strict=True
    ):
        predicted[samples.donor == number] -= predicted[rows].mean(0)
    return predicted


def _rows_of_donors(samples: Samples) -> Iterator[np.ndarray]:
    """Rows of each donor's wells, copies not counted."""
    for number in np.unique(samples.donor):
        yield np.flatnonzero((samples.donor == number) & ~samples.mirrored)
