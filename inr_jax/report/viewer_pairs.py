"""What held-out wells were measured and predicted at, for a picture of each gene.

Axis letters: N wells, n of them that are kept, G genes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from inr_jax.report.viewer_packs import pack

MOST, LEAST = 400_000, 60  # pairs in a page; wells of a gene, or there is no picture
LEVELS = 255
SEED = 0


class HeldOutPairs(NamedTuple):
    """Measured and predicted values of held-out wells.

    Attributes:
        value: `(N, G)`, units of the source.
        prediction: `(N, G)`, by a fit that never saw the well's fold.
    """

    value: np.ndarray
    prediction: np.ndarray


def pairs_json(pairs: HeldOutPairs | None) -> dict[str, Any] | None:
    """Some wells of every gene as bytes, for `tojson`; None where there is no room.

    A byte is a share of the gene's range, measured and predicted together.
    """
    if pairs is None or not pairs.value.size:
        return None
    wells, genes = pairs.value.shape
    count = min(wells, MOST // genes)
    if count < min(wells, LEAST):
        return None
    rows = np.sort(np.random.default_rng(SEED).permutation(wells)[:count])
    value, prediction = (np.asarray(part[rows], np.float64).T for part in pairs)
    low = np.minimum(value.min(1), prediction.min(1))
    high = np.maximum(value.max(1), prediction.max(1))
    width = np.where(high > low, high - low, 1.0)[:, None]
    levels = [
        np.rint((part - low[:, None]) / width * LEVELS).astype(np.uint8)
        for part in (value, prediction)
    ]
    return {
        "value": pack(levels[0], along=False),
        "prediction": pack(levels[1], along=False),
        "low": [float(f"{number:.5g}") for number in low],
        "high": [float(f"{number:.5g}") for number in high],
        "wells": wells,
    }
