"""From the ensemble's spread to what maps of standard deviation hold and say.

Axis letters: V voxels. Frame: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from inr_jax.maps.calibration import Calibrated
from inr_jax.maps.gene_batches import Block
from inr_jax.stats import conformal

UNCALIBRATED = {
    "Description": "Standard deviation of expression over the ensemble's members",
    "Calibrated": False,
    "Note": "not an interval for a measurement: no donor was held out from this fit",
}


def std_maps(
    calibrated: Calibrated | None, x_mm: np.ndarray, *, members: int
) -> tuple[Callable[[Block], Block], dict[str, Any] | None]:
    """What makes of a block's spread what std maps hold, and what sidecars say of it.

    Args:
        calibrated: Of the fit; None leaves the ensemble's spread as it is.
        x_mm: `(V, 3)` voxels of the blocks.
        members: Of the ensemble; a single one without calibration has no spread.

    Returns:
        Block to block, and the sidecar, None for no maps.
    """
    if calibrated is None:
        return lambda block: block, UNCALIBRATED if members > 1 else None
    sidecar = {
        "Description": "Predictive standard deviation of a new measurement: the mean "
        "+- 1.645 of it is a 90 % interval, calibrated on held-out donors (conformal)",
        "Calibrated": True,
        "HeldOutCoverage": calibrated.coverage,
        "ValidatedRangeMm": calibrated.range_mm,
    }
    calibration = calibrated.calibration
    # Seconds for a brain, and a store makes its own: where a block asks for it.
    local = functools.cache(lambda: conformal.local_at(calibration, x_mm))

    def predictive(block: Block) -> Block:
        sd = conformal.predictive_sd(
            calibration.genes(block.genes), x_mm, block.spread, local=local()
        )
        return block._replace(spread=sd.astype(np.float32))

    return predictive, sidecar
