"""Where a model has been tested, with or without an evaluation. Frame: mm (MNI152 RAS).

Axis letters: V places.
"""

from __future__ import annotations

import numpy as np

from inr_jax.errors import InputError
from inr_jax.maps.calibration import Calibrated
from inr_jax.samples.samples import Samples
from inr_jax.stats.validity import Validity, make_validity, validated_range_mm


def validity_of(
    samples: Samples, calibrated: Calibrated | None, *, mirror: bool
) -> Validity:
    """What places are compared with.

    Args:
        samples: The wells.
        calibrated: What held-out donors told; None goes by the wells alone.
        mirror: Whether a well also counts on the other side.

    Raises:
        InputError: All wells are of one donor, and no donor was ever held out.
    """
    if calibrated:
        range_mm, matters = calibrated.range_mm, calibrated.matters
        return make_validity(samples, range_mm, matters, mirror=mirror)
    if len(np.unique(samples.donor)) < 2:
        raise InputError(
            "validated",
            expected="wells of two donors, to hold one out",
            found="one",
            fix="give samples of more donors, or take distance_mm",
        )
    range_mm = validated_range_mm(samples, mirror=mirror)
    return make_validity(samples, range_mm, None, mirror=mirror)
