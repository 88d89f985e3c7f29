"""Donors as memberships, numbers from 0 to 1 that a field can see.

Axis letters: N wells, D donors of the study.
"""

from __future__ import annotations

import numpy as np

from inr_jax.samples.samples import Samples


def donor_rows(samples: Samples) -> np.ndarray:
    """`(N, D)` float32: a well is whole its donor's."""
    donors = np.arange(len(samples.donors))
    return np.equal.outer(samples.donor, donors).astype(np.float32)


def donor_shares(training: Samples) -> np.ndarray:
    """`(D,)` float32, parts in a place of no donor: equal for those that have wells."""
    present = np.isin(np.arange(len(training.donors)), training.donor)
    return (present / max(present.sum(), 1)).astype(np.float32)
